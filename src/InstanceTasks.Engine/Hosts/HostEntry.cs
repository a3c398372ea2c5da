namespace InstanceTasks.Engine;

/// <summary>An attempt that a host knows: queued, or in a runner's hands.</summary>
internal sealed class HostEntry(VerbKey key, Stamp stamp, InstanceId machine)
{
    public VerbKey Key { get; } = key;

    public Stamp Stamp { get; } = stamp;

    public InstanceId Machine { get; } = machine;

    public Attempt? Attempt { get; set; }

    public TaskKind Kind { get; init; }

    public ProjectId Project { get; init; }

    public int Priority => Attempt?.Priority ?? TaskPriorities.Highest;

    /// <summary>The generation that has it; set by <see cref="HostQueue"/> alone.</summary>
    public long? Holder { get; set; }

    public long HandedAt { get; set; }

    /// <summary>Whether the holder has listed it: until then it may have been lost on the way.</summary>
    public bool Listed { get; set; }

    /// <summary>Since when the holder's polls list it no more.</summary>
    public long? UnlistedSince { get; set; }

    public AttemptOutcome? Outcome { get; set; }

    /// <summary>Its place in the queue; set by <see cref="HostQueue"/> alone.</summary>
    public LinkedListNode<HostEntry>? Node { get; set; }
}
