using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>
/// Wakes those who wait for a task to end or to need a decision. A commit of this process brings the task along, so that nobody reads it
/// again; steps on the way wake nobody. Holds an entry only while somebody waits.
/// </summary>
internal sealed class RestSignals
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

    /// <summary>These were committed by this process.</summary>
    public void Raise(IEnumerable<TaskRecord> committed)
    {
        if (Count == 0)
        {
            return;
        }

        foreach (var task in committed.Where(t => t.IsAtRest))
        {
            Take(task.Id)?.Rested.TrySetResult(task);
        }
    }

    /// <summary>It came to rest by a commit of whatever process.</summary>
    public void Raise(TaskId id) => Take(id)?.Rested.TrySetResult(null);

    /// <summary>The task once it is at rest, or as it is when the time is over; null when there is none.</summary>
    public async Task<TaskRecord?> WaitAsync(TaskId id, Func<Task<TaskRecord?>> read, TimeSpan atMost, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            // Armed before the read: a commit in between is seen by one of the two.
            using var subscription = Subscribe(id);
            var task = await read();
            var left = atMost - time.GetElapsedTime(began);
            if (task is { IsAtRest: true } || left <= TimeSpan.Zero)
            {
                return task;
            }

            try
            {
                if (await subscription.Rested.WaitAsync(left, time, cancellationToken) is { } rested)
                {
                    return rested;
                }
            }
            catch (TimeoutException)
            {
                // Read once more: the answer is what is true when the time is over.
            }
        }
    }

    private Subscription Subscribe(TaskId id)
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

    private Entry? Take(TaskId id)
    {
        lock (_lock)
        {
            return _entries.Remove(id, out var entry) ? entry : null;
        }
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

    private sealed class Entry
    {
        public TaskCompletionSource<TaskRecord?> Rested { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }
    }

    private sealed class Subscription(RestSignals owner, TaskId id, Entry entry) : IDisposable
    {
        public Task<TaskRecord?> Rested => entry.Rested.Task;

        public void Dispose() => owner.Leave(id, entry);
    }
}
