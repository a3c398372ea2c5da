using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks;

/// <summary>Identifies one task for ever. Made by the caller before the task exists, so that a repeated accept can be recognised.</summary>
[GenerateSerializer, Immutable]
public readonly record struct TaskId(Guid Value) : ISpanParsable<TaskId>
{
    /// <summary>A new random id.</summary>
    public static TaskId New() => new(Guid.NewGuid());

    /// <summary>The key of the task's grain: prefixed with a non-hex letter, because storage providers fold hex-like keys together.</summary>
    public string GrainKey => $"t-{Value:N}";

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    /// <inheritdoc/>
    public static TaskId Parse(string s, IFormatProvider? provider = null) => new(Guid.Parse(s));

    /// <inheritdoc/>
    public static TaskId Parse(ReadOnlySpan<char> s, IFormatProvider? provider = null) => new(Guid.Parse(s));

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out TaskId result)
    {
        var parsed = Guid.TryParse(s, out var value);
        result = new(value);
        return parsed;
    }

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out TaskId result)
    {
        var parsed = Guid.TryParse(s, out var value);
        result = new(value);
        return parsed;
    }
}

/// <summary>Identifies one instance (Nova: server). Also the name of its machine at the hypervisor.</summary>
[GenerateSerializer, Immutable]
public readonly record struct InstanceId(Guid Value)
{
    /// <summary>A new random id.</summary>
    public static InstanceId New() => new(Guid.NewGuid());

    /// <summary>The key of the instance's grain.</summary>
    public string GrainKey => $"i-{Value:N}";

    /// <inheritdoc/>
    public override string ToString() => Value.ToString();

    /// <summary>Reads the canonical text form; false for anything that is not a uuid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out InstanceId result)
    {
        var parsed = Guid.TryParse(s, out var value);
        result = new(value);
        return parsed;
    }
}

/// <summary>The name of a compute host, as Nova shows it in <c>OS-EXT-SRV-ATTR:host</c>.</summary>
[GenerateSerializer, Immutable]
public readonly record struct HostName(string Value)
{
    /// <summary>The key of the host's grain.</summary>
    public string GrainKey => $"h-{Value}";

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Nova's <c>hostId</c>: sha224 of project and host, so that owners can compare hosts without knowing them. Truncated SHA-256 has the same length.</summary>
    public string HostIdFor(ProjectId project) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(project.Value + Value)))[..56];
}

/// <summary>A project (tenant).</summary>
[GenerateSerializer, Immutable]
public readonly record struct ProjectId(string Value)
{
    /// <summary>The key of the project's grain.</summary>
    public string GrainKey => $"p-{Value}";

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>A user.</summary>
[GenerateSerializer, Immutable]
public readonly record struct UserId(string Value)
{
    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The local request id (<c>req-…</c>) of the API call that asked for a task; the key of the instance action (nova-api §5.6).</summary>
[GenerateSerializer, Immutable]
public readonly record struct RequestId(string Value)
{
    /// <summary>A new request id in Nova's form.</summary>
    public static RequestId New() => new($"req-{Guid.NewGuid()}");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

/// <summary>The name of a kind of task: <c>create</c>, <c>stop</c>, … . The set of kinds is closed per release.</summary>
[GenerateSerializer, Immutable]
public readonly record struct TaskKind(string Name)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>
/// Orders effects on one machine, left to right: cluster epoch (raised by a restore), turn (raised when the machine is given to a task),
/// task epoch (raised by every claim of the task) and attempt. It only orders; the identity of an effect is its <see cref="VerbKey"/>.
/// </summary>
[GenerateSerializer, Immutable]
public readonly record struct Stamp(int ClusterEpoch, long Turn, int TaskEpoch, int Attempt) : IComparable<Stamp>
{
    /// <inheritdoc/>
    public int CompareTo(Stamp other) =>
        (ClusterEpoch, Turn, TaskEpoch, Attempt).CompareTo((other.ClusterEpoch, other.Turn, other.TaskEpoch, other.Attempt));

    /// <summary>Older than.</summary>
    public static bool operator <(Stamp left, Stamp right) => left.CompareTo(right) < 0;

    /// <summary>Newer than.</summary>
    public static bool operator >(Stamp left, Stamp right) => left.CompareTo(right) > 0;

    /// <summary>Older than or the same.</summary>
    public static bool operator <=(Stamp left, Stamp right) => left.CompareTo(right) <= 0;

    /// <summary>Newer than or the same.</summary>
    public static bool operator >=(Stamp left, Stamp right) => left.CompareTo(right) >= 0;

    /// <summary>Sortable, fixed-width text: the ordinal order of the texts is the order of the stamps.</summary>
    public string ToSortable() => $"{ClusterEpoch:D6}.{Turn:D12}.{TaskEpoch:D8}.{Attempt:D8}";

    /// <inheritdoc/>
    public override string ToString() => $"{ClusterEpoch}.{Turn}.{TaskEpoch}.{Attempt}";
}

/// <summary>Whether a step is done or undone.</summary>
public enum Direction
{
    /// <summary>The step's work.</summary>
    Do = 0,

    /// <summary>The step's undo.</summary>
    Undo = 1,
}

/// <summary>The identity of one effect: the same for every repeat of the step, so that a driver can tell a repeat from a new effect.</summary>
[GenerateSerializer, Immutable]
public readonly record struct VerbKey(TaskId Task, string Step, Direction Direction)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Task.Value:N}/{Step}/{(Direction == Direction.Do ? "do" : "undo")}";
}
