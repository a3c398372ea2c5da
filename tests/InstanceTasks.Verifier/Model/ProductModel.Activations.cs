using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <content>What the activations of tasks do: one commit or one call at a time.</content>
internal sealed partial class ProductModel
{
    // A decision that goes on without a commit or a call for so long goes on for ever.
    private const int LongestThought = 32;

    /// <summary>Wake-ups, and recovery: whatever has work is looked at sooner or later.</summary>
    private void Arrivals(int task)
    {
        var slot = task * 2;
        if (_now.Wakes[task] is { } wake)
        {
            Try(new Move(MoveKind.WakeArrives, slot, Fault.None), draft => ArriveWithRecord(draft, task, wake));
        }

        if (_now.Rows[task] is { } row && HasWork(row) && _now.Activations[slot] is null)
        {
            Try(new Move(MoveKind.Claim, slot, Fault.None), draft => Claim(draft, task, row, elsewhere: false));
            if (_now.Wakes[task] is not null)
            {
                Try(new Move(MoveKind.ClaimElsewhere, slot, Fault.Split), draft => Claim(draft, task, row, elsewhere: true));
            }
        }

        if (_now.Late is { } late && late.Task == task)
        {
            Try(new Move(MoveKind.LateSettleArrives, slot, Fault.None), draft => ArriveLate(draft, late));
        }
    }

    private static bool HasWork(TaskRecord row) => row is { Turn: > 0, Run: TaskRun.Running or TaskRun.Waiting };

    private static bool ArriveWithRecord(Draft draft, int task, TaskRecord wake)
    {
        draft.Wakes[task] = null;
        var row = draft.Rows[task]!;
        var slot = row.Token is null && draft.World.Split ? (task * 2) + 1 : task * 2;
        // The token is spent by a claim of the same process: then the record says nothing new.
        if (draft.Activations[slot] is null && (row.Token is not null || draft.World.Split))
        {
            draft.Activations[slot] = new Activation(ReferenceEquals(wake, row) ? null : wake, false, 0, null, Ending.None);
            Ignore(draft, slot);
        }

        return true;
    }

    // What has given the machine back is not owned.
    private static void Ignore(Draft draft, int slot)
    {
        if (draft.Memory(slot).Turn == 0)
        {
            draft.Activations[slot] = null;
        }
    }

    private bool Claim(Draft draft, int task, TaskRecord row, bool elsewhere)
    {
        var slot = task * 2;
        CommitOwn(draft, row, [new TaskClaimed { At = Names.Now, Epoch = row.Epoch + 1, Generation = 1 }], slot);
        draft.Activations[slot] = new Activation(null, false, 0, null, Ending.None);
        draft.Wakes[task] = elsewhere ? draft.Wakes[task] : null;
        draft.World = draft.World with { Split = draft.World.Split || elsewhere };
        return true;
    }

    private bool ArriveLate(Draft draft, LateSettle late)
    {
        draft.Late = null;
        Settle(draft, draft.Rows[late.Task]!, late.Events);
        return true;
    }

    private void Activations(int slot)
    {
        if (_now.Activations[slot] is not { } activation)
        {
            return;
        }

        if (activation.Old is not null)
        {
            Try(new Move(MoveKind.Learn, slot, Fault.None), draft => Learn(draft, slot, activation));
            Try(new Move(MoveKind.LearnOnly, slot, Fault.Delay), draft => Refresh(draft, slot, activation, acts: false));
        }

        if (activation.Flight is { } flight)
        {
            Try(new Move(MoveKind.Look, slot, Fault.None), draft => Look(draft, slot, activation, flight));
            Try(new Move(MoveKind.ShowDelay, slot, Fault.Delay), draft => Show(draft, slot, new TaskWaiting { At = Names.Now, Reason = "nobody takes it" }));
            Try(new Move(MoveKind.ShowProgress, slot, Fault.None), draft => flight.Begun && Show(draft, slot, new TaskProceeded { At = Names.Now }));
            Try(new Move(MoveKind.Act, slot, Fault.None), draft => Supervise(draft, slot, activation, flight));
            return;
        }

        Decide(slot, activation, activation.Old ?? _now.Rows[slot / 2]!);
    }

