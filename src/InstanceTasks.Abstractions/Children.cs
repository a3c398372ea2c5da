using System.Buffers.Binary;
using System.Security.Cryptography;

namespace InstanceTasks;

/// <summary>What a parent task does: one child task after the other, so many at a time, each on an instance of its own.</summary>
[GenerateSerializer, Immutable]
public sealed record ChildrenRecord
{
    /// <summary>The kind of the children.</summary>
    [Id(0)] public required TaskKind Kind { get; init; }

    /// <summary>How many there are to be.</summary>
    [Id(1)] public required int Total { get; init; }

    /// <summary>How many may be under way at once.</summary>
    [Id(2)] public required int Concurrency { get; init; }

    /// <summary>How many may fail before the rest is not begun and what runs is stopped; null: all are tried, and one that fails lets the parent fail at the end.</summary>
    [Id(3)] public int? FailureBudget { get; init; }

    /// <summary>The instances, in order; empty for creates, whose instances are made.</summary>
    [Id(4)] public List<InstanceId> Targets { get; init; } = [];

    /// <summary>For creates: the instances to be, without id and number in the name.</summary>
    [Id(5)] public InstanceRecord? Template { get; init; }

    /// <summary>The parameters of every child.</summary>
    [Id(6)] public Dictionary<string, string> Parameters { get; init; } = [];

    /// <summary>Whether a child waits for its turn on an instance that is busy, instead of being refused.</summary>
    [Id(7)] public bool QueueWhenBusy { get; init; }

    /// <summary>How many have been asked for, in order; the same child asked for again is the same task.</summary>
    [Id(8)] public int Next { get; init; }

    /// <summary>How many of those were refused, and so never came to be.</summary>
    [Id(9)] public int Refused { get; init; }

    /// <summary>Why, by the child's place, for the first hundred.</summary>
    [Id(10)] public Dictionary<int, string> RefusedBecause { get; init; } = [];

    /// <summary>While creates are undone: how many had been accepted; null before.</summary>
    [Id(11)] public int? Created { get; init; }

    /// <summary>While creates are undone: how many deletes have been asked for, in order.</summary>
    [Id(12)] public int Removed { get; init; }

    /// <summary>Whether the children make instances.</summary>
    public bool MakesInstances => Template is not null;

    /// <summary>The instance of a child.</summary>
    public InstanceId InstanceOf(TaskId parent, int index) => MakesInstances ? new(ChildIds.Of(parent.Value, "instance", index)) : Targets[index];

    /// <summary>The instance that a create is to make: Nova numbers the names of several.</summary>
    public InstanceRecord NewInstance(TaskId parent, int index) => Template! with
    {
        Id = InstanceOf(parent, index),
        Name = Total > 1 ? $"{Template.Name}-{index + 1}" : Template.Name,
        Hostname = Total > 1 && Template.Hostname is { } name ? $"{name}-{index + 1}" : Template.Hostname,
        LaunchIndex = index,
    };
}

/// <summary>A child's place in its parent.</summary>
/// <param name="Task">The parent.</param>
/// <param name="Index">From 0.</param>
/// <param name="Seq">The parent's sequence number when it asked: the child's accept is one commit with the check that nothing has happened to it since. Zero: not checked.</param>
[GenerateSerializer, Immutable]
public sealed record ParentRef(TaskId Task, int Index, long Seq);

/// <summary>How far the children of a task are, as counted by the commits that accept and end them.</summary>
/// <param name="Started">Accepted.</param>
/// <param name="Succeeded">Ended so.</param>
/// <param name="Failed">Ended so.</param>
/// <param name="Canceled">Ended so.</param>
[GenerateSerializer, Immutable]
public sealed record ChildCounts(int Started, int Succeeded, int Failed, int Canceled)
{
    /// <summary>None yet.</summary>
    public static ChildCounts None { get; } = new(0, 0, 0, 0);

    /// <summary>How many have ended.</summary>
    public int Ended => Succeeded + Failed + Canceled;

    /// <summary>How many are under way.</summary>
    public int Open => Started - Ended;
}

/// <summary>Ids that follow from a parent's: whoever asks again asks for the same (RFC 9562, version 8, by SHA-256).</summary>
public static class ChildIds
{
    /// <summary>The id of a child task.</summary>
    public static TaskId TaskOf(TaskId parent, int index) => new(Of(parent.Value, "task", index));

    /// <summary>The id of the task that removes what a child has made.</summary>
    public static TaskId RemovalOf(TaskId parent, int index) => new(Of(parent.Value, "removal", index));

    /// <summary>An id that follows from another, a purpose and a number.</summary>
    public static Guid Of(Guid parent, string purpose, int index)
    {
        Span<byte> input = stackalloc byte[20 + 32];
        parent.TryWriteBytes(input, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(input[16..], index);
        var length = System.Text.Encoding.ASCII.GetBytes(purpose, input[20..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input[..(20 + length)], hash);
        (hash[6], hash[8]) = ((byte)((hash[6] & 0x0F) | 0x80), (byte)((hash[8] & 0x3F) | 0x80));
        return new Guid(hash[..16], bigEndian: true);
    }
}
