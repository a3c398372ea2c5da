using System.Text.Json.Serialization;

namespace InstanceTasks;

/// <summary>
/// One instance, as its actor keeps it and as the <c>instances</c> row holds it. Changed only by commits that compare
/// <see cref="Version"/>. What a running task has changed so far is in the task's row; settle moves it here.
/// Lists and dictionaries are never mutated in place.
/// </summary>
[GenerateSerializer, Immutable]
public sealed record InstanceRecord
{
    /// <summary>The id.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    [Id(0)] public required InstanceId Id { get; init; }

    /// <summary>The owning project.</summary>
    [Id(1)] public required ProjectId Project { get; init; }

    /// <summary>The creating user.</summary>
    [Id(2)] public required UserId User { get; init; }

    /// <summary>Display name.</summary>
    [Id(3)] public required string Name { get; init; }

    /// <summary>Description, or null (nova-api: microversion 2.19).</summary>
    [Id(4)] public string? Description { get; init; }

    /// <summary>The stable state.</summary>
    [Id(5)] public VmState VmState { get; init; }

    /// <summary>Power state as last learnt by a settled task.</summary>
    [Id(6)] public PowerState Power { get; init; }

    /// <summary>Flavor at creation, or of the last resize that has not been reverted.</summary>
    [Id(7)] public required FlavorSnapshot Flavor { get; init; }

    /// <summary>The image the root disk was made from.</summary>
    [Id(8)] public required string ImageId { get; init; }

    /// <summary>Owner's metadata.</summary>
    [Id(9)] public Dictionary<string, string> Metadata { get; init; } = [];

    /// <summary>Tags, in order of name.</summary>
    [Id(10)] public List<string> Tags { get; init; } = [];

    /// <summary>Key pair name at creation.</summary>
    [Id(11)] public string? KeyName { get; init; }

    /// <summary>The host that has the machine; null before placement and after a failed create.</summary>
    [Id(12)] public HostName? Host { get; init; }

    /// <summary>The host's availability zone; empty before placement.</summary>
    [Id(13)] public string AvailabilityZone { get; init; } = "";

    /// <summary>The zone asked for at creation, or null (microversion 2.96: pinned).</summary>
    [Id(14)] public string? PinnedZone { get; init; }

    /// <summary>Who locked it: <c>owner</c>, <c>admin</c> or null.</summary>
    [Id(15)] public string? LockedBy { get; init; }

    /// <summary>Why it is locked (microversion 2.73).</summary>
    [Id(16)] public string? LockedReason { get; init; }

    /// <summary>Whether a config drive was asked for.</summary>
    [Id(17)] public bool ConfigDrive { get; init; }

    /// <summary><c>AUTO</c> or <c>MANUAL</c>.</summary>
    [Id(18)] public string DiskConfig { get; init; } = "MANUAL";

    /// <summary>Access address, or empty.</summary>
    [Id(19)] public string AccessIPv4 { get; init; } = "";

    /// <summary>Access address, or empty.</summary>
    [Id(20)] public string AccessIPv6 { get; init; } = "";

    /// <summary>Host name of the guest (microversion 2.90).</summary>
    [Id(21)] public string Hostname { get; init; } = "";

    /// <summary>Reservation id of the create request.</summary>
    [Id(22)] public string ReservationId { get; init; } = "";

    /// <summary>Names of the security groups asked for.</summary>
    [Id(23)] public List<string> SecurityGroups { get; init; } = [];

    /// <summary>Trusted certificate ids (microversion 2.63), or null.</summary>
    [Id(24)] public List<string>? TrustedCertificates { get; init; }

    /// <summary>When it was created.</summary>
    [Id(25)] public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a commit last changed it.</summary>
    [Id(26)] public DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When it first ran, or null.</summary>
    [Id(27)] public DateTimeOffset? LaunchedAt { get; init; }

    /// <summary>When it was deleted, or null.</summary>
    [Id(28)] public DateTimeOffset? TerminatedAt { get; init; }

    /// <summary>The compare-and-set version; 0 before the row exists.</summary>
    [Id(29)] public long Version { get; init; }

    /// <summary>Raised by every commit that gives the machine to a task; part of every stamp.</summary>
    [Id(30)] public long Turn { get; init; }

    /// <summary>The task that has the machine, or null when idle.</summary>
    [Id(31)] public TaskRef? Holder { get; init; }

    /// <summary>Tasks that wait for the machine, in order; a superseding task is first.</summary>
    [Id(32)] public List<TaskRef> Queue { get; init; } = [];

    /// <summary>Tasks that need attention: they keep claims, not the machine.</summary>
    [Id(33)] public List<TaskRef> Attention { get; init; } = [];

    /// <summary>Whether user data was given; the data itself is a secret side row.</summary>
    [Id(34)] public bool UserDataSet { get; init; }

    /// <summary>True when an effect of an earlier task may still be under way, so that the next task fences the machine before its first effect.</summary>
    [Id(35)] public bool FenceNext { get; init; }

    /// <summary>Whom its user data is sealed for: the parent that made several with the same; null: itself.</summary>
    [Id(46)] public Guid? UserDataSealedFor { get; init; }

    /// <summary>The image that the disk of a shelved server was saved as.</summary>
    [Id(45)] public string? ShelvedImageId { get; init; }

    /// <summary>Its place among those that were made by one request, from 0.</summary>
    [Id(60)] public int LaunchIndex { get; init; }

    /// <summary>A resize that is neither confirmed nor reverted; null: none.</summary>
    [Id(44)] public PendingResize? Resize { get; init; }

    /// <summary>Whether any lock is on.</summary>
    public bool Locked => LockedBy is not null;

    /// <summary>What the hypervisor needs.</summary>
    public MachineSpec ToMachineSpec() => new() { Instance = Id, Name = Name, ImageId = ImageId, Resources = Flavor.ToResources() };
}

/// <summary>A task as an instance knows it.</summary>
[GenerateSerializer, Immutable]
public sealed record TaskRef(TaskId Id, TaskKind Kind, RequestId Request);