    private void Decide(int slot, Activation activation, TaskRecord memory)
    {
        if (!HasWork(memory))
        {
            return;
        }

        var decided = DecideOnce(memory, activation.Outcome);
        if (decided is { Then: TaskDecision.RunControl { Direction: Direction.Do, Step.Control: ControlWork.ChooseHost or ControlWork.GrowClaim }, Events.Count: 0 })
        {
            Try(new Move(MoveKind.ChooseHost, slot, Fault.None), draft => ChooseHost(draft, slot, memory, Names.WithRoom));
            Try(new Move(MoveKind.NoRoom, slot, Fault.Failure), draft => ChooseHost(draft, slot, memory, Names.WithoutRoom));
            return;
        }

        Try(new Move(MoveKind.Act, slot, Fault.None), draft => Act(draft, slot, activation, memory, decided));
        if (decided.Then is TaskDecision.Settle settle)
        {
            Try(new Move(MoveKind.SettleLate, slot, Fault.Loss), draft => !FencesFirst(draft, slot, activation, memory, decided.Events) && SendAndGiveUp(draft, slot, [.. decided.Events, .. settle.Events]));
        }

        if (decided is { Then: TaskDecision.StartAttempt, Events.Count: 0 })
        {
            Try(new Move(MoveKind.LoseOffer, slot, Fault.Loss), draft => Start(draft, slot, activation, memory, offered: false));
            Try(new Move(MoveKind.ShowDelay, slot, Fault.Delay), draft => memory.MustFence && !activation.Fenced && Show(draft, slot, new TaskWaiting { At = Names.Now, Reason = "older work" }));
        }
    }

    private Decided DecideOnce(TaskRecord memory, Ending ending)
    {
        if (!_decided.TryGetValue((memory, ending), out var decided))
        {
            try
            {
                decided = Think(memory, ending);
            }
            catch (Exception e)
            {
                // Kept, so that the step that uses it fails, and not the search.
                decided = new Decided(false, [], new Thrown(e));
            }

            _decided[(memory, ending)] = decided;
        }

        return decided;
    }

    private Decided Think(TaskRecord memory, Ending ending)
    {
        if (ending == Ending.Fenced)
        {
            return new Decided(true, [], null);
        }

        var plan = PlanRegistry.Of(memory);
        var batch = new EventBatch(memory);
        var decision = ending == Ending.None ? null : rules.Outcome(memory, plan, Outcomes.Of(memory, ending), Names.Now);
        for (var i = 0; decision is null or TaskDecision.Note; i++)
        {
            Ensure(i < LongestThought, Property.NoDeadEnd, "the decision goes round in circles");
            batch.Add((decision as TaskDecision.Note)?.Events ?? []);
            decision = rules.Next(batch.Task, plan, Names.Now);
        }

        return new Decided(false, [.. batch.Events], decision);
    }

    private bool Act(Draft draft, int slot, Activation activation, TaskRecord memory, Decided decided)
    {
        if (decided.Drops)
        {
            draft.Activations[slot] = null;
            return true;
        }

        if (activation.Outcome != Ending.None)
        {
            activation = activation with { Fenced = activation.Fenced && Outcomes.Of(memory, activation.Outcome).Result != AttemptResult.Abandoned };
            draft.Activations[slot] = activation;
        }

        return decided.Then switch
        {
            Thrown thrown => throw thrown.Exception,
            TaskDecision.Settle settle => FencesFirst(draft, slot, activation, memory, decided.Events) || SettleOwn(draft, slot, activation, [.. decided.Events, .. settle.Events]),
            _ when decided.Events.Count > 0 => Checkpoint(draft, slot, activation, decided.Events),
            TaskDecision.StartAttempt => Start(draft, slot, activation with { Outcome = Ending.None }, memory, offered: true),
            TaskDecision.RunControl frees => Checkpoint(
                draft, slot, activation, [HostChoice.GivenBack(memory, frees.Direction, Names.Now)], HostChoice.GiveBack(memory)),
            _ => false,
        };
    }

