using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Resize, its confirm and its revert: what the server shows, what is held of host and quota at every stage, and every way out.</summary>
public sealed class ResizeTests
{
    private static readonly Resources Tiny = Some.Flavor.ToResources();
    private static readonly Resources Large = Some.Large.ToResources();

    private readonly Cluster _cluster = new();

    [Theory]
    [InlineData(VmState.Active)]
    [InlineData(VmState.Stopped)]
    public async Task Resize_Confirmed_KeepsTheNewMachineOnly(VmState from)
    {
        var id = _cluster.Add(from).Id;

        await DoAsync(TaskKinds.Resize, id);
        Expect(id, VmState.Resized, Some.Large, Tiny + Large, cores: 2);
        Invariants.CheckWorld(_cluster);
        await DoAsync(TaskKinds.ConfirmResize, id);

        Expect(id, from, Some.Large, Large, cores: 2);
        Invariants.CheckWorld(_cluster);
    }

    [Theory]
    [InlineData(VmState.Active)]
    [InlineData(VmState.Stopped)]
    public async Task Resize_Reverted_IsAsBefore(VmState from)
    {
        var id = _cluster.Add(from).Id;

        await DoAsync(TaskKinds.Resize, id);
        await DoAsync(TaskKinds.RevertResize, id);

        Expect(id, from, Some.Flavor, Tiny, cores: 1);
        Invariants.CheckWorld(_cluster);
    }

    /// <summary>Found by reading: what needed attention went on beside a resize that was to be decided, and could leave a state from which neither confirm nor revert may start.</summary>
    [Fact]
    public async Task TaskThatNeedsAttention_TheServerWasResizedSince_IsRefusedUntilThatIsDecided()
    {
        var id = _cluster.Add(VmState.Stopped).Id;
        _cluster.World.On("start-machine", Act.FailFinal);
        _cluster.World.On("start-machine", Direction.Undo, Act.FailFinal);
        var start = await _cluster.AcceptAsync(TaskKinds.Start, id);
        await _cluster.RunToRestAsync();
        Assert.Equal("needs_attention", _cluster.Task(start.Task).State);
        await DoAsync(TaskKinds.ResetToActive, id);
        await DoAsync(TaskKinds.Resize, id);

        var early = await _cluster.CommandAsync(start.Task, TaskCommandKind.Retry);
        await DoAsync(TaskKinds.RevertResize, id);

        Assert.Equal((false, RefusalKind.WrongState), (early.Accepted, early.Refusal?.Kind));
        Assert.Equal(VmState.Active, _cluster.Instance(id).VmState);
    }

    [Fact]
    public async Task Resize_Running_ShowsTheOldFlavorAndNovasTaskStates()
    {
        var id = _cluster.Add().Id;
        var shown = new List<string?>();
        _cluster.Journal.After = c =>
        {
            Invariants.Check(_cluster.Journal, c);
            shown.Add(c.Tasks[0].After.TaskState);
            Assert.True(c.Tasks[0].After.IsEnded || _cluster.Instance(id).Flavor.Id == Some.Flavor.Id);
        };

        await DoAsync(TaskKinds.Resize, id);

        Assert.Equal(["resize_prep", "resize_migrating", "resize_migrated", "resize_finish", null], shown.Distinct());
    }

    [Fact]
    public async Task Resize_ToASmallerFlavor_HoldsTheLargerShareUntilConfirmed()
    {
        var id = _cluster.Add(Some.Instance() with { Flavor = Some.Large }).Id;

        await AcceptAsync(id, Some.Flavor);
        await _cluster.RunToRestAsync();
        Expect(id, VmState.Resized, Some.Flavor, Tiny + Large, cores: 2);
        await DoAsync(TaskKinds.ConfirmResize, id);

        Expect(id, VmState.Active, Some.Flavor, Tiny, cores: 1);
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Resize_HostHasNoRoom_FailsAndLeavesEverything()
    {
        var id = _cluster.Add().Id;

        var task = await AcceptAsync(id, Some.Large with { Id = "huge", RamMb = 8192 });
        await _cluster.RunToRestAsync();

        Assert.Equal(("failed", FailureKinds.NoValidHost), (_cluster.Task(task).State, _cluster.Task(task).Failure!.Kind));
        Assert.Equal("h1: has 7 vCPUs, 7680 MB and 79 GB free", _cluster.Task(task).Failure!.Details);
        Expect(id, VmState.Active, Some.Flavor, Tiny, cores: 1);
        Assert.Empty(_cluster.World.Effects);
    }

    [Fact]
    public async Task Resize_OverQuota_IsRefusedInNovasWords()
    {
        var instance = _cluster.Add();
        _cluster.Journal.Quota[instance.Project] = _cluster.Journal.Quota[instance.Project] with { MaxCores = 1 };

        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, instance.Id));

