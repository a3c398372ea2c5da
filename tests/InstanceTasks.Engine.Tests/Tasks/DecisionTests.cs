using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

/// <summary>What a task does next, and what an outcome means for it.</summary>
public sealed class DecisionTests
{
    private static readonly DateTimeOffset Now = Some.Start;
    private static readonly Plan Stop = PlanRegistry.Find(TaskKinds.Stop)!;
    private static readonly Plan Create = PlanRegistry.Find(TaskKinds.Create)!;
    private static readonly Plan Delete = PlanRegistry.Find(TaskKinds.Delete)!;

    [Theory]
    [InlineData(TaskRun.Queued, 0)]
    [InlineData(TaskRun.Waiting, 0)]
    [InlineData(TaskRun.Paused, 2)]
    [InlineData(TaskRun.Ended, 0)]
    public void Next_WithoutTheMachineOrPausedOrEnded_Rests(TaskRun run, long turn)
    {
        Assert.IsType<TaskDecision.Rest>(Next(Some.Task(TaskKinds.Stop) with { Run = run, Turn = turn }, Stop));
    }

    [Fact]
    public void Next_AHostStep_StartsAnAttempt()
    {
        var start = Assert.IsType<TaskDecision.StartAttempt>(Next(Some.Task(TaskKinds.Stop), Stop));

        Assert.Equal(("shut-down-guest", Verb.Shutdown, Direction.Do), (start.Step.Name, start.Verb, start.Direction));
    }

    [Fact]
    public void Next_AControlStep_RunsHere()
    {
        Assert.Equal(Direction.Do, Assert.IsType<TaskDecision.RunControl>(Next(Some.Task(TaskKinds.Create), Create)).Direction);
        Assert.Equal(Direction.Undo, Assert.IsType<TaskDecision.RunControl>(Next(Some.Task(TaskKinds.Create) with { Phase = TaskPhase.Undo }, Create)).Direction);
    }

    [Fact]
    public void Next_AfterTheLastStep_Succeeds()
    {
        Assert.Equal(TaskOutcome.Succeeded, Ended(Next(Some.Task(TaskKinds.Stop, 2), Stop)).Outcome);
    }

    [Fact]
    public void Next_AfterTheLastUndo_FailsOrIsCanceled()
    {
        var undone = Some.Task(TaskKinds.Stop, -1) with { Phase = TaskPhase.Undo };

        Assert.Equal(TaskOutcome.Canceled, Ended(Next(undone, Stop)).Outcome);
        Assert.Equal((TaskOutcome.Failed, Some.GuestFailure), (Ended(Next(undone with { Failure = Some.GuestFailure }, Stop)).Outcome, Ended(Next(undone with { Failure = Some.GuestFailure }, Stop)).Failure));
    }

    [Fact]
    public void Next_NoUndo_IsLeftOutWithTheReason()
    {
        var done = Assert.IsType<StepDone>(Noted(Next(Some.Task(TaskKinds.Stop, 1) with { Phase = TaskPhase.Undo }, Stop)));

        Assert.Equal((true, Direction.Undo, "the undo of shut-down-guest starts the machine again"), (done.Skipped, done.Direction, done.Note));
    }

    [Fact]
    public void Next_WithoutAHost_HostStepsAreLeftOut()
    {
        var forward = Assert.IsType<StepDone>(Noted(Next(Some.Task(TaskKinds.Delete) with { Host = null }, Delete)));
        Assert.Equal((true, "the instance has no machine"), (forward.Skipped, forward.Note));

        var undo = Assert.IsType<StepDone>(Noted(Next(Some.Task(TaskKinds.Create, 1) with { Host = null, Phase = TaskPhase.Undo }, Create)));
        Assert.Equal((true, Direction.Undo), (undo.Skipped, undo.Direction));
    }

    [Fact]
    public void Next_InBackOff_WaitsThenProceeds()
    {
        var task = Some.Task(TaskKinds.Stop) with { Run = TaskRun.Waiting, NotBefore = Now.AddSeconds(1) };

        Assert.Equal(Now.AddSeconds(1), Assert.IsType<TaskDecision.WaitUntil>(Next(task, Stop)).Time);
        Assert.IsType<TaskProceeded>(Noted(Next(task with { NotBefore = Now }, Stop)));
    }

    [Fact]
    public void Next_ShownAsWaiting_StartsAllTheSame()
    {
        Assert.IsType<TaskDecision.StartAttempt>(Next(Some.Task(TaskKinds.Stop) with { Run = TaskRun.Waiting }, Stop));
    }

    [Theory]
    [InlineData(TaskPhase.Forward)]
    [InlineData(TaskPhase.Undo)]
    public void Next_Superseded_EndsAtOnce(TaskPhase phase)
    {
        Assert.Equal(TaskOutcome.Canceled, Ended(Next(Some.Task(TaskKinds.Stop) with { Intent = TaskIntent.Supersede, Phase = phase }, Stop)).Outcome);
    }

