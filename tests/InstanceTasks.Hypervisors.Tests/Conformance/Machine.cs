namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <summary>One machine of a test, and short ways to call verbs on it with stamps that grow by themselves.</summary>
public sealed class Machine(IHypervisor driver, HostName host)
{
    private long turn = 10;

    public InstanceId Id { get; } = InstanceId.New();

    public TaskId Task { get; } = TaskId.New();

    public MachineSpec Spec => new() { Instance = Id, Name = "vm", ImageId = "cirros", Resources = Resources, SnapshotId = Id.ToString() };

    public Resources Resources { get; set; } = new(1, 512, 1);

    /// <summary>The stamp of the newest call.</summary>
    public Stamp Now => Of(turn);

    /// <summary>A stamp newer than all before.</summary>
    public Stamp Next() => Of(++turn);

    public static Stamp Of(long turn) => new(1, turn, 1, 1);

    public VerbKey Key(string step) => new(Task, step, Direction.Do);

    public Task<VerbAnswer> RunAsync(Verb verb, CancellationToken abort = default) => RunAsync(verb, Of(++turn), abort: abort);

    public Task<VerbAnswer> RunAsync(Verb verb, Stamp stamp, string? step = null, IHypervisor? on = null, CancellationToken abort = default)
    {
        return RunAsync(verb, new VerbCall(host, Spec, Key(step ?? verb.ToString()), stamp), on, abort);
    }

    public Task<VerbAnswer> RunAsync(Verb verb, VerbCall call, IHypervisor? on = null, CancellationToken abort = default)
    {
        var d = on ?? driver;
        return verb switch
        {
            Verb.PrepareDisk => d.PrepareDiskAsync(call, abort),
            Verb.DeleteDisk => d.DeleteDiskAsync(call, abort),
            Verb.Define => d.DefineAsync(call, abort),
            Verb.Undefine => d.UndefineAsync(call, abort),
            Verb.Start => d.StartAsync(call, abort),
            Verb.Shutdown => d.ShutdownAsync(call, abort),
            Verb.PowerOff => d.PowerOffAsync(call, abort),
            Verb.Reboot => d.RebootAsync(call, abort),
            Verb.Reset => d.ResetAsync(call, abort),
            Verb.Pause => d.PauseAsync(call, abort),
            Verb.Unpause => d.UnpauseAsync(call, abort),
            Verb.Suspend => d.SuspendAsync(call, abort),
            Verb.Resume => d.ResumeAsync(call, abort),
            Verb.StartRescue => d.StartRescueAsync(call, abort),
            Verb.SetPassword => d.SetPasswordAsync(call, abort),
            Verb.SetDiskAside => d.SetDiskAsideAsync(call, abort),
            Verb.RestoreDisk => d.RestoreDiskAsync(call, abort),
            Verb.DropOldDisk => d.DropOldDiskAsync(call, abort),
            Verb.SaveImage => d.SaveImageAsync(call, abort),
            Verb.SetAside => d.SetAsideAsync(call, abort),
            Verb.CopyDisk => d.CopyDiskAsync(call, abort),
            Verb.PutBack => d.PutBackAsync(call, abort),
            Verb.DropAside => d.DropAsideAsync(call, abort),
            _ => throw new ArgumentOutOfRangeException(nameof(verb)),
        };
    }

    public async Task<Machine> DefinedAsync()
    {
        await RunAsync(Verb.PrepareDisk);
        await RunAsync(Verb.Define);
        return this;
    }

    public async Task<Machine> RunningAsync()
    {
        await DefinedAsync();
        await RunAsync(Verb.Start);
        return this;
    }

    public Task<Observation> ObserveAsync(string step, CancellationToken abort = default) => driver.ObserveAsync(host, Id, Key(step), abort);

    public Task FenceAsync(Stamp below, CancellationToken abort = default) => driver.FenceAsync(host, Id, below, abort);

    /// <summary>What the host lists; null when it lists no such machine.</summary>
    public async Task<MachineView?> ViewAsync() => (await driver.ListAsync(host)).SingleOrDefault(m => m.Machine == Id);

    public async Task<PowerState?> PowerAsync() => (await ViewAsync())?.Power;
}
