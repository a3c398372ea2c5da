namespace InstanceTasks.Chaos.Checking;

/// <summary>A request that a client sent, and what became of it as far as the client knows. A repeat with the same key is a call of its own.</summary>
internal sealed record Call
{
    /// <summary>The number of the call, in the order in which calls were sent.</summary>
    public required long Id { get; init; }

    /// <summary>Who sent it. A client sends one call after the other; two that are to collide come from two clients.</summary>
    public required int Client { get; init; }

    /// <summary>What was asked for: a kind of task, a command, <see cref="ReadTask"/> or <see cref="ReadServer"/>.</summary>
    public required string What { get; init; }

    /// <summary>The silo that it was sent to.</summary>
    public required string Silo { get; init; }

    /// <summary>When it was sent, from the beginning of the run.</summary>
    public required TimeSpan Sent { get; init; }

    /// <summary>When the answer was there; null: none came.</summary>
    public TimeSpan? Answered { get; init; }

    /// <summary>The status of the answer; null: what became of the call is not known.</summary>
    public int? Status { get; init; }

    /// <summary>The idempotency key.</summary>
    public string? Key { get; init; }

    /// <summary>The name of the server that was to be made; no other call but a repeat has it.</summary>
    public string? Name { get; init; }

    /// <summary>The server.</summary>
    public Guid? Server { get; init; }

    /// <summary>The task that the answer names, or that was asked for.</summary>
    public Guid? Task { get; init; }

    /// <summary>A read task's number of commits.</summary>
    public long? Seq { get; init; }

    /// <summary>A read task's state.</summary>
    public string? State { get; init; }

    /// <summary>What was wrong, for an answer that was refused.</summary>
    public string? Message { get; init; }

    /// <summary>A look at a task.</summary>
    public const string ReadTask = "read-task";

    /// <summary>A look at a server.</summary>
    public const string ReadServer = "read-server";

    /// <summary>Whether it was accepted.</summary>
    public bool Accepted => Status is >= 200 and < 300;

    /// <summary>Whether it only looked.</summary>
    public bool IsRead => What is ReadTask or ReadServer;
}

/// <summary>A row of the event stream as a follower got it.</summary>
/// <param name="Follower">Who.</param>
/// <param name="Connection">On which of its connections, from 1.</param>
/// <param name="Task">The task.</param>
/// <param name="Seq">The number of the commit within the task.</param>
internal sealed record Delivery(int Follower, int Connection, Guid Task, long Seq);

/// <summary>A task in the store at the end.</summary>
/// <param name="Id">The task.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Server">Its server.</param>
/// <param name="State">Its state.</param>
/// <param name="Seq">The number of its commits.</param>
/// <param name="SupersededBy">Who took over.</param>
internal sealed record StoredTask(Guid Id, string Kind, Guid Server, string State, long Seq, Guid? SupersededBy = null);

/// <summary>A server in the store at the end.</summary>
/// <param name="Id">The server.</param>
/// <param name="Name">Its name.</param>
/// <param name="VmState">Its state.</param>
/// <param name="Holder">The task that has it.</param>
internal sealed record StoredServer(Guid Id, string Name, VmState VmState, Guid? Holder);

/// <summary>A row of the event stream in the store.</summary>
/// <param name="Task">The task.</param>
/// <param name="Seq">The number of the commit within the task.</param>
/// <param name="Types">What happened.</param>
internal sealed record StoredEvent(Guid Task, long Seq, params IReadOnlyList<string> Types)
{
    /// <summary>When it was committed, by the database's clock.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>How often an effect happened in the world under one stamp.</summary>
/// <param name="Key">Task, step and direction.</param>
/// <param name="Stamp">Under which stamp.</param>
/// <param name="Count">How often.</param>
internal sealed record WorldEffectCount(string Key, string Stamp, int Count);

/// <summary>Everything that is judged: what clients and followers saw, and what store and world say once everything rests.</summary>
internal sealed record History
{
    /// <summary>All calls, by number.</summary>
    public IReadOnlyList<Call> Calls { get; init; } = [];

    /// <summary>What the followers got, in the order in which each got it.</summary>
    public IReadOnlyList<Delivery> Deliveries { get; init; } = [];

    /// <summary>All tasks.</summary>
    public IReadOnlyList<StoredTask> Tasks { get; init; } = [];

    /// <summary>All servers, also deleted ones.</summary>
    public IReadOnlyList<StoredServer> Servers { get; init; } = [];

    /// <summary>The event stream, in its order.</summary>
    public IReadOnlyList<StoredEvent> Stream { get; init; } = [];

    /// <summary>Effects in the world.</summary>
    public IReadOnlyList<WorldEffectCount> Effects { get; init; } = [];

    /// <summary>Where store and world differ: claims, capacity, quota, machines, repeated effects.</summary>
    public IReadOnlyList<string> Differences { get; init; } = [];
}