    /// <summary>True: it cannot end yet, because older work may still begin; the workers have been told.</summary>
    private bool FencesFirst(Draft draft, int slot, Activation activation, TaskRecord memory, IReadOnlyList<TaskEvent> events) =>
        rules.MustFenceBeforeEnd(TaskMachine.Preview(memory, events), activation.Fenced) && !Fence(draft, slot / 2, Canon.StampOf(memory, activation.Attempts + 1));

    private bool SettleOwn(Draft draft, int slot, Activation activation, IReadOnlyList<TaskEvent> events)
    {
        if (activation.Old is not null)
        {
            Refresh(draft, slot, activation);
            return true;
        }

        draft.Activations[slot] = null;
        Ensure(Settle(draft, draft.Rows[slot / 2]!, events), Property.Defined, "the instance refuses the end of a task");
        return true;
    }

    private bool SendAndGiveUp(Draft draft, int slot, IReadOnlyList<TaskEvent> events)
    {
        draft.Late = draft.Activations[slot]!.Old is null ? new LateSettle(slot / 2, Shared(draft.Rows[slot / 2]!, events)) : draft.Late;
        draft.Activations[slot] = null;
        return true;
    }

    private readonly Dictionary<(TaskRecord, string), IReadOnlyList<TaskEvent>> _shared = [];

    // Equal messages must be the same object, or the search would not see that they are equal.
    private IReadOnlyList<TaskEvent> Shared(TaskRecord row, IReadOnlyList<TaskEvent> events)
    {
        var key = (row, string.Join(' ', events.Select(e => TaskMachine.TriggerOf(e))));
        return _shared.TryGetValue(key, out var known) ? known : _shared[key] = events;
    }

    private bool Checkpoint(Draft draft, int slot, Activation activation, IReadOnlyList<TaskEvent> events, IReadOnlyList<ClaimChange>? claims = null)
    {
        if (activation.Old is not null)
        {
            Refresh(draft, slot, activation);
            return true;
        }

        CommitOwn(draft, draft.Rows[slot / 2]!, events, slot);
        draft.Activations[slot] = activation with { Outcome = Ending.None };
        draft.World = draft.World.With(claims ?? []);
        return true;
    }

    private bool ChooseHost(Draft draft, int slot, TaskRecord memory, IReadOnlyList<HostView> hosts)
    {
        var choice = HostChoice.Rank(memory, hosts, Names.Now);
        var found = choice.Candidates.Count > 0;
        return found
            ? Checkpoint(draft, slot, draft.Activations[slot]!, choice.Choose(memory, choice.Candidates[0]), HostChoice.Take(memory, choice.Candidates[0].Host))
            : Checkpoint(draft, slot, draft.Activations[slot]!, choice.GiveUp(memory));
    }

    private bool Show(Draft draft, int slot, TaskEvent e)
    {
        var memory = draft.Memory(slot);
        var shown = memory.WaitReason is not null;
        return shown == e is TaskProceeded && TaskTransitions.Allows(TaskShape.Of(memory), TaskMachine.TriggerOf(e))
            && Checkpoint(draft, slot, draft.Activations[slot]!, [e]);
    }

    /// <summary>The activation reads its row. It goes when another has claimed the task; else it knows what the row says, and stops what is not wanted any more.</summary>
    private bool Refresh(Draft draft, int slot, Activation activation, bool acts = true)
    {
        var row = draft.Rows[slot / 2]!;
        if (activation.Old is { } old && old.Epoch != row.Epoch)
        {
            draft.Activations[slot] = null;
            return false;
        }

        draft.Activations[slot] = activation with { Old = null };
        if (acts)
        {
            StopIfUnwanted(draft, slot);
        }

        return true;
    }

    private bool Learn(Draft draft, int slot, Activation activation)
    {
        Refresh(draft, slot, activation);
        return true;
    }

    // In one turn with learning of it: no grant comes between, unless the process may not act because its lease is about to end.
    private void StopIfUnwanted(Draft draft, int slot)
    {
        if (draft.Activations[slot] is { Flight: { } flight } activation && draft.Memory(slot) is { Turn: > 0 } memory && rules.MustStop(memory, flight.Begun))
        {
            draft.Activations[slot] = activation with { Flight = flight with { Stopping = true } };
        }
    }

