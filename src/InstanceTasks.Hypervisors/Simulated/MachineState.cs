namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>What a verb does to a machine: pure, so that the rules can be read and tested without a world.</summary>
internal readonly record struct MachineState(bool Disk, bool Defined, PowerState Power, long Boots)
{
    public bool Exists => Disk || Defined;

    public bool IsRunning => Defined && Power == PowerState.Running;

    /// <summary>The power state to answer with: null when there is no machine.</summary>
    public PowerState? Answer => Defined ? Power : null;

    /// <summary>The state after the verb, or why it fails; a verb whose state is there already returns the same state.</summary>
    public (MachineState Next, Failure? Failure) Apply(Verb verb) => verb switch
    {
        Verb.PrepareDisk => (this with { Disk = true }, null),
        Verb.DeleteDisk => IsRunning ? (this, WorldFailures.DiskInUse) : (this with { Disk = false }, null),
        Verb.Define => Define(),
        Verb.Undefine => IsRunning ? (this, WorldFailures.StillRunning) : (this with { Defined = false, Power = PowerState.NoState }, null),
        Verb.Start => Defined && Disk ? (Run(restart: false), null) : (this, WorldFailures.Missing(Defined)),
        Verb.Shutdown => Defined ? (this with { Power = PowerState.Shutdown }, null) : (this, WorldFailures.Missing(Defined)),
        Verb.PowerOff => (Defined ? this with { Power = PowerState.Shutdown } : this, null),
        Verb.Reboot => Reboot(),
        Verb.Reset => Defined && Disk ? (Run(restart: true), null) : (this, WorldFailures.Missing(Defined)),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb."),
    };

    /// <summary>Whether the machine is still as the verb leaves it.</summary>
    public bool AgreesWith(Verb verb) => verb switch
    {
        Verb.PrepareDisk => Disk,
        Verb.DeleteDisk => !Disk,
        Verb.Define => Defined,
        Verb.Undefine => !Defined,
        Verb.Start or Verb.Reboot or Verb.Reset => IsRunning,
        Verb.Shutdown or Verb.PowerOff => !IsRunning,
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb."),
    };

    private (MachineState Next, Failure? Failure) Define() => (Disk, Defined) switch
    {
        (false, _) => (this, WorldFailures.Missing(defined: true)),
        (_, true) => (this, null),
        _ => (this with { Defined = true, Power = PowerState.Shutdown }, null),
    };

    private (MachineState Next, Failure? Failure) Reboot()
    {
        if (!Defined)
        {
            return (this, WorldFailures.Missing(Defined));
        }

        return IsRunning ? (Run(restart: true), null) : (this, WorldFailures.GuestIsOff);
    }

    private MachineState Run(bool restart) =>
        IsRunning && !restart ? this : this with { Power = PowerState.Running, Boots = Boots + 1 };
}
