using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

public sealed class SimulatedFaultTests : IAsyncLifetime
{
    private SimulatedSubject subject = null!;

    private SimulatedWorld World => subject.World;

    public async Task InitializeAsync() => subject = await SimulatedSubject.OpenAsync();

    public async Task DisposeAsync() => await subject.DisposeAsync();

    [Theory]
    [InlineData(SimulatedFaultAction.Fail, true)]
    [InlineData(SimulatedFaultAction.FailNonRetryable, false)]
    public async Task Fail_Once_FailsWithoutEffectAndTheRepeatSucceeds(SimulatedFaultAction action, bool retryable)
    {
        var m = await subject.NewMachine().DefinedAsync();
        var fault = await World.AddFaultAsync(new() { Action = action, Verb = Verb.Start, FailureKind = FailureKinds.Guest, Message = "No luck." });

        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Start));

        Assert.Equal((FailureKinds.Guest, "No luck.", retryable), (e.Failure.Kind, e.Failure.Message, e.Failure.Retryable));
        Assert.Equal(1, await World.ReadFiredAsync(fault));
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        Assert.DoesNotContain(await World.ReadEffectsAsync(), x => x.Verb == Verb.Start);
        Assert.Equal(new Observation(true, false, e.Failure, PowerState.Shutdown), await m.ObserveAsync(nameof(Verb.Start)));
        Assert.Equal(PowerState.Running, (await m.RunAsync(Verb.Start)).Power);
        Assert.Equal(1, await World.ReadFiredAsync(fault));
    }

    [Fact]
    public async Task Fail_WithLatency_FailsOnlyWhenTheTimeIsOver()
    {
        var m = await subject.NewMachine().DefinedAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Fail, Verb = Verb.Start, Delay = TimeSpan.FromHours(1) });
        var start = m.RunAsync(Verb.Start);
        await FiredAsync(fault);
        Assert.False(start.IsCompleted);

        await World.MoveClockAsync(TimeSpan.FromHours(1));
        await Assert.ThrowsAsync<HypervisorException>(() => start.Soon());
    }

    [Fact]
    public async Task FailAfterEffect_TheEffectIsThereAndCountedAndObserved()
    {
        var m = await subject.NewMachine().DefinedAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.FailAfterEffect, Verb = Verb.Start });

        await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Start));

        Assert.Equal(1, await World.ReadFiredAsync(fault));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        Assert.Equal(1, Assert.Single(await World.ReadEffectsAsync(), x => x.Verb == Verb.Start).Count);
        Assert.Equal(new Observation(true, true, null, PowerState.Running), await m.ObserveAsync(nameof(Verb.Start)));
        var operation = (await World.ReadOperationsAsync())[^1];
        Assert.Equal((SimulatedOperationState.Failed, true, fault), (operation.State, operation.Applied, operation.Fault));
    }

    [Fact]
    public async Task Hang_OnlyAFenceMayAbort_IgnoresTheCallerAndYieldsToTheFence()
    {
        var m = await subject.NewMachine().RunningAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Hang, Verb = Verb.PowerOff, AbortRule = SimulatedAbortRule.Fence });
        using var abort = new CancellationTokenSource();
        var off = m.RunAsync(Verb.PowerOff, abort.Token);
        await FiredAsync(fault);

        await abort.CancelAsync();
        Assert.Equal(SimulatedOperationState.Begun, (await World.ReadOperationsAsync())[^1].State);
        Assert.False(off.IsCompleted);

        await m.FenceAsync(Machine.Of(99)).Soon();
        await Assert.ThrowsAsync<StaleStampException>(() => off.Soon());
        Assert.Equal(PowerState.Running, await m.PowerAsync());
    }

    [Fact]
    public async Task Hang_NobodyMayAbort_IgnoresTheCallerAndHappensWhenCleared()
    {
        var m = await subject.NewMachine().RunningAsync();
        var hold = await subject.HoldAsync(Verb.PowerOff, abortable: false);
        using var abort = new CancellationTokenSource();
        var off = m.RunAsync(Verb.PowerOff, abort.Token);
        await hold.WaitUntilHeldAsync();

        await abort.CancelAsync();
        await World.MoveClockAsync(TimeSpan.FromDays(300));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        Assert.False(off.IsCompleted);

        await hold.ReleaseAsync();
        Assert.Equal(PowerState.Shutdown, (await off.Soon()).Power);
    }

    [Fact]
    public async Task Hang_Aborted_LeavesNoEffectAndAnAbortedOperation()
    {
        var m = await subject.NewMachine().RunningAsync();
        var hold = await subject.HoldAsync(Verb.PowerOff, abortable: true);
        using var abort = new CancellationTokenSource();
        var off = m.RunAsync(Verb.PowerOff, abort.Token);
        await hold.WaitUntilHeldAsync();

        await abort.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => off.Soon());
        Assert.Equal(SimulatedOperationState.Aborted, (await World.ReadOperationsAsync())[^1].State);
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        Assert.DoesNotContain(await World.ReadEffectsAsync(), x => x.Verb == Verb.PowerOff);
    }

    [Theory]
    [InlineData(Verb.Shutdown, PowerState.Shutdown)]
    [InlineData(Verb.Reboot, PowerState.Running)]
    public async Task HangGuest_RunningMachine_HangsUntilAbortedAndPowerOffStillWorks(Verb verb, PowerState after)
    {
        var m = await subject.NewMachine().RunningAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.HangGuest, Times = null });
        using var abort = new CancellationTokenSource();
        var asked = m.RunAsync(verb, abort.Token);
        await FiredAsync(fault);
        await World.MoveClockAsync(TimeSpan.FromDays(1));
        Assert.Equal(SimulatedOperationState.Begun, (await World.ReadOperationsAsync())[^1].State);

        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked.Soon());
        Assert.Equal(PowerState.Shutdown, (await m.RunAsync(Verb.PowerOff).Soon()).Power);
        await m.RunAsync(Verb.Start).Soon();
        Assert.Equal(1, await World.ReadFiredAsync(fault));

        await World.ClearFaultsAsync();
        Assert.Equal(after, (await m.RunAsync(verb).Soon()).Power);
    }

    [Fact]
    public async Task HangGuest_MachineIsOff_NobodyAsksTheGuest()
    {
        var m = await subject.NewMachine().DefinedAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.HangGuest });
        Assert.Equal(PowerState.Shutdown, (await m.RunAsync(Verb.Shutdown).Soon()).Power);
        Assert.Equal(0, await World.ReadFiredAsync(fault));
    }

    [Fact]
    public async Task Slow_EndsWhenTheClockSaysSo()
    {
        var m = await subject.NewMachine().DefinedAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Slow, Verb = Verb.Start, Delay = TimeSpan.FromHours(2) });
        var start = m.RunAsync(Verb.Start);
        await FiredAsync(fault);

        await World.MoveClockAsync(TimeSpan.FromHours(1));
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        Assert.False(start.IsCompleted);

        await World.MoveClockAsync(TimeSpan.FromHours(1));
        Assert.Equal(PowerState.Running, (await start.Soon()).Power);
    }

    [Fact]
    public async Task Forget_Observe_SaysThatItIsNotKnown()
    {
        var m = await subject.NewMachine().RunningAsync();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Forget, Verb = Verb.Start });
        Assert.True((await m.ObserveAsync(nameof(Verb.Define))).Known);
        Assert.False((await m.ObserveAsync(nameof(Verb.Start))).Known);
        Assert.Equal(1, await World.ReadFiredAsync(fault));
        Assert.True((await m.ObserveAsync(nameof(Verb.Start))).Known);
    }

    [Fact]
    public async Task FailFence_Fails_RaisesNothingAndTheRepeatWorks()
    {
        var m = subject.NewMachine();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.FailFence, Machine = m.Id });
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.FenceAsync(Machine.Of(50)));
        Assert.True(e.Failure.Retryable);
        Assert.Equal(1, await World.ReadFiredAsync(fault));
        await m.RunAsync(Verb.PrepareDisk, Machine.Of(10));

        await m.FenceAsync(Machine.Of(50));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.Define, Machine.Of(10)));
    }

    public static TheoryData<string> Matchers => ["host", "machine", "name", "verb", "task", "step", "direction"];

    [Theory]
    [MemberData(nameof(Matchers))]
    public async Task Matcher_OneDiffers_DoesNotHitButTheSameHits(string matcher)
    {
        var m = subject.NewMachine();
        var exact = new SimulatedFault
        {
            Action = SimulatedFaultAction.Fail,
            Host = subject.Host,
            Machine = m.Id,
            MachineName = m.Spec.Name,
            Verb = Verb.PrepareDisk,
            Task = m.Task,
            Step = nameof(Verb.PrepareDisk),
            Direction = Direction.Do,
        };
        var other = matcher switch
        {
            "host" => exact with { Host = new HostName("sim-2") },
            "machine" => exact with { Machine = InstanceId.New() },
            "name" => exact with { MachineName = "another" },
            "verb" => exact with { Verb = Verb.Define },
            "task" => exact with { Task = TaskId.New() },
            "step" => exact with { Step = "another" },
            "direction" => exact with { Direction = Direction.Undo },
            _ => throw new ArgumentOutOfRangeException(nameof(matcher)),
        };
        var misses = await World.AddFaultAsync(other);
        await m.RunAsync(Verb.PrepareDisk);
        Assert.Equal(0, await World.ReadFiredAsync(misses));

        var hits = await World.AddFaultAsync(exact);
        await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.PrepareDisk));
        Assert.Equal(1, await World.ReadFiredAsync(hits));
        Assert.Equal(0, await World.ReadFiredAsync(misses));
    }

    [Fact]
    public async Task Times_Two_HitsTwiceAndTheOlderFaultFirst()
    {
        var m = subject.NewMachine();
        var older = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Fail, Times = 2, Message = "older" });
        var newer = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Fail, Times = 1, Message = "newer" });
        List<string> messages = [];
        for (var i = 0; i < 3; i++)
        {
            messages.Add((await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.PrepareDisk))).Failure.Message);
        }

        await m.RunAsync(Verb.PrepareDisk);
        Assert.Equal(["older", "older", "newer"], messages);
        Assert.Equal((2, 1), (await World.ReadFiredAsync(older), await World.ReadFiredAsync(newer)));
    }

    [Fact]
    public async Task Times_Null_HitsUntilCleared()
    {
        var m = subject.NewMachine();
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Fail, Times = null });
        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.PrepareDisk));
        }

        await World.ClearFaultsAsync(fault);
        await m.RunAsync(Verb.PrepareDisk);
        Assert.Equal(5, await World.ReadFiredAsync(fault));
    }

    [Fact]
    public async Task StaleStamp_DoesNotSpendAFault()
    {
        var m = subject.NewMachine();
        await m.FenceAsync(Machine.Of(50));
        var fault = await World.AddFaultAsync(new() { Action = SimulatedFaultAction.Fail });
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PrepareDisk, Machine.Of(1)));
        Assert.Equal(0, await World.ReadFiredAsync(fault));
    }

    [Fact]
    public async Task AddFault_ThatCouldNeverHit_IsRefused()
    {
        SimulatedFault[] blind =
        [
            new() { Action = SimulatedFaultAction.FailFence, Verb = Verb.Start },
            new() { Action = SimulatedFaultAction.FailFence, MachineName = "vm" },
            new() { Action = SimulatedFaultAction.FailFence, Direction = Direction.Do },
            new() { Action = SimulatedFaultAction.Forget, MachineName = "vm" },
            new() { Action = SimulatedFaultAction.HangGuest, Verb = Verb.Start },
            new() { Action = SimulatedFaultAction.Slow, Delay = TimeSpan.FromSeconds(-1) },
            new() { Action = SimulatedFaultAction.Fail, Times = 0 },
        ];
        foreach (var fault in blind)
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(() => World.AddFaultAsync(fault));
        }
    }

    [Fact]
    public async Task ReadFired_NoSuchFault_Throws() =>
        await Assert.ThrowsAsync<KeyNotFoundException>(() => World.ReadFiredAsync(4711));

    private Task FiredAsync(long fault) => Eventually.IsTrueAsync(async () => await World.ReadFiredAsync(fault) == 1, "the fault fires");
}