        Assert.Equal((RefusalKind.Quota, "Quota exceeded for cores: Requested 1, but already used 1 of 1 cores"), (answer.Refusal!.Kind, answer.Refusal.Message));
        Expect(instance.Id, VmState.Active, Some.Flavor, Tiny, cores: 1);
    }

    [Fact]
    public async Task Resize_SameOrNoFlavor_IsInvalid()
    {
        var id = _cluster.Add().Id;

        var same = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, id) with { Change = new() { Flavor = Some.Flavor } });
        var none = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, id) with { Change = null });

        Assert.Equal((RefusalKind.Invalid, "When resizing, instances must change flavor!"), (same.Refusal!.Kind, same.Refusal.Message));
        Assert.Equal(RefusalKind.Invalid, none.Refusal!.Kind);
    }

    [Fact]
    public async Task Resize_WhileAnotherHasTheMachine_DoesNotWait()
    {
        var id = _cluster.Add().Id;
        var stop = await _cluster.AcceptAsync(TaskKinds.Stop, id);

        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, id) with { QueueWhenBusy = true });

        Assert.Equal((RefusalKind.Busy, stop.Task, false), (answer.Refusal!.Kind, answer.Refusal.RunningTask!.Value, answer.Refusal.CanQueue));
    }

    [Theory]
    [InlineData("confirm-resize")]
    [InlineData("revert-resize")]
    public async Task End_WithoutAResize_IsRefusedAsInTheWrongState(string kind)
    {
        var answer = await _cluster.SubmitAsync(Some.Request(new TaskKind(kind), _cluster.Add().Id));

        Assert.Equal(RefusalKind.WrongState, answer.Refusal!.Kind);
        Assert.EndsWith("while it is in vm_state active", answer.Refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Confirm_ToWaitBehindWhatIsNoResize_IsRefused()
    {
        var id = _cluster.Add().Id;
        await _cluster.AcceptAsync(TaskKinds.Reboot, id);

        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.ConfirmResize, id) with { QueueWhenBusy = true });

        Assert.Equal((RefusalKind.WrongState, $"Cannot 'confirmResize' instance {id}: it has not been resized"), (answer.Refusal!.Kind, answer.Refusal.Message));
    }

    /// <summary>Found by the verifier: the claim that was given back had the machine taken for fenced, and the next task started beside an operation under way.</summary>
    [Fact]
    public async Task Resize_CanceledWhileAnAttemptIsGivenUp_TheNextTaskFencesFirst()
    {
        var id = _cluster.Add(VmState.Stopped).Id;
        _cluster.World.On("power-off", Act.Hang);
        var task = (await _cluster.AcceptAsync(TaskKinds.Resize, id)).Task;
        await _cluster.RunAsync();
        await _cluster.CommandAsync(task, TaskCommandKind.Cancel);

        _cluster.Worker.Finish(Act.Abandon);
        await _cluster.RunToRestAsync();

        Assert.Equal("canceled", _cluster.Task(task).State);
        Assert.True(_cluster.Instance(id).FenceNext);
        Expect(id, VmState.Stopped, Some.Flavor, Tiny, cores: 1);
    }

    [Fact]
    public async Task Resize_BeforeTheLastIsDecided_IsRefused()
    {
        var id = _cluster.Add().Id;
        await DoAsync(TaskKinds.Resize, id);
        await _cluster.SubmitAsync(Some.Request(TaskKinds.ResetToActive, id, Some.Admin));

        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, id) with { Change = new() { Flavor = Some.Flavor } });

        Assert.Equal(RefusalKind.WrongState, answer.Refusal!.Kind);
        await DoAsync(TaskKinds.ConfirmResize, id);
        Expect(id, VmState.Active, Some.Large, Large, cores: 2);
    }

    [Theory]
    [InlineData("confirm-resize", "2")]
    [InlineData("revert-resize", "1")]
    public async Task End_QueuedBehindTheResize_LeadsBackToHowItWas(string kind, string flavor)
    {
        var id = _cluster.Add(VmState.Stopped).Id;
        var resize = await _cluster.AcceptAsync(TaskKinds.Resize, id);

        var end = await _cluster.AcceptAsync(new TaskKind(kind), id, queue: true);
        var start = await _cluster.AcceptAsync(TaskKinds.Start, id, queue: true);
        await _cluster.RunToRestAsync();

        Assert.Equal(["succeeded", "succeeded", "succeeded"], new[] { resize.Task, end.Task, start.Task }.Select(t => _cluster.Task(t).State));
        Assert.Equal((VmState.Active, flavor), (_cluster.Instance(id).VmState, _cluster.Instance(id).Flavor.Id));
        Assert.Equal(_cluster.Instance(id).Flavor.ToResources(), _cluster.Task(start.Task).Machine!.Resources);
        Invariants.CheckWorld(_cluster);
    }

    [Theory]
    [InlineData(VmState.Active)]
    [InlineData(VmState.Stopped)]
    public async Task Delete_WhileAResizeWaitsToBeConfirmed_LeavesNothing(VmState from)
    {
        var id = _cluster.Add(from).Id;
        await DoAsync(TaskKinds.Resize, id);

        await DoAsync(TaskKinds.Delete, id);

        Assert.Empty(_cluster.Journal.Claims);
        Assert.Equal((0, 0, 0), UsageOf(id));
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Resize_ItsUndoFails_HoldsBothUntilThatIsDone()
    {
        var id = _cluster.Add().Id;
        _cluster.World.On("copy-disk", Act.FailFinal);
        _cluster.World.On("set-machine-aside", Direction.Undo, Act.FailFinal);

        var task = (await _cluster.AcceptAsync(TaskKinds.Resize, id)).Task;
        await _cluster.RunToRestAsync();
        Assert.Equal("needs_attention", _cluster.Task(task).State);
        Expect(id, VmState.Error, Some.Flavor, Tiny + Large, cores: 2);
        Assert.True((await _cluster.CommandAsync(task, TaskCommandKind.Retry)).Accepted);
        await _cluster.RunToRestAsync();

        Assert.Equal("failed", _cluster.Task(task).State);
        Expect(id, VmState.Active, Some.Flavor, Tiny, cores: 1);
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Revert_AfterAnAbandonedResize_LeadsBackToHowItWas()
    {
        var id = _cluster.Add().Id;
        _cluster.World.On("start-machine", Act.FailFinal);
        _cluster.World.On("start-machine", Direction.Undo, Act.FailFinal);
        var task = (await _cluster.AcceptAsync(TaskKinds.Resize, id)).Task;
        await _cluster.RunToRestAsync();
        Assert.True((await _cluster.CommandAsync(task, TaskCommandKind.Abandon)).Accepted);
        Expect(id, VmState.Error, Some.Flavor, Tiny + Large, cores: 2);

        var confirm = await _cluster.SubmitAsync(Some.Request(TaskKinds.ConfirmResize, id));
        await DoAsync(TaskKinds.RevertResize, id);

        Assert.Equal(RefusalKind.WrongState, confirm.Refusal!.Kind);
        Expect(id, VmState.Active, Some.Flavor, Tiny, cores: 1);
        Invariants.CheckWorld(_cluster);
    }

    [Theory]
    [InlineData("confirm-resize", "drop-old-machine", "revert-resize")]
    [InlineData("revert-resize", "put-machine-back", "confirm-resize")]
    public async Task End_StoppedHalfWay_CanOnlyBeFinished(string kind, string step, string other)
    {
        var id = _cluster.Add().Id;
        await DoAsync(TaskKinds.Resize, id);
        _cluster.World.On(step, Act.FailFinal);
        var task = (await _cluster.AcceptAsync(new TaskKind(kind), id)).Task;
        await _cluster.RunToRestAsync();
        Assert.Equal("needs_attention", _cluster.Task(task).State);
        Expect(id, VmState.Error, Some.Large, Tiny + Large, cores: 2);

        var refused = await _cluster.SubmitAsync(Some.Request(new TaskKind(other), id));
        await DoAsync(new TaskKind(kind), id);

        Assert.Equal(RefusalKind.WrongState, refused.Refusal!.Kind);
        Assert.Equal("canceled", _cluster.Task(task).State);
        Assert.Equal((VmState.Active, null), (_cluster.Instance(id).VmState, _cluster.Instance(id).Resize));
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Resize_StoppedHalfWayByADeleteThatIsCanceled_CanBeReverted()
    {
        var id = _cluster.Add().Id;
        _cluster.World.On("copy-disk", Act.Hang);
        var resize = (await _cluster.AcceptAsync(TaskKinds.Resize, id)).Task;
        await _cluster.RunAsync();
        _cluster.Worker.Polls = false;
        var delete = (await _cluster.AcceptAsync(TaskKinds.Delete, id)).Task;
        Assert.True((await _cluster.CommandAsync(delete, TaskCommandKind.Cancel)).Accepted);
        _cluster.Worker.Polls = true;
        await _cluster.RunToRestAsync();
        Assert.Equal("canceled", _cluster.Task(resize).State);
        Expect(id, VmState.Error, Some.Flavor, Tiny + Large, cores: 2);

        await DoAsync(TaskKinds.RevertResize, id);

        Expect(id, VmState.Active, Some.Flavor, Tiny, cores: 1);
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Retry_OfAFailedResize_IsToTheSameFlavor()
    {
        var id = _cluster.Add().Id;
        _cluster.World.On("copy-disk", Act.FailFinal);
        var task = (await _cluster.AcceptAsync(TaskKinds.Resize, id)).Task;
        await _cluster.RunToRestAsync();

        var answer = await _cluster.SubmitAsync(Retries.Of(_cluster.Task(task), TaskId.New(), RequestId.New(), Some.Owner, null));
        await _cluster.RunToRestAsync();

        Assert.Equal("succeeded", _cluster.Task(answer.Task).State);
        Expect(id, VmState.Resized, Some.Large, Tiny + Large, cores: 2);
    }

    [Fact]
    public void DryRun_OfAResize_SaysWhatWouldBeLeftOutAndWhatIsInTheWay()
    {
        var instance = Some.Instance(VmState.Stopped);
        HostView[] hosts = [new(Some.Host1, "nova", new(2, 8192, 80), new(1, 512, 1), null), new(Some.Host2, "nova", new(8, 8192, 80), default, null)];
        var request = Some.Request(TaskKinds.Resize, instance.Id);

        var run = DryRuns.Of(instance, request, hosts, new(1, 1, 512), Some.Start)!;
        var over = DryRuns.Of(instance, request, hosts, new(1, 1, 512, MaxCores: 1), Some.Start)!;

        Assert.Equal((AcceptMode.Now, false, Some.Host1), (run.Mode, run.ChoosesHost, run.Host!.Value));
        Assert.Equal("has 1 vCPUs, 7680 MB and 79 GB free", Assert.Single(run.RefusedHosts).Value);
        Assert.Equal(["shut-down-guest", "start-machine"], run.Steps.Where(s => s.SkippedBecause is not null).Select(s => s.Step.Name));
        Assert.Equal(RefusalKind.Quota, over.Refusal!.Kind);
    }

    private async Task DoAsync(TaskKind kind, InstanceId instance)
    {
        var task = (await _cluster.AcceptAsync(kind, instance)).Task;
        await _cluster.RunToRestAsync();
        Assert.True(_cluster.Task(task).State == "succeeded", $"{kind} is {_cluster.Task(task).State}: {_cluster.Task(task).Failure}");
    }

    private async Task<TaskId> AcceptAsync(InstanceId instance, FlavorSnapshot flavor)
    {
        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.Resize, instance) with { Change = new() { Flavor = flavor } });
        Assert.True(answer.Verdict == AcceptVerdict.Accepted, answer.Refusal?.Message);
        return answer.Task;
    }

    private void Expect(InstanceId id, VmState state, FlavorSnapshot flavor, Resources claimed, int cores)
    {
        var instance = _cluster.Instance(id);
        Assert.Equal((state, flavor.Id), (instance.VmState, instance.Flavor.Id));
        Assert.Equal(claimed, Assert.Single(_cluster.Journal.Claims).Value.Resources);
        Assert.Equal(cores, UsageOf(id).Cores);
    }

    private (int Instances, int Cores, int RamMb) UsageOf(InstanceId id)
    {
        var used = _cluster.Journal.Quota[_cluster.Instance(id).Project];
        return (used.Instances, used.Cores, used.RamMb);
    }
}
