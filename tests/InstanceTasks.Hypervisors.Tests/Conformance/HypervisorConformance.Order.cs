namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <summary>What every driver promises about stamps, fences, aborts and observing.</summary>
public abstract partial class HypervisorConformance
{
    [Fact]
    public async Task Verb_StampOlderThanOneSeen_IsRefusedWithoutEffect()
    {
        var m = await NewMachine().RunningAsync();
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PowerOff, Machine.Of(2)));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        Assert.False((await m.ObserveAsync(nameof(Verb.PowerOff))).Happened);
    }

    [Fact]
    public async Task Verb_StampOfAFailedOperation_CountsAsSeen()
    {
        var m = NewMachine();
        await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Start, Machine.Of(9)));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PrepareDisk, Machine.Of(8)));
    }

    [Theory]
    [InlineData(2, 1, 1, 1, 1, 9, 9, 9)]
    [InlineData(1, 2, 1, 1, 1, 1, 9, 9)]
    [InlineData(1, 1, 2, 1, 1, 1, 1, 9)]
    [InlineData(1, 1, 1, 2, 1, 1, 1, 1)]
    [InlineData(1, 100, 1, 1, 1, 99, 1, 1)]
    public async Task Verb_StampsAreComparedFromLeftToRight(int c1, long t1, int e1, int a1, int c2, long t2, int e2, int a2)
    {
        var m = NewMachine();
        await m.RunAsync(Verb.PrepareDisk, new Stamp(c1, t1, e1, a1));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.DeleteDisk, new Stamp(c2, t2, e2, a2)));
    }

    [Fact]
    public async Task Verb_OldStampOnAnotherMachine_IsAccepted()
    {
        await NewMachine().RunAsync(Verb.PrepareDisk, Machine.Of(100));
        await NewMachine().RunAsync(Verb.PrepareDisk, Machine.Of(1));
    }

    [Fact]
    public async Task Fence_NothingUnderWay_RefusesOlderAndAcceptsTheStampItself()
    {
        var m = await NewMachine().RunningAsync();
        await m.FenceAsync(Machine.Of(50));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PowerOff, Machine.Of(49)));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        await m.RunAsync(Verb.PowerOff, Machine.Of(50));
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
    }

    [Fact]
    public async Task Fence_MachineNeverSeen_RefusesOlder()
    {
        var m = NewMachine();
        await m.FenceAsync(Machine.Of(50));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PrepareDisk, Machine.Of(49)));
        Assert.Null(await m.ViewAsync());
    }

    [Fact]
    public async Task Fence_LowerThanBefore_LowersNothing()
    {
        var m = NewMachine();
        await m.FenceAsync(Machine.Of(50));
        await m.FenceAsync(Machine.Of(20));
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.PrepareDisk, Machine.Of(49)));
    }

    [Fact]
    public async Task Fence_OtherMachine_IsNotTouched()
    {
        var m = NewMachine();
        await NewMachine().FenceAsync(Machine.Of(50));
        await m.RunAsync(Verb.PrepareDisk, Machine.Of(1));
    }

    [Fact]
    public async Task Fence_OlderOperationThatCanBeAborted_EndsItWithoutEffect()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        var shutdown = m.RunAsync(Verb.Shutdown, Machine.Of(40));
        await hold.WaitUntilHeldAsync();

        await m.FenceAsync(Machine.Of(41)).Soon();

        await Assert.ThrowsAsync<StaleStampException>(() => shutdown.Soon());
        await hold.ReleaseAsync();
        Assert.Equal(PowerState.Running, await m.PowerAsync());
    }

    [Fact]
    public async Task Fence_OlderOperationThatCannotBeAborted_WaitsForItsEnd()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.PowerOff, abortable: false);
        var off = m.RunAsync(Verb.PowerOff, Machine.Of(40));
        await hold.WaitUntilHeldAsync();

        var fence = m.FenceAsync(Machine.Of(41));
        await Eventually.IsTrueAsync(async () => await IsRefusedAsync(m, Machine.Of(40)), "the fence stands while it waits");
        Assert.False(fence.IsCompleted);
        Assert.Equal(PowerState.Running, await m.PowerAsync());

        await hold.ReleaseAsync();
        await fence.Soon();
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        Assert.Equal(PowerState.Shutdown, (await off.Soon()).Power);
    }

    [Fact]
    public async Task Fence_OperationUnderWayIsNotOlder_DoesNotWaitAndDoesNotEndIt()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        var shutdown = m.RunAsync(Verb.Shutdown, Machine.Of(40));
        await hold.WaitUntilHeldAsync();

        await m.FenceAsync(Machine.Of(40)).Soon();
        Assert.False(shutdown.IsCompleted);

        await hold.ReleaseAsync();
        Assert.Equal(PowerState.Shutdown, (await shutdown.Soon()).Power);
    }

    [Fact]
    public async Task Fence_Cancelled_ReturnsButTheFenceStands()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.PowerOff, abortable: false);
        var off = m.RunAsync(Verb.PowerOff, Machine.Of(40));
        await hold.WaitUntilHeldAsync();
        using var leave = new CancellationTokenSource();

        var fence = m.FenceAsync(Machine.Of(41), leave.Token);
        await Eventually.IsTrueAsync(async () => await IsRefusedAsync(m, Machine.Of(40)), "the fence stands");
        await leave.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fence.Soon());
        await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.Start, Machine.Of(40)));
        await hold.ReleaseAsync();
        await off.Soon();
    }

    [Fact]
    public async Task Fence_RacesWithOlderBegins_NoneHasAnEffectAfterIt()
    {
        for (var round = 0; round < 40; round++)
        {
            var m = await NewMachine().DefinedAsync();
            var starts = Enumerable.Range(0, 8).Select(i => Task.Run(() => IsRefusedAsync(m, Machine.Of(40), Verb.Start, $"start-{i}"))).ToArray();
            await m.FenceAsync(Machine.Of(41)).Soon();
            await m.RunAsync(Verb.PowerOff, Machine.Of(41));

            await Task.WhenAll(starts).Soon();
            Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        }
    }

    [Fact]
    public async Task Observe_KeyNeverSeen_IsKnownNotToHaveHappened()
    {
        var m = await NewMachine().DefinedAsync();
        Assert.Equal(new Observation(true, false, null, PowerState.Shutdown), await m.ObserveAsync("never"));
    }

    [Fact]
    public async Task Observe_NoMachine_HasNoPower() =>
        Assert.Equal(new Observation(true, false, null, null), await NewMachine().ObserveAsync("never"));

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task Observe_AfterItHappened_SaysSo(Verb verb)
    {
        var m = await ReadyForAsync(verb);
        var answer = await m.RunAsync(verb);
        Assert.Equal(new Observation(true, true, null, answer.Power), await m.ObserveAsync(verb.ToString()));
    }

    [Fact]
    public async Task Observe_StateNoLongerAgrees_SaysThatTheEffectIsNotThere()
    {
        var m = await NewMachine().RunningAsync();
        await m.RunAsync(Verb.PowerOff);
        Assert.Equal(new Observation(true, false, null, PowerState.Shutdown), await m.ObserveAsync(nameof(Verb.Start)));
    }

    [Fact]
    public async Task Observe_ItFailed_CarriesTheFailure()
    {
        var m = await NewMachine().DefinedAsync();
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Reboot));
        Assert.Equal(new Observation(true, false, e.Failure, PowerState.Shutdown), await m.ObserveAsync(nameof(Verb.Reboot)));
    }

    [Fact]
    public async Task Observe_FailedThenRepeatedWithSuccess_ForgetsTheFailure()
    {
        var m = NewMachine();
        await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Define));
        await m.DefinedAsync();
        Assert.Equal(new Observation(true, true, null, PowerState.Shutdown), await m.ObserveAsync(nameof(Verb.Define)));
    }

    [Fact]
    public async Task Observe_UnderWay_WaitsForTheEnd()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        var shutdown = m.RunAsync(Verb.Shutdown);
        await hold.WaitUntilHeldAsync();

        var observe = m.ObserveAsync(nameof(Verb.Shutdown));
        Assert.False((await m.ObserveAsync(nameof(Verb.Start)).Soon()).Failure is not null, "another key does not wait");
        Assert.False(observe.IsCompleted);

        await hold.ReleaseAsync();
        Assert.Equal(new Observation(true, true, null, PowerState.Shutdown), await observe.Soon());
        await shutdown.Soon();
    }

    [Fact]
    public async Task Observe_CancelledWhileItWaits_LeavesTheOperationAlone()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        var shutdown = m.RunAsync(Verb.Shutdown);
        await hold.WaitUntilHeldAsync();
        using var leave = new CancellationTokenSource();

        var observe = m.ObserveAsync(nameof(Verb.Shutdown), leave.Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => observe.Soon());

        await hold.ReleaseAsync();
        Assert.Equal(PowerState.Shutdown, (await shutdown.Soon()).Power);
    }

    [Fact]
    public async Task Abort_BeforeTheCall_BeginsNothing()
    {
        var m = NewMachine();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => m.RunAsync(Verb.PrepareDisk, new CancellationToken(true)));
        Assert.Null(await m.ViewAsync());
    }

    [Fact]
    public async Task Abort_UnderWay_ReturnsSoonAndObserveKnowsWhatBecameOfIt()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        using var abort = new CancellationTokenSource();
        var shutdown = m.RunAsync(Verb.Shutdown, abort.Token);
        await hold.WaitUntilHeldAsync();

        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => shutdown.Soon());

        await hold.ReleaseAsync();
        var seen = await m.ObserveAsync(nameof(Verb.Shutdown)).Soon();
        Assert.True(seen.Known);
        Assert.Equal(seen.Happened, seen.Power == PowerState.Shutdown);
    }

    [Fact]
    public async Task Abort_ThenRepeatWithANewerStamp_Succeeds()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Shutdown, abortable: true);
        using var abort = new CancellationTokenSource();
        var shutdown = m.RunAsync(Verb.Shutdown, abort.Token);
        await hold.WaitUntilHeldAsync();
        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => shutdown.Soon());

        await hold.ReleaseAsync();
        Assert.Equal(PowerState.Shutdown, (await m.RunAsync(Verb.Shutdown).Soon()).Power);
    }

    private static async Task<bool> IsRefusedAsync(Machine m, Stamp stamp, Verb verb = Verb.Define, string step = "probe")
    {
        try
        {
            await m.RunAsync(verb, stamp, step);
            return false;
        }
        catch (StaleStampException)
        {
            return true;
        }
    }
}
