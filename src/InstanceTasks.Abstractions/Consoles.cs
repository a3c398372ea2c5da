namespace InstanceTasks;

/// <summary>A question for what a machine's guest has written on its console. Asking again with the same id is the same question.</summary>
[GenerateSerializer, Immutable]
public sealed record ConsoleQuestion
{
    /// <summary>The question's identity, made by who asks.</summary>
    [Id(0)] public required Guid Id { get; init; }

    /// <summary>The machine.</summary>
    [Id(1)] public required InstanceId Machine { get; init; }

    /// <summary>So many of the last lines; null: all that is kept.</summary>
    [Id(2)] public int? Lines { get; init; }
}

/// <summary>What became of a question for a console.</summary>
public enum ConsoleVerdict
{
    /// <summary>It was read; see <see cref="ConsoleAnswer.Output"/>.</summary>
    Read = 0,

    /// <summary>No worker has answered yet: ask again, with the same id.</summary>
    Waiting = 1,

    /// <summary>The host knows no machine of the instance.</summary>
    NoMachine = 2,

    /// <summary>It cannot be read now; see <see cref="ConsoleAnswer.Reason"/>. Later it may be.</summary>
    Unavailable = 3,
}

/// <summary>The answer to a <see cref="ConsoleQuestion"/>.</summary>
[GenerateSerializer, Immutable]
public sealed record ConsoleAnswer
{
    /// <summary>What became of it.</summary>
    [Id(0)] public required ConsoleVerdict Verdict { get; init; }

    /// <summary>What the guest has written, oldest first, at most 100 KiB of the newest; null unless it was read.</summary>
    [Id(1)] public string? Output { get; init; }

    /// <summary>Why it was not read: a sentence for the server's owner, which names no host.</summary>
    [Id(2)] public string? Reason { get; init; }

    /// <summary>It cannot be read now.</summary>
    public static ConsoleAnswer Unavailable(string reason) => new() { Verdict = ConsoleVerdict.Unavailable, Reason = reason };
}
