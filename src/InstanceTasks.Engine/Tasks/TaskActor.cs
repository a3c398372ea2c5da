using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// The logic of one task: drives its own steps from checkpoint to checkpoint. Must be called one turn at a time. Correctness does not
/// depend on there being one such object: whoever loses a sequence number reloads, and effects are ordered by stamps.
/// </summary>
public sealed partial class TaskActor(
    TaskId id, IJournal journal, IQueries queries, IPeers peers, IOwnership ownership, ITaskTurns turns, TimeProvider time, ILogger<TaskActor> logger,
    IHolds? holds = null, ServerGroups? groups = null, IAdmission? admission = null)
{
    // A lost race is decided again this often (design §4.1).
    private const int Tries = 5;

    // How soon the store is asked again after it has refused a commit for certain.
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    private TaskRecord? _task;
    private long _wakes;
    private bool _owned;
    private bool _dropped;
    private bool _fenced;
    private int _attempts;
    private WrittenDue _due;
    private Flight? _flight;
    private AttemptOutcome? _outcome;

    // When the deadline passes, by the clock that is only measured; told from database time whenever the task is read.
    private long? _deadline;

    /// <summary>Outcomes dropped because their stamp was old.</summary>
    public static long StaleOutcomes => Interlocked.Read(ref s_staleOutcomes);

    private static long s_staleOutcomes;

    /// <summary>Something that concerns the task was committed elsewhere.</summary>
    public async Task WakeAsync(WakeUp wake)
    {
        if (_task is null && wake is { Token: { } token, Record: { } record } && record.Generation == ownership.Generation && ownership.TrySpend(token))
        {
            _task = record;
            _owned = true;
            _deadline = DeadlineOf(record, TimeSpan.Zero);
        }
        else if (PaceLeft is { } left)
        {
            turns.TickIn(left);
            return;
        }
        else
        {
            await LoadAsync();
        }

        await DriveAsync();
    }

    /// <summary>Recovery asks: look at the row, and go on if there is something to do.</summary>
    public async Task<PokeAnswer> PokeAsync()
    {
        try
        {
            await LoadAsync();
            await DriveAsync();
        }
        catch (UndecodableTaskException e)
        {
            LogQuarantined(e, id);
            await journal.QuarantineAsync(id, e.Message);
            Drop("it cannot be decoded", wakeAgain: false);
        }

        return new PokeAnswer(_task is null or { IsEnded: true }, _dropped ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(5));
    }

    /// <summary>The tick asked for with <see cref="ITaskTurns.TickIn"/>.</summary>
    public async Task TickAsync()
    {
        if (_flight is not null && _outcome is null)
        {
            await LookForAttemptAsync();
        }

        await DriveAsync();
    }

    /// <summary>A runner asks for the grant of an attempt.</summary>
    public BeginAnswer Begin(Stamp stamp, long generation)
    {
        if (_dropped || !_owned || _flight is not { BegunBy: null, Stopping: false } flight || flight.Attempt.Stamp != stamp || _task!.Generation != ownership.Generation || MustStop())
        {
            return BeginAnswer.Refused;
        }

        flight.BegunBy = generation;
        return BeginAnswer.Granted;
    }

    /// <summary>A runner reports an outcome. An old stamp is dropped and counted.</summary>
    public async Task EndedAsync(AttemptOutcome outcome)
    {
        if (_dropped || _flight is null || _flight.Attempt.Stamp != outcome.Stamp)
        {
            Interlocked.Increment(ref s_staleOutcomes);
            LogStale(id, outcome.Stamp, outcome.Result);
            if (_task is null && !_dropped)
            {
                // The activation that had the attempt out is gone. The runner forgets it now, and nobody else would look before the task is due.
                turns.TickIn(TimeSpan.Zero);
            }

            return;
        }

        var stopping = _flight.Stopping;
        _flight = null;
        if (outcome.Result == AttemptResult.NotBegun && !stopping)
        {
            // Nothing happened; whatever kept the runner from beginning needs a moment.
            turns.TickIn(TimeSpan.FromMilliseconds(200));
            return;
        }

        _outcome = outcome;
        await DriveAsync();
    }

    /// <summary>Runs until the task rests, waits, or has an attempt out.</summary>
    private async Task DriveAsync()
    {
        var races = 0;
        await ExpireAsync();
        while (!_dropped && await OwnsAsync())
        {
            var move = await MoveAsync();
            if (move == Move.Rest)
            {
                return;
            }

            if (move == Move.Raced && ++races >= Tries)
            {
                Drop("lost too many races", wakeAgain: true);
            }
        }
    }

    private async Task<Move> MoveAsync()
    {
        if (_flight is not null)
        {
            return await SuperviseAsync();
        }

        if (await PassOnPauseAsync() is { } later)
        {
            return later;
        }

        var now = time.GetUtcNow();
        var plan = PlanRegistry.Of(_task!);
        var batch = new EventBatch(_task!);
        var decision = DecideOutcome(plan, now);
        if (_dropped)
        {
            return Move.Rest;
        }

        while (decision is null or TaskDecision.Note)
        {
            batch.Add((decision as TaskDecision.Note)?.Events ?? []);
            decision = TaskDecider.Next(batch.Task, plan, now);
        }

        if (decision is TaskDecision.Settle { Events: var last } && !plan.OnInstance)
        {
            return await EndParentAsync([.. batch.Events, .. last]);
        }

        if (decision is TaskDecision.Settle settle)
        {
            return await FenceBeforeEndAsync(batch.Task) ?? await SettleAsync([.. batch.Events, .. settle.Events]);
        }

        return batch.Events.Count > 0 ? await CheckpointAsync(batch.Events) : await ActAsync(decision);
    }

    private TaskDecision? DecideOutcome(Plan plan, DateTimeOffset now)
    {
        if (_outcome is not { } outcome)
        {
            return null;
        }

        if (outcome.Result == AttemptResult.Fenced)
        {
            // The world has seen a newer stamp: somebody else drives this task, or has superseded it.
            Drop("its attempt was fenced by a newer stamp", wakeAgain: true);
            return null;
        }

        var decision = OutcomeRules.Decide(_task!, plan, outcome, now);
        _fenced = _fenced && outcome.Result != AttemptResult.Abandoned;
        if (decision is null)
        {
            _outcome = null;
        }

        return decision;
    }

    private async Task<Move> ActAsync(TaskDecision decision)
    {
        switch (decision)
        {
            case TaskDecision.WaitUntil wait:
                turns.TickIn(Later(BeforeDeadline(wait.Time - time.GetUtcNow())));
                return Move.Rest;
            case TaskDecision.StartAttempt start:
                return await HeldAsync() ?? await StartAttemptAsync(start);
            case TaskDecision.RunControl control:
                return await HeldAsync() ?? await RunControlAsync(control);
            default:
                turns.TickIn(null);
                Finish();
                return Move.Rest;
        }
    }

    private async Task<Move> CheckpointAsync(IReadOnlyList<TaskEvent> events)
    {
        var move = await CommitAsync("step", events, []);
        if (move == Move.On)
        {
            _outcome = null;
        }

        return move;
    }

    /// <summary>Makes sure that there is work and that this activation owns it; claims it if need be.</summary>
    private async Task<bool> OwnsAsync()
    {
        if (_task is null)
        {
            await LoadAsync();
        }

        if (_task is null or { Turn: 0 } or { Run: TaskRun.Ended or TaskRun.Paused })
        {
            Finish();
            return false;
        }

        if (_owned && _task.Generation != ownership.Generation)
        {
            Drop("this process has a new generation", wakeAgain: true);
            return false;
        }

        if (!ownership.LeaseIsSafe)
        {
            turns.TickIn(TimeSpan.FromMilliseconds(300));
            return false;
        }

        return _owned || await ClaimAsync();
    }

    private async Task<bool> ClaimAsync()
    {
        if (_task!.Token is { } token)
        {
            ownership.TrySpend(token);
        }

        for (var attempt = 0; attempt < Tries && !_dropped; attempt++)
        {
            var claim = new TaskClaimed { At = time.GetUtcNow(), Epoch = _task.Epoch + 1, Generation = ownership.Generation };
            var move = await CommitAsync("claim", [claim], []);
            if (move == Move.On)
            {
                (_owned, _fenced, _attempts, _flight, _outcome) = (true, false, 0, null, null);
                LogClaimed(id, _task.Kind, _task.Epoch, _task.Step);
                return true;
            }

            if (_task is { Turn: 0 } or { Run: TaskRun.Ended or TaskRun.Paused })
            {
                return false;
            }
        }

        return false;
    }

    private async Task LoadAsync()
    {
        var stored = await journal.ReadTaskAsync(id);
        if (stored is null)
        {
            return;
        }

        if (_owned && stored.Record.Epoch != _task!.Epoch)
        {
            Drop("another activation claimed the task", wakeAgain: false);
            return;
        }

        _task = stored.Record;
        _wakes = stored.Wakes;
        _counts = stored.Children ?? ChildCounts.None;
        _due = default;
        _deadline = DeadlineOf(stored.Record, stored.Age ?? time.GetUtcNow() - stored.Record.CreatedAt);
    }

    private async Task<Move> CommitAsync(string name, IReadOnlyList<TaskEvent> events, IReadOnlyList<ClaimChange> claims, IReadOnlyList<QuotaChange>? quota = null)
    {
        var after = TaskMachine.Commit(_task!, events);
        var due = _due.Next(DueTimes.Of(after, time.GetUtcNow(), DeadlineLeft), time);
        var commit = new Commit { Name = name, Kind = after.Kind, Tasks = [new TaskWrite(after, events, due.ToWrite, _wakes)], Claims = claims, Quota = quota ?? [] };
        try
        {
            var result = await journal.CommitAsync(commit);
            if (result.Applied)
            {
                (_task, _due) = (after, due);
                return Move.On;
            }

            if (result.Verdict == CommitVerdict.CapacityExceeded)
            {
                return Move.NoRoom;
            }
        }
        catch (CommitOutcomeUnknownException e)
        {
            LogUnknown(e, id, name, after.Kind);
            Drop("the outcome of a commit is unknown", wakeAgain: true);
            return Move.Rest;
        }
        catch (CommitFailedException e)
        {
            // The same here: not written, nothing lost.
            LogCannotCommit(e, id, name, after.Kind);
            turns.TickIn(StoreRetry);
            return Move.Rest;
        }

        await LoadAsync();
        return Move.Raced;
    }

    private async Task<Move> SettleAsync(List<TaskEvent> events)
    {
        var answer = await AskInstanceAsync(events);
        switch (answer.Verdict)
        {
            case SettleVerdict.Settled:
                (_task, _due) = (answer.Record, default);
                (_owned, _outcome) = (false, null);
                Finish();
                return Move.Rest;
            case SettleVerdict.Stale:
                await LoadAsync();
                return Move.Raced;
            case SettleVerdict.Failed:
                // Nothing was written and nothing is lost: the outcome stays in hand, and the store is asked again.
                LogCannotSettle(id, answer.Refusal?.Message);
                turns.TickIn(StoreRetry);
                return Move.Rest;
            default:
                Drop("whether it was settled is not known", wakeAgain: true);
                return Move.Rest;
        }
    }

    private async Task<SettleAnswer> AskInstanceAsync(List<TaskEvent> events)
    {
        try
        {
            return await peers.SettleAsync(_task!.Instance, new SettleRequest { Before = _task, Events = events });
        }
        catch (Exception e)
        {
            LogSettleFailed(e, id);
            return new() { Verdict = SettleVerdict.Unknown };
        }
    }

    private void Finish()
    {
        if (_task is null or { IsEnded: true })
        {
            turns.Drop("ended", wakeAgain: false);
        }
    }

    private void Drop(string reason, bool wakeAgain)
    {
        if (!_dropped)
        {
            _dropped = true;
            LogDropped(id, reason);
            turns.Drop(reason, wakeAgain);
        }
    }

    private static TimeSpan Later(TimeSpan delay) => delay < TimeSpan.FromMilliseconds(10) ? TimeSpan.FromMilliseconds(10) : delay;

    private enum Move
    {
        On = 0,
        Rest = 1,
        Raced = 2,
        NoRoom = 3,
    }

    private sealed class Flight(Attempt attempt)
    {
        public Attempt Attempt { get; set; } = attempt;

        public long? BegunBy { get; set; }

        public bool Stopping { get; set; }

        public int Unknowns { get; set; }
    }
}
