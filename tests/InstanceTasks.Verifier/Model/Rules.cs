using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>
/// The product's decisions. The defaults are the product's own functions; a test replaces one to see that the search finds the defect.
/// </summary>
internal sealed record Rules
{
    public Func<InstanceRecord?, SubmitTask, AcceptDecision> Accept { get; init; } = AcceptRules.Decide;

    public Func<InstanceRecord, SubmitTask, Plan, DateTimeOffset, Commit> AcceptNow { get; init; } = (i, r, p, now) => AcceptComposer.Now(i, r, p, 1, now);

    public Func<Commit, SubmitTask, IReadOnlyList<StoredTask>, DateTimeOffset, Commit> ClearAttention { get; init; } = AcceptComposer.ClearAttention;

    public Func<InstanceRecord, SubmitTask, Plan, DateTimeOffset, Commit> Queue { get; init; } = AcceptComposer.Queue;

    public Func<InstanceRecord, SubmitTask, Plan, StoredTask, IReadOnlyList<StoredTask>, DateTimeOffset, Commit> Supersede { get; init; } = AcceptComposer.Supersede;

    public Func<InstanceRecord, SubmitTask, Plan, DateTimeOffset, Commit> OneCommit { get; init; } = AcceptComposer.OneCommit;

    public Func<InstanceRecord, SettleRequest, DateTimeOffset, SettleRuling> Settle { get; init; } = SettleRules.Decide;

    public Func<InstanceRecord, TaskRecord, DateTimeOffset, InstanceRecord> ApplySettle { get; init; } = SettleComposer.Apply;

    public Func<InstanceRecord, StoredTask?, TaskRecord, DateTimeOffset, (InstanceRecord Instance, TaskWrite? Write)> Grant { get; init; } = SettleRules.GrantOrFail;

    public Func<TaskRecord, IReadOnlyList<TaskEvent>, TaskRecord> Commit { get; init; } = TaskMachine.Commit;

    public Func<TaskRecord, Plan, DateTimeOffset, TaskDecision> Next { get; init; } = TaskDecider.Next;

    public Func<TaskRecord, Plan, AttemptOutcome, DateTimeOffset, TaskDecision?> Outcome { get; init; } = OutcomeRules.Decide;

    public Func<TaskRecord, Plan, TaskCommand, DateTimeOffset, CommandRule> Command { get; init; } = CommandRules.Decide;

    /// <summary>Whether an attempt that is out must be stopped.</summary>
    public Func<TaskRecord, bool, bool> MustStop { get; init; } = AttemptRules.MustStop;

    /// <summary>Whether older work must be stopped before the end.</summary>
    public Func<TaskRecord, bool, bool> MustFenceBeforeEnd { get; init; } = AttemptRules.MustFenceBeforeEnd;

    /// <summary>Whether an attempt is granted to a worker; the same as the task's actor answers.</summary>
    public Func<TaskRecord, Flight, Stamp, bool> Begin { get; init; } = (task, flight, stamp) => flight is { Begun: false, Stopping: false } && flight.Stamp == stamp && !AttemptRules.MustStop(task, begun: false);
}
