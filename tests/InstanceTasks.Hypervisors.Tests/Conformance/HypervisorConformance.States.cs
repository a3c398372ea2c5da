namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <content>Paused, suspended and rescued machines, and passwords.</content>
public abstract partial class HypervisorConformance
{
    [Fact]
    public async Task PauseAndSuspend_ThereAndBack_EachReachesItsState()
    {
        var m = await NewMachine().RunningAsync();
        await Step(m, Verb.Pause, PowerState.Paused, new MachineView(m.Id, true, true, PowerState.Paused));
        await Step(m, Verb.Unpause, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        await Step(m, Verb.Suspend, PowerState.Suspended, new MachineView(m.Id, true, true, PowerState.Suspended));
        await Step(m, Verb.Resume, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
    }

    [Theory]
    [InlineData(Verb.PowerOff, PowerState.Shutdown)]
    [InlineData(Verb.Reset, PowerState.Running)]
    [InlineData(Verb.Start, PowerState.Running)]
    public async Task StartRescue_ThenOffOrRestarted_RunsFromItsOwnDiskAgain(Verb then, PowerState power)
    {
        var m = await NewMachine().DefinedAsync();
        await Step(m, Verb.StartRescue, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        Assert.True(await m.ObserveAsync(nameof(Verb.StartRescue)) is { Happened: true });
        await Step(m, then, power, new MachineView(m.Id, true, true, power));
        Assert.True(await m.ObserveAsync(nameof(Verb.StartRescue)) is { Happened: false });
    }

    [Fact]
    public async Task SetDiskAside_NewDiskAndBack_TheMachineIsAsBefore()
    {
        var m = await NewMachine().DefinedAsync();
        await Step(m, Verb.SetDiskAside, PowerState.Shutdown, new MachineView(m.Id, true, false, PowerState.Shutdown));
        await Step(m, Verb.PrepareDisk, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        await Step(m, Verb.RestoreDisk, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        await Step(m, Verb.SetDiskAside, PowerState.Shutdown, new MachineView(m.Id, true, false, PowerState.Shutdown));
        await Step(m, Verb.DropOldDisk, PowerState.Shutdown, new MachineView(m.Id, true, false, PowerState.Shutdown));
        await Step(m, Verb.RestoreDisk, PowerState.Shutdown, new MachineView(m.Id, true, false, PowerState.Shutdown));
    }

    [Fact]
    public async Task DeleteDisk_OneWasSetAside_RemovesBoth()
    {
        var m = await NewMachine().DefinedAsync();
        await m.RunAsync(Verb.SetDiskAside);
        await m.RunAsync(Verb.PrepareDisk);
        await m.RunAsync(Verb.DeleteDisk);
        await Step(m, Verb.RestoreDisk, PowerState.Shutdown, new MachineView(m.Id, true, false, PowerState.Shutdown));
    }

    [Theory]
    [InlineData(Verb.Pause, Verb.Reset, PowerState.Running)]
    [InlineData(Verb.Pause, Verb.Start, PowerState.Running)]
    [InlineData(Verb.Suspend, Verb.Start, PowerState.Running)]
    [InlineData(Verb.Pause, Verb.PowerOff, PowerState.Shutdown)]
    [InlineData(Verb.Suspend, Verb.Reset, PowerState.Running)]
    [InlineData(Verb.Suspend, Verb.PowerOff, PowerState.Shutdown)]
    public async Task Verb_FromPausedOrSuspended_ReachesItsState(Verb first, Verb then, PowerState power)
    {
        var m = await RunningThenAsync(first);
        await Step(m, then, power, new MachineView(m.Id, true, true, power));
    }

    [Theory]
    [InlineData(Verb.Pause)]
    [InlineData(Verb.Suspend)]
    [InlineData(Verb.SetPassword)]
    public async Task Verb_OfAMachineThatIsOff_FailsForTheGuest(Verb verb)
    {
        var m = await NewMachine().DefinedAsync();
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(verb));
        Assert.Equal(FailureKinds.Guest, e.Failure.Kind);
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
    }

    [Fact]
    public async Task SetAside_ThenAnotherInItsPlace_CanBePutBackOrDropped()
    {
        foreach (var keeps in new[] { true, false })
        {
            var m = await NewMachine().DefinedAsync();
            await Step(m, Verb.SetAside, null, new MachineView(m.Id, false, false, PowerState.NoState) { Aside = true });
            await Step(m, Verb.CopyDisk, null, new MachineView(m.Id, false, true, PowerState.NoState) { Aside = true });
            await Step(m, Verb.Define, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown) { Aside = true });
            await Step(m, Verb.Start, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running) { Aside = true });
            if (keeps)
            {
                await Step(m, Verb.DropAside, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
                continue;
            }

            var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.PutBack));
            Assert.Equal(FailureKinds.Hypervisor, e.Failure.Kind);
            await m.RunAsync(Verb.PowerOff);
            await Step(m, Verb.PutBack, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PutBack_NothingOrHalfOfAnotherInItsPlace_IsAsItWas(bool copied)
    {
        var m = await DefinedThenAsync(Verb.SetAside);
        if (copied)
        {
            await m.RunAsync(Verb.CopyDisk);
        }

        await Step(m, Verb.PutBack, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
    }

    [Fact]
    public async Task DeleteDisk_WithOneSetAside_LeavesNothing()
    {
        var m = await DefinedThenAsync(Verb.SetAside);
        await Step(m, Verb.DeleteDisk, null, null);
    }

    [Theory]
    [InlineData(Verb.Unpause)]
    [InlineData(Verb.Resume)]
    public async Task UnpauseOrResume_MachineIsOff_LeavesItAndSaysSo(Verb verb)
    {
        var m = await NewMachine().DefinedAsync();
        await Step(m, verb, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
    }
}
