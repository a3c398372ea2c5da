using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;
using InstanceTasks.Verifier.Search;

namespace InstanceTasks.Verifier.Tests;

/// <summary>Each property is really checked: a defect planted in one of the product's decisions is found, by the shortest story.</summary>
public sealed class PlantedDefectTests
{
    private static readonly Rules Product = new();
    private static readonly Bounds Calm = new() { Faults = 0, Commands = 0 };

    [Fact]
    public void NothingPlanted_ThePairsOfTheseTests_Hold()
    {
        foreach (var (first, second) in new[] { ("stop", "delete"), ("create", "lock"), ("reboot", "hard-reboot"), ("stop", "start") })
        {
            Assert.Null(Search(Product, new Bounds(), first, second).Violation);
        }
    }

    [Fact]
    public void Transition_ResumeRemoved_IsAnUndefinedPair()
    {
        var rules = Product with { Commit = (task, events) => events.Any(e => e is TaskResumed) ? throw IllegalTransitionException.For(TaskTrigger.Resume, TaskShape.Of(task)) : Product.Commit(task, events) };

        var story = Found(rules, Calm with { Commands = 1 }, "stop", "lock", Property.Defined, steps: 5);

        Assert.Contains("'Resume' is not possible from Forward/Paused/machine", story, StringComparison.Ordinal);
        Assert.Contains("Somebody says 'Pause' to task 1 (stop).", story, StringComparison.Ordinal);
        Assert.EndsWith("There it broke.\n", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Transition_PauseIsNeverReached_IsReportedAsUnreached()
    {
        // A pause that nobody looks at: nothing breaks, and the row is dead.
        var rules = Product with { Next = (task, plan, now) => Product.Next(task.Intent == TaskIntent.Pause ? task with { Intent = TaskIntent.None } : task, plan, now) };
        var bounds = Calm with { Commands = 1 };

        Assert.Contains("transition ReachPause", Reaches.Missing(Search(rules, bounds, "stop", "lock").Coverage));
        Assert.DoesNotContain("transition ReachPause", Reaches.Missing(Search(Product, bounds, "stop", "lock").Coverage));
    }

    [Fact]
    public void Settle_ForgetsToReleaseTheHolder_LeavesTheInstanceBusyWithoutATask()
    {
        var rules = Product with { ApplySettle = (instance, task, now) => Product.ApplySettle(instance, task, now) with { Holder = instance.Holder } };

        var story = Found(rules, Calm, "reboot", "lock", Property.BusyIsTrue, steps: 7);

        Assert.Contains("held by task 1 (turn 1), and no open task has the machine", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Settle_ForgetsTheQueue_LeavesATaskThatNobodyWillCall()
    {
        var rules = Product with { ApplySettle = (instance, task, now) => Product.ApplySettle(instance, task, now) with { Queue = [] } };

        var story = Found(rules, Calm, "stop", "start", Property.BusyIsTrue, steps: 13);

        Assert.Contains("the instance's queue says nobody, and it is task 2", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Supersede_GrantsTheSuccessorAtOnce_LetsAnEffectOfTheOldTaskBeginAfterIt()
    {
        var rules = Product with { Supersede = AtOnce };

        var story = Found(rules, Calm, "stop", "delete", Property.EffectsInOrder, steps: 5);

        Assert.Contains("task 1 has given the machine back (canceled), and an attempt of it begins", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Begin_GrantsAlthoughItStops_LetsASupersededAttemptBegin()
    {
        var rules = Product with { Begin = (_, flight, stamp) => !flight.Begun && flight.Stamp == stamp };

        var story = Found(rules, Calm, "reboot", "hard-reboot", Property.EffectsInOrder, steps: 6);

        Assert.Contains("task 1 knows that it is superseded, and an attempt of it begins", story, StringComparison.Ordinal);
    }

    // As it was before the verifier found it.
    [Fact]
    public void Begin_GrantsWhatMustStopButIsNotStoppedYet_LetsASupersededAttemptBegin()
    {
        var rules = Product with { Begin = (_, flight, stamp) => flight is { Begun: false, Stopping: false } && flight.Stamp == stamp };

        var story = Found(rules, Calm with { Faults = 1, Crashes = 0, Losses = 0, Failures = 0 }, "reboot", "hard-reboot", Property.EffectsInOrder, steps: 6);

        Assert.Contains("does nothing yet: the lease of its process is about to end", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Grant_DoesNotFenceTheSuccessor_LetsEffectsOverlap()
    {
        var rules = Product with { Grant = (instance, waiting, ended, now) => Unfenced(Product.Grant(instance, waiting, ended, now)) };

        // A successor is always claimed, which fences a second time: that is taken away as well.
        var unfencedClaim = rules with { Commit = (task, events) => task.Id == Names.Tasks[1] ? ClaimWithoutFence(task, events) : Product.Commit(task, events) };
        var story = Found(unfencedClaim, Calm with { Faults = 1, Failures = 0, Losses = 0, Delays = 0 }, "reboot", "hard-reboot", Property.EffectsInOrder, steps: 12);

        Assert.Contains("may still have effects", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Claim_DoesNotFence_LetsEffectsOverlapAfterACrash()
    {
        var rules = Product with { Commit = ClaimWithoutFence };

        var story = Found(rules, Calm with { Faults = 1, Failures = 0, Losses = 0, Delays = 0 }, "reboot", "lock", Property.EffectsInOrder, steps: 9);

        Assert.Contains("an effect of task 1 begins while an older attempt of task 1 may still have effects", story, StringComparison.Ordinal);
        Assert.Matches("is lost|dies", story);
    }

    [Fact]
    public void Outcome_OfAnAbandonedAttempt_DoesNotFence_LetsEffectsOverlap()
    {
        var rules = Product with { Outcome = (task, plan, outcome, now) => WithoutFence(Product.Outcome(task, plan, outcome, now)) };

        var story = Found(rules, Calm with { Faults = 1, Crashes = 0 }, "reboot", "lock", Property.EffectsInOrder, steps: 11);

        Assert.Contains("The worker gives up attempt", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Attention_WithoutAWayOut_IsADeadEnd()
    {
        var rules = Product with { Command = (task, plan, command, now) => task.Outcome == TaskOutcome.NeedsAttention ? new CommandRule([], false, null, new Refusal(RefusalKind.NotNow, "no")) : Product.Command(task, plan, command, now) };

        var story = Found(rules, Calm with { Faults = 1, Crashes = 0, Losses = 0, Delays = 0 }, "delete", "lock", Property.NoDeadEnd, steps: 5);

        Assert.Contains("not every task can end, whatever a person does", story, StringComparison.Ordinal);
        // From here the task can only come to need attention, although that has not happened yet.
        Assert.Contains("fails without an effect (for good)", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancel_IsNeverDecided_IsADeadEnd()
    {
        var rules = Product with { Next = (task, plan, now) => task is { Intent: TaskIntent.Cancel, Phase: TaskPhase.Forward } ? new TaskDecision.Rest() : Product.Next(task, plan, now) };

        var story = Found(rules, Calm with { Commands = 1 }, "start", "lock", Property.NoDeadEnd, steps: 2);

        Assert.Contains("no stable situation can be reached", story, StringComparison.Ordinal);
    }

    [Fact]
    public void ConflictCell_Undefined_IsFound()
    {
        var rules = Product with
        {
            Accept = (instance, request) => instance?.Holder?.Kind == TaskKinds.Stop && request.Kind == TaskKinds.Start
                ? throw new InvalidOperationException("no cell")
                : Product.Accept(instance, request),
        };

        var story = Found(rules, Calm, "stop", "start", Property.Defined, steps: 2);

        Assert.Contains("InvalidOperationException: no cell", story, StringComparison.Ordinal);
    }

    [Fact]
    public void EndedTask_GetsTheMachineAgain_IsFound()
    {
        var rules = Product with { Grant = (instance, _, ended, now) => Again(instance, ended) };

        var story = Found(rules, Calm, "stop", "start", Property.EndedStays, steps: 13);

        Assert.Contains("task 1 had ended as succeeded and is written again", story, StringComparison.Ordinal);
    }

    [Fact]
    public void Settle_ForgetsTheHost_LeavesAClaimThatNobodyNeeds()
    {
        var rules = Product with { ApplySettle = (instance, task, now) => Product.ApplySettle(instance, task, now) with { Host = null } };

        var story = Found(rules, Calm, "create", "lock", Property.ClaimIsTrue, steps: 18);

        Assert.Contains("room on the host is taken, and the records say that it is not needed", story, StringComparison.Ordinal);
    }

    // The bug that the first run of the verifier found, as it was.
    [Fact]
    public void SupersededTask_WhoseSuccessorIsCanceled_LeavesTheStateAsItWas_IsFound()
    {
        var rules = Product with { ApplySettle = AsBefore };

        var story = Found(rules, Calm with { Commands = 1 }, "start", "delete", Property.RecordIsTrue, steps: 10);

        Assert.Contains("the record says Stopped, and the machine is on", story, StringComparison.Ordinal);
    }

    /// <summary>The defect is found with the expected property by a story of so many steps; none is found by a shorter one. Answers the story.</summary>
    private static string Found(Rules rules, Bounds bounds, string first, string second, Property property, int steps)
    {
        var violation = Search(rules, bounds, first, second).Violation;

        Assert.NotNull(violation);
        var story = Story.Tell(violation);
        Assert.True(property == violation.Property && steps == violation.Story.Count, story);
        Assert.Null(Search(rules, bounds with { Steps = steps - 1 }, first, second).Violation);
        Assert.Equal(steps, story.Split('\n').Count(line => char.IsDigit(line.TrimStart().FirstOrDefault()) && !line.TrimStart().StartsWith('0')));
        return story;
    }

    private static Report Search(Rules rules, Bounds bounds, string first, string second) => Verification.Run(rules, [bounds], new TaskKind(first), new TaskKind(second));

    private static Commit AtOnce(InstanceRecord instance, SubmitTask request, Plan plan, StoredTask holder, IReadOnlyList<StoredTask> bypassed, DateTimeOffset now)
    {
        var ended = AcceptComposer.Bypass(holder, request.Task, now);
        return AcceptComposer.Now(instance, request, plan, 1, now) is var accept ? accept with { Tasks = [.. accept.Tasks, ended] } : throw new InvalidOperationException();
    }

    private static TaskRecord ClaimWithoutFence(TaskRecord task, IReadOnlyList<TaskEvent> events)
    {
        var after = Product.Commit(task, events);
        return events[0] is TaskClaimed ? after with { MustFence = task.MustFence } : after;
    }

    private static (InstanceRecord, TaskWrite?) Unfenced((InstanceRecord Instance, TaskWrite? Write) granted) =>
        (granted.Instance, granted.Write is { } write ? write with { After = write.After with { MustFence = false } } : null);

    private static TaskDecision? WithoutFence(TaskDecision? decision) => decision is TaskDecision.Note note
        ? new TaskDecision.Note([.. note.Events.Select(e => e switch { AttemptFailed failed => failed with { MustFence = false }, UndoBegun undo => undo with { MustFence = false }, _ => e })])
        : decision;

    private static (InstanceRecord, TaskWrite?) Again(InstanceRecord instance, TaskRecord ended) => (
        instance with { Queue = [], Holder = new(ended.Id, ended.Kind, ended.Request), Turn = instance.Turn + 1 },
        new TaskWrite(ended with { Run = TaskRun.Running, Outcome = TaskOutcome.None, Turn = instance.Turn + 1 }, [], TimeSpan.Zero, 0));

    private static InstanceRecord AsBefore(InstanceRecord instance, TaskRecord task, DateTimeOffset now)
    {
        var after = Product.ApplySettle(instance, task, now);
        return instance.Holder?.Id == task.Id && task.SupersededBy is not null && instance.Queue.Count == 0 ? after with { VmState = InstanceMachine.After(task.FromState, task) } : after;
    }
}
