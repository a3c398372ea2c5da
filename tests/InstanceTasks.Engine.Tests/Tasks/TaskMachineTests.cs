using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

public sealed class TaskMachineTests
{
    private static readonly DateTimeOffset Later = Some.Start.AddSeconds(7);

    public static TheoryData<string> EventTypes() => Some.Theory(Events().Keys);

    [Fact]
    public void Events_EveryTypeIsInTheTests()
    {
        var declared = typeof(TaskEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().ToList();

        Assert.Equal(declared.Select(d => d.TypeDiscriminator).Order(), Events().Keys.Order());
        Assert.Equal(declared.Select(d => d.DerivedType).ToHashSet(), typeof(TaskEvent).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(TaskEvent))).ToHashSet());
    }

    [Theory]
    [MemberData(nameof(EventTypes))]
    public void Json_EveryEvent_RoundTripsWithItsType(string type)
    {
        var e = Events()[type];

        var json = EngineJson.Write<IReadOnlyList<TaskEvent>>([e]);

        Assert.Equal(type, JsonDocument.Parse(json).RootElement[0].GetProperty("type").GetString());
        var back = EngineJson.Read<List<TaskEvent>>(json).Single();
        Assert.Equal(e.GetType(), back.GetType());
        Assert.Equal(json, EngineJson.Write<IReadOnlyList<TaskEvent>>([back]));
        if (e is not (TaskAccepted or ChildrenMoved))
        {
            Assert.Equal(e, back);
        }
    }

    [Fact]
    public void Json_AFullRecord_RoundTripsEveryProperty()
    {
        var record = Some.Task(TaskKinds.Create) with
        {
            Parameters = new() { ["availability_zone"] = "nova" }, Phase = TaskPhase.Undo, Intent = TaskIntent.Pause, Outcome = TaskOutcome.NeedsAttention,
            FailedAttempts = 2, Token = Guid.NewGuid(), Generation = 3, Power = PowerState.NoState, WaitReason = "w", NotBefore = Later,
            Failure = new Failure("k", "m", true, "d", 409), SupersededBy = TaskId.New(), Supersedes = TaskId.New(), RetryOf = TaskId.New(), MustFence = true,
            FinishedAt = Later, TaskState = "spawning", Commands = [Some.Record(TaskCommandKind.Skip, "why")], RefusedHosts = new() { ["h2"] = "full" },
            Steps = [new StepRecord { Name = "s", Direction = Direction.Undo, Attempts = 1, StartedAt = Later, FinishedAt = Later, Result = "done", Host = Some.Host1, Failure = Some.Glitch, NovaEvent = "e", Note = "n" }],
        };

        var back = EngineJson.Read<TaskRecord>(EngineJson.Write(record));

        Assert.Equal(EngineJson.Write(record), EngineJson.Write(back));
        foreach (var property in typeof(TaskRecord).GetProperties().Where(p => p.CanWrite))
        {
            var text = JsonSerializer.Serialize(property.GetValue(back), property.PropertyType, EngineJson.Options);
            Assert.Equal(JsonSerializer.Serialize(property.GetValue(record), property.PropertyType, EngineJson.Options), text);
        }

        Assert.Equal(PowerState.NoState, back.Power);
    }

    [Fact]
    public void Json_AnInstance_RoundTrips()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("stop"), Queue = [Some.Ref("start")], Metadata = new() { ["a"] = "" }, TrustedCertificates = [] };

        Assert.Equal(EngineJson.Write(instance), EngineJson.Write(EngineJson.Read<InstanceRecord>(EngineJson.Write(instance))));
    }

    [Fact]
    public void Json_Null_IsRefused()
    {
        Assert.Throws<JsonException>(() => EngineJson.Read<TaskRecord>("null"));
    }

    [Fact]
    public void Fold_WithoutAnAccept_IsRefused()
    {
        Assert.Throws<InvalidOperationException>(() => TaskMachine.Fold([]));
        Assert.Throws<InvalidOperationException>(() => TaskMachine.Fold([[new TaskProceeded()]]));
    }

    [Fact]
    public void Fold_OneRowWithSeveralEvents_IsOneSequenceNumber()
    {
        var accepted = new TaskAccepted { At = Some.Start, Initial = Some.Task(TaskKinds.Stop) };

        var task = TaskMachine.Fold([[accepted, Done(0)], [Done(1), End(TaskOutcome.Succeeded)]]);

        Assert.Equal((2L, "succeeded"), (task.Seq, task.State));
    }

    [Fact]
    public void Accept_OpensTheFirstStepAndShowsItsTaskState()
    {
        var task = Some.Accept(Some.Task(TaskKinds.Create));

        Assert.Equal(("scheduling", 1L), (task.TaskState, task.Seq));
        var step = Assert.Single(task.Steps);
        Assert.Equal(("choose-host", "compute__do_build_and_run_instance", null), (step.Name, step.NovaEvent, step.FinishedAt));
    }

    [Fact]
    public void Accept_Queued_ShowsNothingAndHasNoStep()
    {
        var task = Some.Accept(Some.Task(TaskKinds.Stop) with { Run = TaskRun.Queued, Turn = 0 });

        Assert.Null(task.TaskState);
        Assert.Empty(task.Steps);
    }

    [Fact]
    public void Granted_TakesTurnHostAndStateAndStarts()
    {
        var queued = Some.Accept(Some.Task(TaskKinds.Stop) with { Run = TaskRun.Queued, Turn = 0, StartedAt = null, WaitReason = "w", Host = null });

        var task = Apply(queued, new TaskGranted { At = Later, Turn = 9, Host = Some.Host2, Zone = "z", MustFence = true, FromState = VmState.Error });

        Assert.Equal((9L, Some.Host2, "z", true, VmState.Error), (task.Turn, task.Host, task.Zone, task.MustFence, task.FromState));
        Assert.Equal((Later, (string?)null, "powering-off", TaskRun.Running), (task.StartedAt, task.WaitReason, task.TaskState, task.Run));
        Assert.Equal("shut-down-guest", Assert.Single(task.Steps).Name);
    }

    [Fact]
    public void Claimed_RaisesTheEpochSpendsTheTokenAndMustFence()
    {
        var task = Apply(Stop() with { Token = Guid.NewGuid() }, new TaskClaimed { At = Later, Epoch = 2, Generation = 5 });

        Assert.Equal((2, 5L, (Guid?)null, true), (task.Epoch, task.Generation, task.Token, task.MustFence));
        Assert.Equal(Later, task.UpdatedAt);
    }

    [Fact]
    public void StepDone_ClosesItsEntryAndOpensTheNext()
    {
        var failed = Apply(Stop() with { MustFence = true }, Failed());
        var task = Apply(failed, Done(0) with { Power = PowerState.Shutdown, Note = "n" });

        Assert.Equal((1, 0, false, PowerState.Shutdown), (task.Step, task.FailedAttempts, task.MustFence, task.Power));
        Assert.Equal([("shut-down-guest", "done", 2), ("power-off", null, 0)], task.Steps.Select(s => (s.Name, s.Result, s.Attempts)));
        Assert.Equal((TaskRun.Running, (DateTimeOffset?)null, (string?)null), (task.Run, task.NotBefore, task.WaitReason));
    }

    [Fact]
    public void StepDone_ThatFreesTheHost_HasNone()
    {
        var task = Apply(Undoing(TaskKinds.Create, 0), new StepDone { At = Later, Step = 0, Direction = Direction.Undo, FreesHost = true });

        Assert.Equal((-1, (HostName?)null, ""), (task.Step, task.Host, task.Zone));
    }

    [Fact]
    public void StepDone_Skipped_KeepsTheFence()
    {
        var task = Apply(Stop() with { MustFence = true }, Done(0) with { Skipped = true });

        Assert.True(task.MustFence);
        Assert.Equal(("skipped", 0), (task.Steps[0].Result, task.Steps[0].Attempts));
    }

    [Fact]
    public void StepDone_SkippedAfterAFailedAttempt_CountsTheAttemptOnce()
    {
        var task = Apply(Apply(Stop(), Failed()), Done(0) with { Skipped = true, Failure = Some.Glitch });

        Assert.Equal(("skipped", 1, Some.Glitch), (task.Steps[0].Result, task.Steps[0].Attempts, task.Steps[0].Failure));
    }

    [Fact]
    public void AttemptFailed_CountsAndWaits()
    {
        var task = Apply(Stop(), Failed() with { MustFence = true, RetryAt = Later });

        Assert.Equal((1, true, Later, "a glitch", TaskRun.Waiting), (task.FailedAttempts, task.MustFence, task.NotBefore, task.WaitReason, task.Run));
        Assert.Equal((1, Some.Glitch, null), (task.Steps[0].Attempts, task.Steps[0].Failure, task.Steps[0].FinishedAt));
    }

    [Fact]
    public void AttemptFailed_Lost_DoesNotUseUpARetry()
    {
        Assert.Equal(0, Apply(Stop(), Failed() with { Failure = Some.Glitch with { Kind = FailureKinds.Lost } }).FailedAttempts);
    }

    [Fact]
    public void Waiting_Proceeded_ShowsAndHidesTheReason()
    {
        var waiting = Apply(Stop(), new TaskWaiting { At = Later, Reason = "r", Until = Later });
        Assert.Equal(("r", Later, "waiting"), (waiting.WaitReason, waiting.NotBefore, waiting.State));

        var task = Apply(waiting, new TaskProceeded { At = Later });
        Assert.Equal((null, null, "running"), (task.WaitReason, task.NotBefore, task.State));
    }

    [Fact]
    public void HostRefused_AddsWithoutMutating()
    {
        var before = Some.Accept(Some.Task(TaskKinds.Create));

        var task = Apply(before, new HostRefused { At = Later, Host = Some.Host2, Reason = "full" });

        Assert.Empty(before.RefusedHosts);
        Assert.Equal("full", task.RefusedHosts["h2"]);
    }

    [Fact]
    public void IntentSet_Cancel_IsRecordedAndEndsTheBackOff()
    {
        var command = Some.Record(TaskCommandKind.Cancel);

        var task = Apply(Apply(Stop(), Failed()), new IntentSet { At = Later, Intent = TaskIntent.Cancel, Command = command });

        Assert.Equal(("canceling", null, command), (task.State, task.NotBefore, task.Commands.Single()));
        Assert.Equal("powering-off", task.TaskState);
    }

    [Fact]
    public void IntentSet_Supersede_ShowsTheSuccessorsTaskState()
    {
        var successor = TaskId.New();
        var superseded = Apply(Some.Accept(Some.Task(TaskKinds.Create)), new IntentSet { At = Later, Intent = TaskIntent.Supersede, Successor = successor, ShownTaskState = "deleting" });
        Assert.Equal((successor, "deleting"), (superseded.SupersededBy, superseded.TaskState));

        // Whatever its steps still do, the machine is shown as being deleted.
        Assert.Equal("deleting", Apply(superseded, new StepDone { At = Later, Step = 0, Host = Some.Host1, Zone = "z" }).TaskState);
    }

    [Fact]
    public void Pause_ReachedResumedTakenBack()
    {
        var asked = Apply(Stop(), new IntentSet { At = Later, Intent = TaskIntent.Pause, Command = Some.Record(TaskCommandKind.Pause) });
        Assert.Equal("pausing", asked.State);
        Assert.Equal(("running", 2), Named(Apply(asked, new IntentTakenBack { At = Later, Command = Some.Record(TaskCommandKind.Resume) })));

        var paused = Apply(asked, new TaskPaused { At = Later });
        Assert.Equal(("paused", 1), Named(paused));
        Assert.Equal(("running", 2), Named(Apply(paused, new TaskResumed { At = Later, Command = Some.Record(TaskCommandKind.Resume) })));
    }

    [Fact]
    public void UndoBegun_ByAFailure_ClosesTheStepAsFailedAndOpensItsUndo()
    {
        var task = Apply(Stop(), new UndoBegun { At = Later, Failure = Some.GuestFailure, FromStep = 0, MustFence = true });

        Assert.Equal(("undoing", Some.GuestFailure, true, 0), (task.State, task.Failure, task.MustFence, task.Step));
        Assert.Equal([(Direction.Do, "failed", 1), (Direction.Undo, null, 0)], task.Steps.Select(s => (s.Direction, s.Result, s.Attempts)));
    }

    [Fact]
    public void UndoBegun_ByACancel_ClosesTheStepAsSkipped()
    {
        var task = Apply(Stop(), new UndoBegun { At = Later, FromStep = -1 });

        Assert.Null(task.Failure);
        Assert.Equal(("skipped", "not finished: the task was canceled"), (task.Steps.Single().Result, task.Steps.Single().Note));
    }

    [Fact]
    public void AttentionNeeded_GivesTheMachineBack()
    {
        var task = Attention();

        Assert.Equal(("needs_attention", 0L, null, 0L, Some.GuestFailure), (task.State, task.Turn, task.TaskState, task.Generation, task.Failure));
        Assert.Equal("failed", task.Steps.Single().Result);
    }

    [Theory]
    [InlineData(TaskCommandKind.Retry, 0, "failed")]
    [InlineData(TaskCommandKind.Skip, 1, "skipped")]
    [InlineData(TaskCommandKind.Done, 1, "done")]
    public void AttentionDecided_GoesOnAtTheStepOrBehindIt(TaskCommandKind kind, int step, string result)
    {
        var task = Apply(Attention(), new AttentionDecided { At = Later, Command = Some.Record(kind, "why") });

        Assert.Equal((step, true, null, "waiting"), (task.Step, task.MustFence, task.Failure, task.State));
        Assert.Equal(result, task.Steps.Single().Result);
        Assert.Equal(kind == TaskCommandKind.Retry ? null : $"{kind.ToString().ToLowerInvariant()} by u1: why", task.Steps.Single().Note);
    }

    [Fact]
    public void AttentionDecided_WhileUndoing_GoesBackToWhatFailedFirst()
    {
        var undoing = Apply(Stop(), new UndoBegun { At = Later, Failure = Some.GuestFailure, FromStep = 0 });
        var attention = Apply(undoing, new AttentionNeeded { At = Later, Failure = Some.Glitch });

        var task = Apply(attention, new AttentionDecided { At = Later, Command = Some.Record(TaskCommandKind.Retry) });

        Assert.Equal((Some.Glitch, Some.GuestFailure), (attention.Failure, task.Failure));
    }

    [Theory]
    [InlineData(TaskOutcome.Succeeded, "succeeded", "skipped")]
    [InlineData(TaskOutcome.Failed, "failed", "failed")]
    [InlineData(TaskOutcome.Canceled, "canceled", "skipped")]
    public void Ended_ClosesEverything(TaskOutcome outcome, string state, string open)
    {
        var by = TaskId.New();
        var task = Apply(Stop() with { Token = Guid.NewGuid(), Generation = 4, WaitReason = "w" }, End(outcome) with { SupersededBy = by, Failure = outcome == TaskOutcome.Failed ? Some.Glitch : null });

        Assert.Equal((state, Later, null, 0L, null, null, by), (task.State, task.FinishedAt!.Value, task.TaskState, task.Generation, task.Token, task.WaitReason, task.SupersededBy));
        Assert.Equal((open, Later), (task.Steps.Single().Result, task.Steps.Single().FinishedAt!.Value));
        Assert.Equal(0, task.Turn);
    }

    [Fact]
    public void Ended_Refused_IsNoTransition()
    {
        Assert.Throws<InvalidOperationException>(() => Apply(Stop(), End(TaskOutcome.Refused)));
    }

    [Fact]
    public void Apply_AnIllegalEvent_Throws()
    {
        Assert.Throws<IllegalTransitionException>(() => Apply(Stop(), new TaskResumed { Command = Some.Record(TaskCommandKind.Resume) }));
    }

    [Fact]
    public void TaskState_FollowsTheSteps()
    {
        var shown = new List<string?>();
        var task = Some.Accept(Some.Task(TaskKinds.Create));
        shown.Add(task.TaskState);
        for (var step = 0; step < 4; step++)
        {
            task = Apply(task, Done(step));
            shown.Add(task.TaskState);
        }

        Assert.Equal(["scheduling", "block_device_mapping", "spawning", "spawning", "scheduling"], shown);
    }

    private static (string State, int Commands) Named(TaskRecord task) => (task.State, task.Commands.Count);

    private static TaskRecord Stop() => Some.Accept(Some.Task(TaskKinds.Stop));

    private static TaskRecord Undoing(TaskKind kind, int step) =>
        Apply(Some.Accept(Some.Task(kind, step)), new UndoBegun { At = Later, Failure = Some.GuestFailure, FromStep = step });

    private static TaskRecord Attention() => Apply(Stop(), new AttentionNeeded { At = Later, Failure = Some.GuestFailure });

    private static TaskRecord Apply(TaskRecord task, TaskEvent e) => TaskMachine.Preview(task, [e]);

    private static StepDone Done(int step) => new() { At = Later, Step = step };

    private static AttemptFailed Failed() => new() { At = Later, Failure = Some.Glitch, RetryAt = Later };

    private static TaskEnded End(TaskOutcome outcome) => new() { At = Later, Outcome = outcome };

    private static Dictionary<string, TaskEvent> Events() => new()
    {
        ["accepted"] = new TaskAccepted { At = Later, Initial = Some.Task(TaskKinds.Create) },
        ["granted"] = new TaskGranted { At = Later, Turn = 3, Host = Some.Host1, Zone = "z", MustFence = true, FromState = VmState.Stopped },
        ["claimed"] = new TaskClaimed { At = Later, Epoch = 2, Generation = 3 },
        ["step_done"] = new StepDone { At = Later, Step = 1, Direction = Direction.Undo, Host = Some.Host1, Zone = "z", FreesHost = true, Power = PowerState.NoState, Skipped = true, Note = "n", Failure = Some.Glitch },
        ["attempt_failed"] = new AttemptFailed { At = Later, Step = 1, Direction = Direction.Undo, Failure = Some.Glitch, RetryAt = Later, MustFence = true },
        ["waiting"] = new TaskWaiting { At = Later, Reason = "r", Until = Later },
        ["proceeded"] = new TaskProceeded { At = Later },
        ["host_refused"] = new HostRefused { At = Later, Host = Some.Host1, Reason = "r" },
        ["intent_set"] = new IntentSet { At = Later, Intent = TaskIntent.Supersede, Successor = TaskId.New(), Command = Some.Record(TaskCommandKind.Cancel), ShownTaskState = "deleting" },
        ["intent_taken_back"] = new IntentTakenBack { At = Later, Command = Some.Record(TaskCommandKind.Resume) },
        ["paused"] = new TaskPaused { At = Later },
        ["resumed"] = new TaskResumed { At = Later, Command = Some.Record(TaskCommandKind.Resume, "why") },
        ["undo_begun"] = new UndoBegun { At = Later, Failure = Some.Glitch, FromStep = -1, MustFence = true },
        ["attention_needed"] = new AttentionNeeded { At = Later, Failure = Some.Glitch },
        ["attention_decided"] = new AttentionDecided { At = Later, Command = Some.Record(TaskCommandKind.Skip, "why") },
        ["ended"] = new TaskEnded { At = Later, Outcome = TaskOutcome.Canceled, Failure = Some.Glitch, SupersededBy = TaskId.New(), Command = Some.Record(TaskCommandKind.Abandon) },
        ["deadline_passed"] = new DeadlinePassed { At = Later, Failure = Some.Glitch },
        ["priority_set"] = new PrioritySet { At = Later, Priority = 9, Command = Some.Record(TaskCommandKind.SetPriority, "why") },
        ["children_moved"] = new ChildrenMoved { At = Later, Next = 3, Refused = new() { [1] = "busy" }, Created = 2, Removed = 1 },
    };
}