    [Theory]
    [InlineData(0, 0, false, -1)]
    [InlineData(1, 0, false, 0)]
    [InlineData(1, 1, false, 1)]
    [InlineData(1, 0, true, 1)]
    [InlineData(2, 0, true, 1)]
    public void Next_Canceled_UndoesFromWhatMayHaveHappened(int step, int failed, bool mustFence, int from)
    {
        var undo = Assert.IsType<UndoBegun>(Noted(Next(Some.Task(TaskKinds.Stop, step) with { Intent = TaskIntent.Cancel, FailedAttempts = failed, MustFence = mustFence }, Stop)));

        Assert.Equal((from, null), (undo.FromStep, undo.Failure));
    }

    [Fact]
    public void Next_PauseAsked_PausesBeforeTheNextStepButNotAfterTheLast()
    {
        var task = Some.Task(TaskKinds.Stop, 1) with { Intent = TaskIntent.Pause };

        Assert.IsType<TaskPaused>(Noted(Next(task, Stop)));
        Assert.Equal(TaskOutcome.Succeeded, Ended(Next(task with { Step = 2 }, Stop)).Outcome);
    }

    [Fact]
    public void Outcome_Succeeded_IsAStepDoneWithPowerAndNote()
    {
        var done = Assert.IsType<StepDone>(Noted(Decide(Some.Task(TaskKinds.Stop), Stop, AttemptResult.Succeeded, null, o => o with { Power = PowerState.Shutdown, Observed = true })!));

        Assert.Equal((0, Direction.Do, PowerState.Shutdown, "found done: not repeated"), (done.Step, done.Direction, done.Power, done.Note));
    }

    [Fact]
    public void Outcome_NotBegun_DecidesNothing()
    {
        Assert.Null(Decide(Some.Task(TaskKinds.Stop), Stop, AttemptResult.NotBegun, null));
    }

    [Fact]
    public void Outcome_Retryable_IsTriedAgainAfterTheBackOff()
    {
        var failed = Assert.IsType<AttemptFailed>(Noted(Decide(Some.Task(TaskKinds.Create, 2) with { FailedAttempts = 2 }, Create, AttemptResult.Failed, Some.Glitch)!));

        Assert.Equal((Now.AddSeconds(2), false, Some.Glitch), (failed.RetryAt, failed.MustFence, failed.Failure));
    }

    [Theory]
    [InlineData(AttemptResult.Failed)]
    [InlineData(AttemptResult.Abandoned)]
    public void Outcome_Lost_IsTriedAgainAtOnceBehindAFenceHoweverOften(AttemptResult result)
    {
        var task = Some.Task(TaskKinds.Create, 2) with { FailedAttempts = 99 };

        var failed = Assert.IsType<AttemptFailed>(Noted(Decide(task, Create, result, new Failure(FailureKinds.Lost, "gone"))!));

        // Whether its effect happened is not known: the next attempt must fence and look before it repeats anything.
        Assert.Equal((Now, true), (failed.RetryAt, failed.MustFence));
    }

    [Fact]
    public void Outcome_WithoutAReason_IsADefectThatIsNotRetried()
    {
        var undo = Assert.IsType<UndoBegun>(Noted(Decide(Some.Task(TaskKinds.Create, 2), Create, AttemptResult.Failed, null)!));

        Assert.Equal(FailureKinds.Internal, undo.Failure!.Kind);
    }

    [Fact]
    public void Outcome_UsedUp_UndoesFromTheFailedStep()
    {
        var undo = Assert.IsType<UndoBegun>(Noted(Decide(Some.Task(TaskKinds.Create, 2) with { FailedAttempts = 4 }, Create, AttemptResult.Failed, Some.Glitch)!));

        Assert.Equal((2, Some.Glitch), (undo.FromStep, undo.Failure));
    }

    [Fact]
    public void Outcome_UsedUp_HoldsOrGoesOnIfThePlanSaysSo()
    {
        Assert.IsType<AttentionNeeded>(Assert.IsType<TaskDecision.Settle>(Decide(Some.Task(TaskKinds.Delete), Delete, AttemptResult.Failed, Some.GuestFailure)).Events.Single());

        var events = Assert.IsType<TaskDecision.Note>(Decide(Some.Task(TaskKinds.Stop), Stop, AttemptResult.Failed, Some.GuestFailure)).Events;
        Assert.Equal(["AttemptFailed", "StepDone"], events.Select(e => e.GetType().Name));
    }

    [Fact]
    public void Outcome_AFailedUndo_NeedsAttention()
    {
        var settle = Assert.IsType<TaskDecision.Settle>(Decide(Some.Task(TaskKinds.Create, 1) with { Phase = TaskPhase.Undo }, Create, AttemptResult.Failed, Some.GuestFailure));

        Assert.Equal("Could not undo step 'prepare-disk': the guest did not", Assert.IsType<AttentionNeeded>(settle.Events.Single()).Failure.Message);
    }

    [Theory]
    [InlineData(TaskPhase.Forward)]
    [InlineData(TaskPhase.Undo)]
    public void Outcome_AFailureOfASupersededTask_IsNoFailure(TaskPhase phase)
    {
        var task = Some.Accept(Some.Task(TaskKinds.Create, 1) with { Phase = phase, Intent = TaskIntent.Supersede });

        var note = Assert.IsType<TaskDecision.Note>(Decide(task, Create, AttemptResult.Failed, Some.GuestFailure));

        Assert.Equal(TaskOutcome.Canceled, Ended(Next(TaskMachine.Preview(task, note.Events), Create)).Outcome);
    }

