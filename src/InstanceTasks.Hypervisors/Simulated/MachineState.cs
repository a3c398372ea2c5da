namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>What a verb does to a machine: pure, so that the rules can be read and tested without a world.</summary>
internal readonly record struct MachineState(bool Disk, bool Defined, PowerState Power, long Boots)
{
    /// <summary>It runs from a rescue disk.</summary>
    public bool Rescue { get; init; }

    /// <summary>A hash of the password that was set last; null: none was.</summary>
    public string? Password { get; init; }

    /// <summary>The task that has set the disk aside which is there; null: there is none.</summary>
    public string? OldDisk { get; init; }

    /// <summary>The password in the guest on that disk.</summary>
    public string? OldPassword { get; init; }

    /// <summary>There is a disk set aside, and the machine has run from the one in its place: that is the one somebody works with.</summary>
    public bool RanSince { get; init; }

    /// <summary>A machine was set aside, with its disk; another may have been made in its place.</summary>
    public bool Aside { get; init; }

    public bool Exists => Disk || Defined || Aside || OldDisk is not null;

    public bool IsRunning => Defined && Power == PowerState.Running;

    /// <summary>Running or paused: its disks are in use.</summary>
    public bool IsOn => Defined && Power is PowerState.Running or PowerState.Paused;

    /// <summary>The power state to answer with: null when there is no machine.</summary>
    public PowerState? Answer => Defined ? Power : null;

    /// <summary>The state after the verb, or why it fails; a verb whose state is there already returns the same state.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="password">The hash of the password to set, for the verbs that set one.</param>
    /// <param name="by">The task, for the verbs that set a disk aside.</param>
    /// <param name="undo">The task takes a step back.</param>
    public (MachineState Next, Failure? Failure) Apply(Verb verb, string? password = null, string? by = null, bool undo = false) => verb switch
    {
        Verb.PrepareDisk => (Disk ? this : this with { Disk = true, Password = password }, null),
        Verb.DeleteDisk => IsOn ? (this, WorldFailures.DiskInUse) : (WithoutOldDisk() with { Disk = false, Aside = false }, null),
        Verb.Define => Define(),
        Verb.Undefine => IsOn ? (this, WorldFailures.StillRunning) : (this with { Defined = false, Power = PowerState.NoState }, null),
        Verb.Start => Defined && Disk ? (Start(), null) : (this, WorldFailures.Missing(Defined)),
        Verb.Shutdown => Defined ? (Off(), null) : (this, WorldFailures.Missing(Defined)),
        Verb.PowerOff => (Defined ? PowerOff(undo && by == OldDisk) : this, null),
        Verb.Reboot => OfGuest(m => m.Run(restart: true)),
        Verb.Reset => Defined && Disk ? (Off().Run(restart: true), null) : (this, WorldFailures.Missing(Defined)),
        _ => ApplyMore(verb, password, by ?? ""),
    };

    /// <summary>Whether the machine is still as the verb leaves it.</summary>
    public bool AgreesWith(Verb verb) => verb switch
    {
        Verb.PrepareDisk => Disk,
        Verb.DeleteDisk => !Disk && OldDisk is null && !Aside,
        Verb.Define => Defined,
        Verb.Undefine => !Defined,
        Verb.Start => IsRunning && !Rescue,
        Verb.Reboot or Verb.Reset or Verb.SetPassword => IsRunning,
        Verb.Shutdown or Verb.PowerOff => Power is PowerState.Shutdown or PowerState.NoState,
        Verb.Pause => Power == PowerState.Paused,
        Verb.Unpause => Power != PowerState.Paused,
        Verb.Suspend => Power == PowerState.Suspended,
        Verb.Resume => Power != PowerState.Suspended,
        Verb.StartRescue => IsRunning && Rescue,
        Verb.SetDiskAside => !Disk,
        Verb.RestoreDisk or Verb.DropOldDisk => OldDisk is null,
        Verb.SaveImage => Disk,
        Verb.SetAside => Aside,
        Verb.CopyDisk => Disk,
        Verb.PutBack or Verb.DropAside => !Aside,
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb."),
    };

    private (MachineState Next, Failure? Failure) ApplyMore(Verb verb, string? password, string by) => verb switch
    {
        Verb.Pause => Power == PowerState.Paused ? (this, null) : OfGuest(m => m with { Power = PowerState.Paused }),
        Verb.Unpause => (Power == PowerState.Paused ? this with { Power = PowerState.Running } : this, null),
        Verb.Suspend => Power == PowerState.Suspended ? (this, null) : OfGuest(m => m with { Power = PowerState.Suspended }),
        Verb.Resume => (Power == PowerState.Suspended ? this with { Power = PowerState.Running } : this, null),
        Verb.StartRescue => StartRescue(password),
        Verb.SetPassword => OfGuest(m => m with { Password = password }),
        Verb.SetDiskAside => OfDisk(Disk || OldDisk is not null, m => m.SetDiskAside(by)),
        Verb.RestoreDisk => OfDisk(OldDisk == by, m => m.WithoutOldDisk() with { Disk = true, Password = m.OldPassword }),
        Verb.DropOldDisk => (WithoutOldDisk(), null),
        Verb.SaveImage => Disk ? (this, null) : (this, WorldFailures.Missing(defined: true)),
        Verb.SetAside => SetAside(),
        Verb.CopyDisk => Disk ? (this, null) : Aside ? (this with { Disk = true }, null) : (this, WorldFailures.Missing(defined: true)),
        Verb.PutBack => IsOn ? (this, WorldFailures.StillRunning) : (Aside ? Back() : this, null),
        Verb.DropAside => (this with { Aside = false }, null),
        _ => throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb."),
    };

    /// <summary>The disk to keep is the one that the machine ran from last: one made by an earlier task, and never run from, is nobody's.</summary>
    private MachineState SetDiskAside(string by) => Disk && (OldDisk is null || RanSince)
        ? this with { Disk = false, Password = null, OldDisk = by, OldPassword = Password, RanSince = false }
        : this with { Disk = false, Password = null, OldDisk = by };

    private MachineState WithoutOldDisk() => this with { OldDisk = null, OldPassword = null, RanSince = false };

    /// <summary>What needs the disk for itself.</summary>
    private (MachineState Next, Failure? Failure) OfDisk(bool applies, Func<MachineState, MachineState> change) =>
        IsOn ? (this, WorldFailures.DiskInUse) : (applies ? change(this) : this, null);

    private (MachineState Next, Failure? Failure) Define() => (Disk, Defined) switch
    {
        (false, _) => (this, WorldFailures.Missing(defined: true)),
        (_, true) => (this, null),
        _ => (this with { Defined = true, Power = PowerState.Shutdown }, null),
    };

    private (MachineState Next, Failure? Failure) StartRescue(string? password) =>
        !(Defined && Disk) ? (this, WorldFailures.Missing(Defined))
        : IsRunning && Rescue ? (this, null)
        : IsOn ? (this, WorldFailures.StillRunning)
        : (Run(restart: true) with { Rescue = true, RanSince = RanSince, Password = password ?? Password }, null);

    private (MachineState Next, Failure? Failure) SetAside() =>
        Aside ? (this, null)
        : !(Defined && Disk) ? (this, WorldFailures.Missing(Defined))
        : IsOn ? (this, WorldFailures.StillRunning)
        : (this with { Disk = false, Defined = false, Power = PowerState.NoState, Aside = true }, null);

    /// <summary>As it was set aside. A password that was set in between is on the disk that is gone; nothing sets one while another machine is aside.</summary>
    private MachineState Back() => this with { Disk = true, Defined = true, Power = PowerState.Shutdown, Aside = false };

    /// <summary>Running from its own disk, from wherever it is: one that is paused or suspended goes on where it was.</summary>
    private MachineState Start() =>
        Rescue ? Off().Run(restart: true)
        : Power is PowerState.Paused or PowerState.Suspended ? this with { Power = PowerState.Running }
        : Run(restart: false);

    /// <summary>A task that takes its start back has not given the new disk to anybody.</summary>
    private MachineState PowerOff(bool takenBack) => Off() with { RanSince = RanSince && !takenBack };

    private MachineState Off() => this with { Power = PowerState.Shutdown, Rescue = false };

    /// <summary>What only the server's own guest can do, and only while it runs.</summary>
    private (MachineState Next, Failure? Failure) OfGuest(Func<MachineState, MachineState> change) =>
        !Defined ? (this, WorldFailures.Missing(Defined))
        : IsRunning && !Rescue ? (change(this), null)
        : (this, WorldFailures.GuestIsOff);

    private MachineState Run(bool restart) =>
        IsRunning && !restart ? this : this with { Power = PowerState.Running, Boots = Boots + 1, RanSince = OldDisk is not null };
}
