namespace InstanceTasks;

/// <summary>One attempt of one step on one host: what the host's queue holds and a worker gets. Carries everything a runner needs.</summary>
[GenerateSerializer, Immutable]
public sealed record Attempt
{
    /// <summary>The effect's identity.</summary>
    [Id(0)] public required VerbKey Key { get; init; }

    /// <summary>The attempt's place in the order of effects on the machine.</summary>
    [Id(1)] public required Stamp Stamp { get; init; }

    /// <summary>Where it runs.</summary>
    [Id(2)] public required HostName Host { get; init; }

    /// <summary>What it does.</summary>
    [Id(3)] public required Verb Verb { get; init; }

    /// <summary>The machine.</summary>
    [Id(4)] public required MachineSpec Machine { get; init; }

    /// <summary>The kind of the task, for metrics and failpoints.</summary>
    [Id(5)] public required TaskKind Kind { get; init; }

    /// <summary>After this long the runner aborts the verb.</summary>
    [Id(6)] public required TimeSpan Timeout { get; init; }

    /// <summary>An older attempt may still be under way or unknown: call the hypervisor's fence first.</summary>
    [Id(7)] public bool FenceFirst { get; init; }

    /// <summary>The effect may have happened already: observe the key first.</summary>
    [Id(8)] public bool ObserveFirst { get; init; }

    /// <summary>The name of the task's secret that the verb needs; the runner reads it from the side row, so that it travels nowhere else.</summary>
    [Id(9)] public string? Secret { get; init; }

    /// <summary>From 0 to 9: higher ones are handed out first.</summary>
    [Id(30)] public int Priority { get; init; } = TaskPriorities.Normal;

    /// <summary>The project, for its limit.</summary>
    [Id(31)] public ProjectId Project { get; init; }
}

/// <summary>How an attempt ended.</summary>
public enum AttemptResult
{
    /// <summary>The effect is there.</summary>
    Succeeded = 0,

    /// <summary>The verb failed; see the failure.</summary>
    Failed = 1,

    /// <summary>The world refused it: a newer stamp was seen. Only counted; the newer attempt decides.</summary>
    Fenced = 2,

    /// <summary>It did not return within the grace after its abort; its late outcome is only counted.</summary>
    Abandoned = 3,

    /// <summary>It was never begun (not granted, aborted in the queue, or the runner's lease was about to end).</summary>
    NotBegun = 4,
}

/// <summary>The outcome of an attempt: kept by the runner until the task has acknowledged it.</summary>
[GenerateSerializer, Immutable]
public sealed record AttemptOutcome
{
    /// <summary>The effect's identity.</summary>
    [Id(0)] public required VerbKey Key { get; init; }

    /// <summary>Which attempt.</summary>
    [Id(1)] public required Stamp Stamp { get; init; }

    /// <summary>How it ended.</summary>
    [Id(2)] public required AttemptResult Result { get; init; }

    /// <summary>Why, when it did not succeed.</summary>
    [Id(3)] public Failure? Failure { get; init; }

    /// <summary>The machine's power state afterwards, if the driver said so.</summary>
    [Id(4)] public PowerState? Power { get; init; }

    /// <summary>The runner's generation.</summary>
    [Id(5)] public long Generation { get; init; }

    /// <summary>When the verb was begun, by the runner's clock.</summary>
    [Id(6)] public DateTimeOffset BegunAt { get; init; }

    /// <summary>True when <c>Observe</c> showed that the effect was there already, so that the verb was not repeated.</summary>
    [Id(7)] public bool Observed { get; init; }
}

/// <summary>What a worker tells a host when it polls for work: also the host's only knowledge after its activation was lost.</summary>
[GenerateSerializer, Immutable]
public sealed record PollRequest
{
    /// <summary>The polling process.</summary>
    [Id(0)] public required long Generation { get; init; }

    /// <summary>The name of the silo, for people.</summary>
    [Id(1)] public required string Silo { get; init; }

    /// <summary>Attempts on this host that the process holds: handed out and not yet acknowledged by their task.</summary>
    [Id(2)] public List<HeldAttempt> Held { get; init; } = [];

    /// <summary>Machines fenced so far, in answer to <see cref="PollAnswer.Fences"/>: nothing older runs here any more.</summary>
    [Id(3)] public List<FenceOrder> Fenced { get; init; } = [];