    [Fact]
    public void Outcome_AFailureOfACanceledTask_IsUndoneWithoutAFailure()
    {
        var undo = Assert.IsType<UndoBegun>(Noted(Decide(Some.Task(TaskKinds.Create, 2) with { Intent = TaskIntent.Cancel }, Create, AttemptResult.Abandoned, Some.GuestFailure)!));

        Assert.Equal((2, null, true), (undo.FromStep, undo.Failure, undo.MustFence));
    }

    [Fact]
    public void Due_AfterTheStepShouldHaveBeenOver()
    {
        Assert.Equal(TimeSpan.FromSeconds(75), DueTimes.Of(Some.Task(TaskKinds.Stop), Now));
        Assert.Equal(TimeSpan.FromSeconds(80), DueTimes.Of(Some.Task(TaskKinds.Stop) with { NotBefore = Now.AddSeconds(5) }, Now));
        Assert.Equal(TimeSpan.FromSeconds(75), DueTimes.Of(Some.Task(TaskKinds.Stop) with { NotBefore = Now.AddSeconds(-5) }, Now));
        Assert.Equal(TimeSpan.FromSeconds(15), DueTimes.Of(Some.Task(TaskKinds.Stop, 2), Now));
        Assert.Equal(TimeSpan.FromMinutes(10), DueTimes.Of(Some.Task(TaskKinds.Stop) with { Run = TaskRun.Paused }, Now));
        Assert.Equal(TimeSpan.FromMinutes(10), DueTimes.Of(Some.Task(TaskKinds.Stop) with { Turn = 0 }, Now));
        Assert.Null(DueTimes.Of(Some.Task(TaskKinds.Stop) with { Run = TaskRun.Ended }, Now));
    }

    [Fact]
    public void Hosts_AreRankedByFreeMemoryAndRefusedWithReasons()
    {
        var task = Some.Task(TaskKinds.Create) with { Parameters = new() { [TaskParameters.Zone] = "nova" } };
        var big = new Resources(8, 8192, 80);
        HostView[] hosts =
        [
            new(new("b"), "nova", big, default, null), new(new("a"), "nova", big, default, null), new(new("c"), "nova", big, new(0, 100, 0), null),
            new(new("d"), "nova", big, default, "broken"), new(new("e"), "edge", big, default, null), new(new("f"), "nova", big, new(8, 0, 0), null),
        ];

        var choice = HostChoice.Rank(task, hosts, Now);

        Assert.Equal(["a", "b", "c"], choice.Candidates.Select(h => h.Host.Value));
        var events = choice.Choose(task, hosts[1]);
        Assert.Equal([("d", "disabled: broken"), ("e", "in zone edge, not nova"), ("f", "has 0 vCPUs, 8192 MB and 80 GB free")], events.OfType<HostRefused>().Select(r => (r.Host.Value, r.Reason)));
        var done = Assert.IsType<StepDone>(events[^1]);
        Assert.Equal((new HostName("a"), "nova", "3 hosts were refused"), (done.Host, done.Zone, done.Note));
    }

    [Fact]
    public void Hosts_None_SaysWhatWasAskedForAndKeepsNamesForAdministrators()
    {
        var task = Some.Task(TaskKinds.Create);
        var choice = HostChoice.Rank(task, [new(new("secret-host"), "nova", default, default, null)], Now);

        var undo = Assert.IsType<UndoBegun>(choice.GiveUp(task)[^1]);

        Assert.Equal((FailureKinds.NoValidHost, -1), (undo.Failure!.Kind, undo.FromStep));
        Assert.StartsWith("No valid host was found. None of 1 hosts can take 1 vCPUs, 512 MB of memory and 1 GB of disk", undo.Failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-host", undo.Failure.Message, StringComparison.Ordinal);
        Assert.Equal("secret-host: has 0 vCPUs, 0 MB and 0 GB free", undo.Failure.Details);
    }

    private static TaskDecision Next(TaskRecord task, Plan plan) => TaskDecider.Next(task, plan, Now);

    private static TaskDecision? Decide(TaskRecord task, Plan plan, AttemptResult result, Failure? failure, Func<AttemptOutcome, AttemptOutcome>? change = null)
    {
        var outcome = new AttemptOutcome { Key = new VerbKey(task.Id, plan.Steps[task.Step].Name, Direction.Do), Stamp = default, Result = result, Failure = failure };
        return OutcomeRules.Decide(task, plan, change?.Invoke(outcome) ?? outcome, Now);
    }

    private static TaskEvent Noted(TaskDecision decision) => Assert.Single(Assert.IsType<TaskDecision.Note>(decision).Events);

    private static TaskEnded Ended(TaskDecision decision) => Assert.IsType<TaskEnded>(Assert.Single(Assert.IsType<TaskDecision.Settle>(decision).Events));
}
