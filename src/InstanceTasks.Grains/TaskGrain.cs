using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Orleans.Placement;

namespace InstanceTasks.Grains;

/// <summary>
/// Gives <see cref="TaskActor"/> its turns and its ticks. Preferably on the silo of the first caller, which is the instance's: then the
/// accept's token works and no claim is needed.
/// </summary>
[PreferLocalPlacement]
internal sealed partial class TaskGrain(
    IJournal journal, IQueries queries, IPeers peers, IOwnership ownership, Nudges nudges, IHolds holds, ServerGroups groups, IAdmission admission, TimeProvider time, ILoggerFactory loggers, ILogger<TaskGrain> logger)
    : Grain, ITaskGrain, ITaskTurns
{
    private static readonly TimeSpan AfterDrop = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterDefect = TimeSpan.FromSeconds(5);

    private TaskActor? _actor;
    private IGrainTimer? _tick;

    private TaskId Id => GrainKeys.TaskOf(this);

    private TaskActor Actor => _actor ??= new TaskActor(Id, journal, queries, peers, ownership, this, time, loggers.CreateLogger<TaskActor>(), holds, groups, admission);

    /// <inheritdoc/>
    public Task Wake(WakeUp wake) => GuardAsync(() => Actor.WakeAsync(wake));

    /// <inheritdoc/>
    public async Task<PokeAnswer> Poke()
    {
        var answer = default(PokeAnswer);
        await GuardAsync(async () => answer = await Actor.PokeAsync());
        return answer;
    }

    /// <inheritdoc/>
    public async Task<CommandAnswer> Command(TaskCommand command)
    {
        CommandAnswer? answer = null;
        await GuardAsync(async () => answer = await Actor.CommandAsync(command));
        return answer!;
    }

    /// <inheritdoc/>
    public Task<BeginAnswer> Begin(Stamp stamp, long generation) => Task.FromResult(Actor.Begin(stamp, generation));

    /// <inheritdoc/>
    public Task Ended(AttemptOutcome outcome) => GuardAsync(() => Actor.EndedAsync(outcome));

    /// <inheritdoc/>
    public void TickIn(TimeSpan? delay)
    {
        if (delay is not { } due)
        {
            _tick?.Dispose();
            _tick = null;
        }
        else if (_tick is null)
        {
            _tick = this.RegisterGrainTimer(() => GuardAsync(() => Actor.TickAsync()), new GrainTimerCreationOptions { DueTime = due, Period = Timeout.InfiniteTimeSpan, KeepAlive = true });
        }
        else
        {
            _tick.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_tick is not null && TakenAway.Is(reason))
        {
            nudges.OfTask(Id, AfterDrop, "its activation was taken away");
        }

        return base.OnDeactivateAsync(reason, cancellationToken);
    }

    /// <inheritdoc/>
    public void Drop(string reason, bool wakeAgain)
    {
        DeactivateOnIdle();
        if (wakeAgain)
        {
            nudges.OfTask(Id, AfterDrop, reason);
        }
    }

    // Nobody waits for most of these calls: an exception must lead to another look, or the task would stand until it is due.
    private async Task GuardAsync(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (Exception e)
        {
            LogTurnFailed(e, Id);
            DeactivateOnIdle();
            if (e is not UndecodableTaskException)
            {
                // One that cannot be read is put aside by a poke; asking it would only fail again, for ever.
                nudges.OfTask(Id, AfterDefect, "a turn failed");
            }

            throw;
        }
    }

    [LoggerMessage(EventId = 2101, Level = LogLevel.Error, Message = "A turn of task {Task} failed; it is looked at again")]
    private partial void LogTurnFailed(Exception exception, TaskId task);
}
