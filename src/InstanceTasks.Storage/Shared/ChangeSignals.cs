namespace InstanceTasks.Storage;

/// <summary>Wakes those who wait for a task's next commit. Holds an entry only while somebody waits.</summary>
internal sealed class ChangeSignals
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TaskId, Entry> _entries = [];

    /// <summary>How many tasks are waited for.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>Arms the wait: a change raised after this call completes it.</summary>
    public Subscription Subscribe(TaskId id)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(id, out var entry))
            {
                _entries[id] = entry = new();
            }

            entry.Waiters++;
            return new(this, id, entry);
        }
    }

    public void Raise(IEnumerable<TaskId> changed)
    {
        List<Entry>? raised = null;
        lock (_lock)
        {
            if (_entries.Count == 0)
            {
                return;
            }

            foreach (var id in changed)
            {
                if (_entries.Remove(id, out var entry))
                {
                    (raised ??= []).Add(entry);
                }
            }
        }

        raised?.ForEach(entry => entry.Changed.TrySetResult());
    }

    private void Leave(TaskId id, Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Waiters == 0 && _entries.TryGetValue(id, out var current) && current == entry)
            {
                _entries.Remove(id);
            }
        }
    }

    internal sealed class Entry
    {
        public TaskCompletionSource Changed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }
    }

    internal sealed class Subscription(ChangeSignals owner, TaskId id, Entry entry) : IDisposable
    {
        public Task Changed => entry.Changed.Task;

        public void Dispose() => owner.Leave(id, entry);
    }
}