    /// <summary>How long the host may hold the call; at most 10 s.</summary>
    [Id(4)] public TimeSpan Wait { get; init; }

    /// <summary>How many attempts it can take now; 0 while it cannot reach the hypervisor, stops, or is full. It answers fences all the same.</summary>
    [Id(5)] public int Room { get; init; }

    /// <summary>Attempts it was given that are over: acknowledged by their task, or not granted. Repeated until a poll that lists them has returned.</summary>
    [Id(6)] public List<HeldAttempt> Over { get; init; } = [];
}

/// <summary>One attempt in the hands of a runner.</summary>
[GenerateSerializer, Immutable]
public sealed record HeldAttempt
{
    /// <summary>The effect's identity.</summary>
    [Id(0)] public required VerbKey Key { get; init; }

    /// <summary>Which attempt.</summary>
    [Id(1)] public required Stamp Stamp { get; init; }

    /// <summary>The machine.</summary>
    [Id(2)] public required InstanceId Machine { get; init; }

    /// <summary>The outcome, once it has ended.</summary>
    [Id(3)] public AttemptOutcome? Outcome { get; init; }

    /// <summary>The kind of its task, for the limit on kinds.</summary>
    [Id(30)] public TaskKind Kind { get; init; }

    /// <summary>The project, for its limit.</summary>
    [Id(31)] public ProjectId Project { get; init; }
}

/// <summary>An order to stop everything older than a stamp on one machine; also its confirmation.</summary>
[GenerateSerializer, Immutable]
public readonly record struct FenceOrder(InstanceId Machine, Stamp Below);

/// <summary>What a worker gets from a poll; empty when the wait ran out.</summary>
[GenerateSerializer, Immutable]
public sealed record PollAnswer
{
    /// <summary>Attempts to run. Each must be granted by its task (<c>Begin</c>) before it starts.</summary>
    [Id(0)] public List<Attempt> Attempts { get; init; } = [];

    /// <summary>Machines to fence now; confirmed in the next poll.</summary>
    [Id(1)] public List<FenceOrder> Fences { get; init; } = [];

    /// <summary>Consoles to read now, whatever else the worker is busy with. Each is answered by a call of its own; one that is not comes again.</summary>
    [Id(40)] public List<ConsoleQuestion> Questions { get; init; } = [];
}

/// <summary>Where an attempt is, as far as the host knows.</summary>
public enum AttemptPlace
{
    /// <summary>Not known here: offer it again with the same stamp.</summary>
    Unknown = 0,

    /// <summary>In the queue; see <see cref="WhereAnswer.Position"/>.</summary>
    Queued = 1,

    /// <summary>Held by a runner whose lease lives.</summary>
    Held = 2,

    /// <summary>Held by a runner whose lease is over: lost.</summary>
    Lost = 3,

    /// <summary>Ended; the outcome is in the answer.</summary>
    Ended = 4,

    /// <summary>The host's activation is new and does not know yet: ask again.</summary>
    Settling = 5,
}

/// <summary>The answer to <c>Where</c> and <c>Offer</c>.</summary>
[GenerateSerializer, Immutable]
public sealed record WhereAnswer
{
    /// <summary>Where it is.</summary>
    [Id(0)] public required AttemptPlace Place { get; init; }

    /// <summary>How many attempts are ahead of it in the queue.</summary>
    [Id(1)] public int Position { get; init; }

    /// <summary>Why it does not move, for people: <c>no worker reaches host X</c>, <c>3 ahead in the queue</c>.</summary>
    [Id(2)] public string? Reason { get; init; }

    /// <summary>The outcome, when it has ended.</summary>
    [Id(3)] public AttemptOutcome? Outcome { get; init; }

    /// <summary>Why it does not move, as data.</summary>
    [Id(30)] public WaitDetail? Wait { get; init; }
}

/// <summary>Whether nothing older than a stamp runs on a machine any more, in any runner.</summary>
[GenerateSerializer, Immutable]
public sealed record FenceAnswer
{
    /// <summary>True: every generation has confirmed, or its lease is over.</summary>
    [Id(0)] public required bool Done { get; init; }

    /// <summary>Whom it still waits for, for people.</summary>
    [Id(1)] public string? Reason { get; init; }
}
