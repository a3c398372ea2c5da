namespace InstanceTasks.Engine;

/// <summary>How actors reach each other. Awaited calls go parent → task → instance → host only; the other way there are only one-way wake-ups.</summary>
public interface IPeers
{
    /// <summary>Wakes a task; best effort.</summary>
    void Wake(TaskId task, WakeUp wake);

    /// <summary>Pokes a task and waits for what it says.</summary>
    Task<PokeAnswer> PokeAsync(TaskId task);

    /// <summary>Asks an instance's actor for a task.</summary>
    Task<AcceptAnswer> SubmitAsync(SubmitTask request);

    /// <summary>A parent passes a command on to a child.</summary>
    Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command);

    /// <summary>Asks the instance's actor to settle a task.</summary>
    Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request);

    /// <summary>Queues an attempt at a host.</summary>
    Task<WhereAnswer> OfferAsync(Attempt attempt);

    /// <summary>Takes an attempt back.</summary>
    Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp);

    /// <summary>Where an attempt is.</summary>
    Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp);

    /// <summary>Orders the fence of a machine in every runner, and says how far it is.</summary>
    Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below);

    /// <summary>A runner asks a task for the grant of an attempt.</summary>
    Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation);

    /// <summary>A runner reports an outcome to its task; repeated until it returns.</summary>
    Task EndedAsync(AttemptOutcome outcome);

    /// <summary>A worker asks a host for work.</summary>
    Task<PollAnswer> PollAsync(HostName host, PollRequest request);

    /// <summary>A worker answers a host's question for a console.</summary>
    Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer);
}

/// <summary>What the process knows about itself and the other generations (design §4.3).</summary>
public interface IOwnership
{
    /// <summary>This process's generation now; a lapsed lease means a new one, and everything done under the old one is over.</summary>
    long Generation { get; }

    /// <summary>Whether the lease of this process lives, with a margin, by its own monotonic clock.</summary>
    bool LeaseIsSafe { get; }

    /// <summary>Spends an accept's one-time token: true only the first time in this process.</summary>
    bool TrySpend(Guid token);

    /// <summary>Generations whose lease lived when last read.</summary>
    IReadOnlyCollection<long> LiveGenerations { get; }

    /// <summary>Whether a generation's lease is over for certain; a generation never seen is not.</summary>
    bool IsOver(long generation);

    /// <summary>Whether a generation may hold work for a host, when last read: one that has not said so, or was never seen, may.</summary>
    bool MayWorkFor(long generation, HostName host);
}

/// <summary>What a task's actor needs from the turn that holds it.</summary>
public interface ITaskTurns
{
    /// <summary>Ticks the actor once after this long; a new call replaces the old one; null: no tick.</summary>
    void TickIn(TimeSpan? delay);

    /// <summary>The actor cannot go on (unknown outcome, lost ownership): drop the activation; wake a fresh one when asked.</summary>
    void Drop(string reason, bool wakeAgain);
}
