using System.Text.Json.Serialization;

namespace InstanceTasks;

/// <summary>What a host can give and what a machine takes. Whole units: vCPUs, MiB of memory, GiB of disk.</summary>
[GenerateSerializer, Immutable]
public readonly record struct Resources(int Vcpus, int MemoryMb, int DiskGb)
{
    /// <summary>Sum.</summary>
    public static Resources operator +(Resources a, Resources b) => new(a.Vcpus + b.Vcpus, a.MemoryMb + b.MemoryMb, a.DiskGb + b.DiskGb);

    /// <summary>Difference; may be negative.</summary>
    public static Resources operator -(Resources a, Resources b) => new(a.Vcpus - b.Vcpus, a.MemoryMb - b.MemoryMb, a.DiskGb - b.DiskGb);

    /// <summary>Whether this fits into what is free.</summary>
    public bool FitsInto(Resources free) => Vcpus <= free.Vcpus && MemoryMb <= free.MemoryMb && DiskGb <= free.DiskGb;
}

/// <summary>A flavor as it was when the instance was created: later changes of the flavor do not reach it (nova-api §2.3).</summary>
[GenerateSerializer, Immutable]
public sealed record FlavorSnapshot
{
    /// <summary>The flavor's id.</summary>
    [Id(0)] public required string Id { get; init; }

    /// <summary>The flavor's name.</summary>
    [Id(1)] public required string Name { get; init; }

    /// <summary>vCPUs.</summary>
    [Id(2)] public int Vcpus { get; init; }

    /// <summary>Memory in MiB.</summary>
    [Id(3)] public int RamMb { get; init; }

    /// <summary>Root disk in GiB.</summary>
    [Id(4)] public int DiskGb { get; init; }

    /// <summary>Ephemeral disk in GiB.</summary>
    [Id(5)] public int EphemeralGb { get; init; }

    /// <summary>Swap in MiB.</summary>
    [Id(6)] public int SwapMb { get; init; }

    /// <summary>Extra specs.</summary>
    [Id(7)] public Dictionary<string, string> ExtraSpecs { get; init; } = [];

    /// <summary>What a machine of this flavor takes on a host; swap is rounded up to whole GiB.</summary>
    public Resources ToResources() => new(Vcpus, RamMb, DiskGb + EphemeralGb + ((SwapMb + 1023) / 1024));
}

/// <summary>A resize that has been asked for and is neither confirmed nor reverted: what the instance holds beside its own flavor.</summary>
[GenerateSerializer, Immutable]
public sealed record PendingResize
{
    /// <summary>While it is under way the new flavor; once it is finished the old one, of the machine that was set aside.</summary>
    [Id(0)] public required FlavorSnapshot Other { get; init; }

    /// <summary>The vm_state before: confirm and revert lead back to it.</summary>
    [Id(1)] public VmState From { get; init; }

    /// <summary>How far it is.</summary>
    [Id(2)] public ResizeStage Stage { get; init; }
}

/// <summary>How far a resize is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ResizeStage>))]
public enum ResizeStage
{
    /// <summary>Its task has not ended, or was stopped half-way: it can only be reverted.</summary>
    UnderWay = 0,

    /// <summary>Both machines are there: it can be confirmed and reverted.</summary>
    Finished = 1,

    /// <summary>A confirm was stopped half-way: the old machine may be gone, and it can only be confirmed.</summary>
    Confirming = 2,

    /// <summary>A revert was stopped half-way: the new machine may be gone, and it can only be reverted.</summary>
    Reverting = 3,
}

/// <summary>What the hypervisor must know to make a machine. Idempotent input: the same for every repeat.</summary>
[GenerateSerializer, Immutable]
public sealed record MachineSpec
{
    /// <summary>The instance, which names the machine.</summary>
    [Id(0)] public required InstanceId Instance { get; init; }

    /// <summary>The display name, for people only.</summary>
    [Id(1)] public required string Name { get; init; }

    /// <summary>The image that the root disk is made from.</summary>
    [Id(2)] public required string ImageId { get; init; }

    /// <summary>vCPUs, memory and disk.</summary>
    [Id(3)] public required Resources Resources { get; init; }

    /// <summary>For a rescue: the image that the rescue disk is made from; null: the image of the root disk.</summary>
    [Id(4)] public string? RescueImageId { get; init; }

    /// <summary>For an image made from the root disk: the new image.</summary>
    [Id(5)] public string? SnapshotId { get; init; }
}

/// <summary>The verbs of a hypervisor, by name; the driver interface has one method for each.</summary>
public enum Verb
{
    /// <summary>Make the root disk from the image.</summary>
    PrepareDisk = 0,

    /// <summary>Remove the root disk, and whatever was set aside.</summary>
    DeleteDisk = 1,

    /// <summary>Define the machine (off).</summary>
    Define = 2,

    /// <summary>Remove the definition; the machine must be off.</summary>
    Undefine = 3,

    /// <summary>Power on.</summary>
    Start = 4,

    /// <summary>Ask the guest to shut down and wait until it is off.</summary>
    Shutdown = 5,

    /// <summary>Cut the power.</summary>
    PowerOff = 6,

    /// <summary>Ask the guest to restart and wait until it runs again.</summary>
    Reboot = 7,

    /// <summary>Restart the machine without asking the guest; starts it when it is off.</summary>
    Reset = 8,

    /// <summary>Stop the processors of a running machine; memory is kept.</summary>
    Pause = 9,

    /// <summary>Let a paused machine run again; any other is left as it is.</summary>
    Unpause = 10,

    /// <summary>Save the memory of a running machine to disk and stop it.</summary>
    Suspend = 11,

    /// <summary>Let a suspended machine run again from its saved memory; any other is left as it is.</summary>
    Resume = 12,

    /// <summary>Power on from a rescue disk, with the root disk beside it; the rescue disk is gone once the machine is off again.</summary>
    StartRescue = 13,

    /// <summary>Set the administrator's password in the running guest.</summary>
    SetPassword = 14,

    /// <summary>Keep the root disk under another name, so that a new one can be made; the machine must be off.</summary>
    SetDiskAside = 15,

    /// <summary>Throw the root disk away and take back the one that the same task has set aside; any other machine is left as it is.</summary>
    RestoreDisk = 16,

    /// <summary>Remove the disk that was set aside.</summary>
    DropOldDisk = 17,

    /// <summary>Copy the root disk into the image store.</summary>
    SaveImage = 18,

    /// <summary>Put the machine that is off aside, with its disk: kept as it is, so that another can be made in its place.</summary>
    SetAside = 30,

    /// <summary>Make the root disk as a copy of the one that was set aside, in the size that is asked for.</summary>
    CopyDisk = 31,

    /// <summary>Take back what was set aside; what was made in its place is removed.</summary>
    PutBack = 32,

    /// <summary>Remove what was set aside.</summary>
    DropAside = 33,
}