    private bool Start(Draft draft, int slot, Activation activation, TaskRecord memory, bool offered)
    {
        Ensure(memory.Intent != TaskIntent.Supersede, Property.EffectsInOrder, $"task {(slot / 2) + 1} knows that it is superseded, and starts an attempt");
        var stamp = Canon.StampOf(memory, activation.Attempts + 1);
        var mustFence = memory.MustFence && !activation.Fenced;
        if (mustFence && !Fence(draft, slot / 2, stamp))
        {
            return true;
        }

        draft.Activations[slot] = activation with { Fenced = activation.Fenced || mustFence, Attempts = stamp.Attempt, Flight = new Flight(stamp, false, false), Outcome = Ending.None };
        if (offered)
        {
            Offer(draft, WorkOf(slot / 2, memory, stamp));
        }

        return true;
    }

    private void Offer(Draft draft, Work work)
    {
        if (draft.Works.Count >= bounds.Attempts)
        {
            throw new BeyondBoundsException();
        }

        if (!draft.World.Fence.IsAbove(work.Stamp))
        {
            draft.Works.Add(work);
        }
    }

    /// <summary>Orders the workers to stop everything older on the machine; true when nothing older runs there.</summary>
    private static bool Fence(Draft draft, int task, Stamp below)
    {
        draft.World = draft.World with { Fence = draft.World.Fence.RaisedTo(task, below) };
        draft.Works.RemoveAll(w => w.Place == Place.Queued && w.Stamp < below);
        return !draft.Works.Exists(w => w.Place == Place.Running && w.Stamp < below);
    }

    private bool Supervise(Draft draft, int slot, Activation activation, Flight flight)
    {
        if (!flight.Stopping && !rules.MustStop(draft.Memory(slot), flight.Begun))
        {
            return false;
        }

        var stopping = activation with { Flight = flight with { Stopping = true } };
        draft.Activations[slot] = stopping;
        if (!flight.Begun)
        {
            draft.Works.RemoveAll(w => w.Place == Place.Queued && w.Stamp == flight.Stamp);
            draft.Activations[slot] = stopping with { Flight = null };
            return true;
        }

        if (!Fence(draft, slot / 2, flight.Stamp with { Attempt = flight.Stamp.Attempt + 1 }))
        {
            return true;
        }

        var ended = draft.Works.Find(w => w.Place == Place.Ended && w.Stamp == flight.Stamp);
        draft.Works.RemoveAll(w => w == ended);
        draft.Activations[slot] = stopping with { Flight = null, Outcome = ended?.Ending ?? Ending.Lost };
        return true;
    }

    private bool Look(Draft draft, int slot, Activation activation, Flight flight)
    {
        if (draft.Works.Exists(w => w.Stamp == flight.Stamp && w.Place != Place.Adrift))
        {
            return false;
        }

        if (activation.Old is not null && !Refresh(draft, slot, activation))
        {
            return true;
        }

        activation = draft.Activations[slot]!;
        if (flight.Begun)
        {
            Coverage.Endings.Add(Ending.Lost);
            draft.Activations[slot] = activation with { Flight = null, Outcome = Ending.Lost };
            return true;
        }

        if (!activation.Flight!.Value.Stopping)
        {
            Offer(draft, WorkOf(slot / 2, draft.Memory(slot), flight.Stamp));
        }

        return true;
    }

    private static Work WorkOf(int task, TaskRecord memory, Stamp stamp)
    {
        var step = PlanRegistry.Of(memory).Steps[memory.Step];
        var (direction, verb) = memory.Phase == TaskPhase.Forward ? (Direction.Do, step.Do) : (Direction.Undo, step.Undo);
        return new Work(task, memory.Step, direction, verb!.Value, stamp, memory.MustFence, memory.MustFence || memory.FailedAttempts > 0);
    }

    private sealed record Thrown(Exception Exception) : TaskDecision;
}
