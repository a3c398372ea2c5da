namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <summary>What every driver promises behind <see cref="IHypervisor"/>: subclass it once per driver. This part: verbs and their order.</summary>
public abstract partial class HypervisorConformance : IAsyncLifetime
{
    private ConformanceSubject? subject;

    protected ConformanceSubject Subject => subject ?? throw new InvalidOperationException("Not opened.");

    protected IHypervisor Driver => Subject.Driver;

    public static TheoryData<Verb> AllVerbs => [.. Enum.GetValues<Verb>()];

    public async Task InitializeAsync() => subject = await OpenAsync();

    public async Task DisposeAsync() => await Subject.DisposeAsync();

    protected abstract Task<ConformanceSubject> OpenAsync();

    protected Machine NewMachine() => new(Driver, Subject.Host);

    [Fact]
    public async Task ReadHosts_ReachableHost_IsDescribed()
    {
        var host = Assert.Single(await Driver.ReadHostsAsync(), h => h.Host == Subject.Host);
        Assert.True(host.Capacity is { Vcpus: > 0, MemoryMb: > 0, DiskGb: > 0 });
        Assert.NotEmpty(host.Zone);
    }

    [Fact]
    public async Task Verbs_WholeLife_EachReachesItsState()
    {
        var m = NewMachine();
        await Step(m, Verb.PrepareDisk, null, new MachineView(m.Id, false, true, PowerState.NoState));
        await Step(m, Verb.Define, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        await Step(m, Verb.Start, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        await Step(m, Verb.Reboot, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        await Step(m, Verb.Reset, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        await Step(m, Verb.Shutdown, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        await Step(m, Verb.Reset, PowerState.Running, new MachineView(m.Id, true, true, PowerState.Running));
        await Step(m, Verb.PowerOff, PowerState.Shutdown, new MachineView(m.Id, true, true, PowerState.Shutdown));
        await Step(m, Verb.Undefine, null, new MachineView(m.Id, false, true, PowerState.NoState));
        await Step(m, Verb.DeleteDisk, null, null);
    }

    [Theory]
    [MemberData(nameof(AllVerbs))]
    public async Task Verb_RepeatedWithTheSameAndANewerStamp_SucceedsAndLeavesTheSameState(Verb verb)
    {
        var m = await ReadyForAsync(verb);
        var answer = await m.RunAsync(verb);
        var view = await m.ViewAsync();

        Assert.Equal(answer, await m.RunAsync(verb, m.Now));
        Assert.Equal(view, await m.ViewAsync());
        Assert.Equal(answer, await m.RunAsync(verb));
        Assert.Equal(view, await m.ViewAsync());
    }

    [Theory]
    [InlineData(Verb.Define)]
    [InlineData(Verb.Start)]
    [InlineData(Verb.Shutdown)]
    [InlineData(Verb.Reboot)]
    [InlineData(Verb.Reset)]
    [InlineData(Verb.Pause)]
    [InlineData(Verb.Suspend)]
    [InlineData(Verb.StartRescue)]
    [InlineData(Verb.SetPassword)]
    [InlineData(Verb.SaveImage)]
    [InlineData(Verb.SetAside)]
    [InlineData(Verb.CopyDisk)]
    public async Task Verb_NoMachine_FailsAsMissing(Verb verb)
    {
        var m = NewMachine();
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(verb));
        Assert.Equal(FailureKinds.MachineMissing, e.Failure.Kind);
        Assert.False(e.Failure.Retryable);
        Assert.DoesNotContain(Subject.Host.Value, e.Failure.Message, StringComparison.Ordinal);
        Assert.Null(await m.ViewAsync());
    }

    [Theory]
    [InlineData(Verb.PowerOff)]
    [InlineData(Verb.Undefine)]
    [InlineData(Verb.DeleteDisk)]
    [InlineData(Verb.Unpause)]
    [InlineData(Verb.Resume)]
    [InlineData(Verb.SetDiskAside)]
    [InlineData(Verb.RestoreDisk)]
    [InlineData(Verb.DropOldDisk)]
    [InlineData(Verb.PutBack)]
    [InlineData(Verb.DropAside)]
    public async Task Verb_NoMachineAndNothingToRemove_Succeeds(Verb verb)
    {
        var m = NewMachine();
        Assert.Null((await m.RunAsync(verb)).Power);
        Assert.Null(await m.ViewAsync());
    }

    [Theory]
    [InlineData(Verb.Undefine)]
    [InlineData(Verb.DeleteDisk)]
    [InlineData(Verb.StartRescue)]
    [InlineData(Verb.SetDiskAside)]
    [InlineData(Verb.RestoreDisk)]
    [InlineData(Verb.SetAside)]
    public async Task Verb_RemovingUnderARunningMachine_FailsAndChangesNothing(Verb verb)
    {
        var m = await NewMachine().RunningAsync();
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(verb));
        Assert.Equal(FailureKinds.Hypervisor, e.Failure.Kind);
        Assert.Equal(new MachineView(m.Id, true, true, PowerState.Running), await m.ViewAsync());
    }

    [Fact]
    public async Task Start_DiskIsGone_FailsAsMissing()
    {
        var m = await NewMachine().DefinedAsync();
        await m.RunAsync(Verb.DeleteDisk);
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Start));
        Assert.Equal(FailureKinds.MachineMissing, e.Failure.Kind);
    }

    [Fact]
    public async Task Reboot_MachineIsOff_FailsForTheGuest()
    {
        var m = await NewMachine().DefinedAsync();
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Reboot));
        Assert.Equal(FailureKinds.Guest, e.Failure.Kind);
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
    }

    [Fact]
    public async Task List_TwoMachines_ListsBothAndOnlyWhatExists()
    {
        var off = await NewMachine().DefinedAsync();
        var running = await NewMachine().RunningAsync();
        var gone = NewMachine();
        await gone.RunAsync(Verb.PrepareDisk);
        await gone.RunAsync(Verb.DeleteDisk);

        var list = await Driver.ListAsync(Subject.Host);

        Assert.Contains(new MachineView(off.Id, true, true, PowerState.Shutdown), list);
        Assert.Contains(new MachineView(running.Id, true, true, PowerState.Running), list);
        Assert.DoesNotContain(list, m => m.Machine == gone.Id);
    }

    [Fact]
    public async Task AnyCall_UnknownHost_FailsAndNamesItForAdministratorsOnly()
    {
        var m = new Machine(Driver, new HostName("no-such-host"));
        foreach (var call in new Func<Task>[]
        {
            () => m.RunAsync(Verb.PrepareDisk), () => m.ViewAsync(), () => m.ObserveAsync("x"), () => m.FenceAsync(m.Now),
        })
        {
            var e = await Assert.ThrowsAsync<HypervisorException>(call);
            Assert.DoesNotContain("no-such-host", e.Failure.Message, StringComparison.Ordinal);
            Assert.Contains("no-such-host", e.Failure.Details, StringComparison.Ordinal);
        }
    }

    private static async Task Step(Machine m, Verb verb, PowerState? answer, MachineView? view)
    {
        Assert.Equal(new VerbAnswer(answer), await m.RunAsync(verb));
        Assert.Equal(view, await m.ViewAsync());
    }

    private async Task<Machine> ReadyForAsync(Verb verb) => verb switch
    {
        Verb.PrepareDisk => NewMachine(),
        Verb.Shutdown or Verb.PowerOff or Verb.Reboot or Verb.Reset or Verb.Pause or Verb.Suspend or Verb.SetPassword => await NewMachine().RunningAsync(),
        Verb.Unpause => await RunningThenAsync(Verb.Pause),
        Verb.Resume => await RunningThenAsync(Verb.Suspend),
        Verb.Define => await WithDiskAsync(),
        Verb.CopyDisk or Verb.PutBack or Verb.DropAside => await DefinedThenAsync(Verb.SetAside),
        _ => await NewMachine().DefinedAsync(),
    };

    private async Task<Machine> RunningThenAsync(Verb verb)
    {
        var m = await NewMachine().RunningAsync();
        await m.RunAsync(verb);
        return m;
    }

    private async Task<Machine> DefinedThenAsync(Verb verb)
    {
        var m = await NewMachine().DefinedAsync();
        await m.RunAsync(verb);
        return m;
    }

    private async Task<Machine> WithDiskAsync()
    {
        var m = NewMachine();
        await m.RunAsync(Verb.PrepareDisk);
        return m;
    }
}
