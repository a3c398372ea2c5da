namespace InstanceTasks.Engine;

/// <summary>
/// The attempts of one host, in the order of the queue or with their holder. What is asked for a machine or a holder is found without going through all: when a process dies, hundreds are
/// fenced, offered, and listed by every poll at once.
/// </summary>
internal sealed class HostQueue
{
    private readonly Dictionary<(VerbKey Key, Stamp Stamp), HostEntry> _entries = [];
    private readonly IndexOf<InstanceId, HostEntry> _ofMachine = new();
    private readonly IndexOf<long, HostEntry> _heldBy = new();
    private readonly LinkedList<HostEntry> _queue = [];

    /// <summary>How many wait.</summary>
    public int Length => _queue.Count;

    /// <summary>Those that wait, first of all the next.</summary>
    public IEnumerable<HostEntry> Waiting => _queue;

    /// <summary>The next one.</summary>
    public HostEntry? First => _queue.First?.Value;

    /// <summary>The generations that hold something.</summary>
    public IEnumerable<long> Holders => _heldBy.Keys;

    public HostEntry? Find(VerbKey key, Stamp stamp) => _entries.GetValueOrDefault((key, stamp));

    public IReadOnlyCollection<HostEntry> HeldBy(long generation) => _heldBy[generation];

    public IReadOnlyCollection<HostEntry> OfMachine(InstanceId machine) => _ofMachine[machine];

    public void Add(HostEntry entry)
    {
        _entries.Add((entry.Key, entry.Stamp), entry);
        _ofMachine.Add(entry.Machine, entry);
    }

    public void Forget(HostEntry entry)
    {
        Release(entry);
        Unqueue(entry);
        _entries.Remove((entry.Key, entry.Stamp));
        _ofMachine.Remove(entry.Machine, entry);
    }

    /// <summary>Behind those of its priority.</summary>
    public void Enqueue(HostEntry entry)
    {
        Unqueue(entry);
        var before = _queue.Last;
        while (before is not null && before.Value.Priority < entry.Priority)
        {
            before = before.Previous;
        }

        entry.Node = before is null ? _queue.AddFirst(entry) : _queue.AddAfter(before, entry);
    }

    /// <summary>Back to the front, from a holder that never had it.</summary>
    public void TakeBack(HostEntry entry)
    {
        Release(entry);
        entry.Node = _queue.AddFirst(entry);
    }

    public void Hold(HostEntry entry, long generation)
    {
        Unqueue(entry);
        if (entry.Holder != generation)
        {
            Release(entry);
            entry.Holder = generation;
            _heldBy.Add(generation, entry);
        }
    }

    private void Release(HostEntry entry)
    {
        if (entry.Holder is { } holder)
        {
            _heldBy.Remove(holder, entry);
            entry.Holder = null;
        }
    }

    private void Unqueue(HostEntry entry)
    {
        if (entry.Node is { } node)
        {
            _queue.Remove(node);
            entry.Node = null;
        }
    }
}
