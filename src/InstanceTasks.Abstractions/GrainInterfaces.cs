using Orleans.Concurrency;

namespace InstanceTasks;

/// <summary>
/// One instance: accepts tasks, gives the machine to one at a time, and composes every commit that changes the instance.
/// Key: <see cref="InstanceId.GrainKey"/>. Never calls a task and waits.
/// </summary>
[Alias("instancetasks.instance")]
public interface IInstanceGrain : IGrainWithStringKey
{
    /// <summary>Accepts a task, or says why not. Accepted means durable. A time-out or exception means: not known.</summary>
    [Alias("submit")]
    Task<AcceptAnswer> Submit(SubmitTask request);

    /// <summary>Ends a task, or lets it wait for an operator, or gives it the machine back: one commit with the instance.</summary>
    [Alias("settle")]
    Task<SettleAnswer> Settle(SettleRequest request);
}

/// <summary>One project: accepts tasks that are on no instance of their own. Key: <see cref="ProjectId.GrainKey"/>. Keeps nothing.</summary>
[Alias("instancetasks.project")]
public interface IProjectGrain : IGrainWithStringKey
{
    /// <summary>Accepts a parent, or says why not. Accepted means durable. A time-out or exception means: not known.</summary>
    [Alias("submit")]
    Task<AcceptAnswer> Submit(SubmitTask request);
}

/// <summary>One task: drives its own steps. Key: <see cref="TaskId.GrainKey"/>.</summary>
[Alias("instancetasks.task")]
public interface ITaskGrain : IGrainWithStringKey
{
    /// <summary>Wakes the task after an accept or another commit that concerns it. May be lost: due times make up for it.</summary>
    [Alias("wake"), OneWay]
    Task Wake(WakeUp wake);

    /// <summary>Recovery's wake-up: loads the task if needed, claims it if nobody works on it, and says when to look again.</summary>
    [Alias("poke"), ResponseTimeout(CallLimits.Quick)]
    Task<PokeAnswer> Poke();

    /// <summary>Cancel, pause, resume, …: durable when accepted.</summary>
    [Alias("command")]
    Task<CommandAnswer> Command(TaskCommand command);

    /// <summary>A runner asks whether it may start an attempt: granted at most once per stamp.</summary>
    [Alias("begin"), ResponseTimeout(CallLimits.Quick)]
    Task<BeginAnswer> Begin(Stamp stamp, long generation);

    /// <summary>A runner reports an outcome; repeated until it returns. Returning means: the runner may forget it.</summary>
    [Alias("ended")]
    Task Ended(AttemptOutcome outcome);
}

/// <summary>One host: queues attempts for its workers. Key: <see cref="HostName.GrainKey"/>. Keeps nothing durable.</summary>
[Alias("instancetasks.host")]
public interface IHostGrain : IGrainWithStringKey
{
    /// <summary>Queues an attempt. Repeating it with the same stamp changes nothing.</summary>
    [Alias("offer"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task<WhereAnswer> Offer(Attempt attempt);

    /// <summary>Takes an attempt out of the queue, if no runner has it.</summary>
    [Alias("withdraw"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task Withdraw(VerbKey key, Stamp stamp);

    /// <summary>Where an attempt is.</summary>
    [Alias("where"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task<WhereAnswer> Where(VerbKey key, Stamp stamp);

    /// <summary>A worker's long poll; held for at most 10 s.</summary>
    [Alias("poll"), AlwaysInterleave, ResponseTimeout(CallLimits.HeldPoll)]
    Task<PollAnswer> Poll(PollRequest request);

    /// <summary>Orders every runner to stop what is older than the stamp on the machine, and says whether all have; ask again until done.</summary>
    [Alias("fence"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task<FenceAnswer> Fence(InstanceId machine, Stamp below);

    /// <summary>How many attempts wait for a worker.</summary>
    [Alias("queue-length"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task<int> QueueLength();

    /// <summary>
    /// Has a worker read a machine's console; held for at most 2 s, then <see cref="ConsoleVerdict.Waiting"/>: ask again with the same id. Nothing of it is kept; a host whose
    /// activation was lost hears the question anew.
    /// </summary>
    [Alias("read-console"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task<ConsoleAnswer> ReadConsole(ConsoleQuestion question);

    /// <summary>A worker's answer to a question of <see cref="PollAnswer.Questions"/>. One that nobody asks any more is dropped.</summary>
    [Alias("answer-console"), AlwaysInterleave, ResponseTimeout(CallLimits.Quick)]
    Task AnswerConsole(Guid question, ConsoleAnswer answer);
}

/// <summary>Finds tasks that nobody drives and pokes them. One per shard; key <c>r-N</c>.</summary>
[Alias("instancetasks.recovery")]
public interface IRecoveryGrain : IGrainWithStringKey
{
    /// <summary>Makes sure that the durable reminder exists, and looks now.</summary>
    [Alias("start")]
    Task Start();

    /// <summary>Looks now: a silo came or went, or a lease ended. It fails when it could not: whoever asks asks again.</summary>
    [Alias("nudge")]
    Task Nudge(string cause);
}

/// <summary>Forgets what has been over for long, from time to time. One in the cluster; key <c>retention</c>.</summary>
[Alias("instancetasks.retention")]
public interface IRetentionGrain : IGrainWithStringKey
{
    /// <summary>Makes sure that the durable reminder exists, and runs when the last run is long ago.</summary>
    [Alias("start")]
    Task Start();
}

/// <summary>Says how the silo does that it happens to be on. Key: a new one for each question, so that any silo of the cluster may answer. Reads nothing and keeps nothing.</summary>
[Alias("instancetasks.witness")]
public interface IWitnessGrain : IGrainWithStringKey
{
    /// <summary>What it sees.</summary>
    [Alias("see"), ResponseTimeout(CallLimits.Quick)]
    Task<WitnessAnswer> See();
}

/// <summary>
/// How long a caller waits for an answer that it can do without, because it asks again: what is asked of a silo that has just died is lost, and
/// Orleans' 30 seconds would hold up everybody else whom the caller serves.
/// </summary>
internal static class CallLimits
{
    public const string Quick = "00:00:05";

    // Longer than any poll is held.
    public const string HeldPoll = "00:00:13";
}
