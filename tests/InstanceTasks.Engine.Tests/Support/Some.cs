namespace InstanceTasks.Engine.Tests.Support;

/// <summary>Records for tests.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    public static readonly ProjectId Project = new("p1");
    public static readonly Caller Owner = new(new("u1"), Project, IsAdmin: false);
    public static readonly Caller Admin = new(new("root"), new("admins"), IsAdmin: true);
    public static readonly Caller Stranger = new(new("u2"), new("p2"), IsAdmin: false);
    public static readonly HostName Host1 = new("h1");
    public static readonly HostName Host2 = new("h2");
    public static readonly FlavorSnapshot Flavor = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 };
    public static readonly FlavorSnapshot Large = new() { Id = "2", Name = "m1.large", Vcpus = 2, RamMb = 2048, DiskGb = 10 };
    public static readonly Failure GuestFailure = new(FailureKinds.Guest, "the guest did not", Retryable: false);
    public static readonly Failure Glitch = new(FailureKinds.Hypervisor, "a glitch", Retryable: true);

    /// <summary>The kinds with steps.</summary>
    public static readonly string[] LongKinds = [.. PlanRegistry.All.Where(p => !p.IsOneCommit).Select(p => p.Kind.Name)];

    public static InstanceRecord Instance(VmState state = VmState.Active, InstanceId? id = null) => new()
    {
        Id = id ?? InstanceId.New(), Project = Project, User = Owner.User, Name = "vm", VmState = state, ImageId = "image-1", Flavor = Flavor,
        Host = Host1, AvailabilityZone = "nova", LaunchedAt = Start, CreatedAt = Start, UpdatedAt = Start, Version = 1, Turn = 1,
        Power = Machine.PowerOf(state),
        Resize = state == VmState.Resized ? Finished(VmState.Active) : null,
    };

    /// <summary>A resize that waits to be confirmed or reverted: from the large flavor to the other.</summary>
    public static PendingResize Finished(VmState from) => new() { Other = Large, From = from, Stage = ResizeStage.Finished };

    public static InstanceRecord NewInstance(InstanceId id) =>
        new() { Id = id, Project = Project, User = Owner.User, Name = "vm", ImageId = "image-1", Flavor = Flavor };

    public static SubmitTask Request(TaskKind kind, InstanceId instance, Caller? caller = null) => new()
    {
        Task = TaskId.New(), Kind = kind, Instance = instance, Request = RequestId.New(), Caller = caller ?? (PlanRegistry.Find(kind)?.AdminRule is null ? Owner : Owner with { IsAdmin = true }),
        NewInstance = kind == TaskKinds.Create ? NewInstance(instance) : null,
        Change = kind == TaskKinds.Resize ? new() { Flavor = Large } : null,
    };

    /// <summary>A running task of a kind that has the machine.</summary>
    public static TaskRecord Task(TaskKind kind, int step = 0) => new()
    {
        Id = TaskId.New(), Kind = kind, Instance = InstanceId.New(), Project = Project, User = Owner.User, Request = RequestId.New(),
        Machine = NewInstance(InstanceId.New()).ToMachineSpec(), Run = TaskRun.Running, Step = step, Turn = 2, Epoch = 1, Seq = 1, Host = Host1, Zone = "nova",
        CreatedAt = Start, UpdatedAt = Start, StartedAt = Start, FromState = VmState.Active,
    };

    public static TaskRecord Accept(TaskRecord task) => TaskMachine.Accept(new TaskAccepted { At = Start, Initial = task });

    public static CommandRecord Record(TaskCommandKind kind, string? reason = null) => new(Guid.NewGuid(), kind, Owner.User, Start, reason);

    public static TaskCommand Command(TaskCommandKind kind, string? reason = null, Caller? caller = null) =>
        new() { Id = Guid.NewGuid(), Kind = kind, Caller = caller ?? Owner, Reason = reason };

    public static TaskRef Ref(string kind) => new(TaskId.New(), new TaskKind(kind), RequestId.New());

    public static Attempt Attempt(Stamp? stamp = null, InstanceId? machine = null, HostName? host = null)
    {
        var id = machine ?? InstanceId.New();
        return new()
        {
            Key = new VerbKey(TaskId.New(), "start-machine", Direction.Do), Stamp = stamp ?? new Stamp(0, 1, 1, 1), Host = host ?? Host1, Verb = Verb.Start,
            Machine = NewInstance(id).ToMachineSpec(), Kind = TaskKinds.Start, Timeout = TimeSpan.FromMinutes(2),
        };
    }

    public static TheoryData<T> Theory<T>(IEnumerable<T> values)
    {
        var data = new TheoryData<T>();
        foreach (var value in values)
        {
            data.Add(value);
        }

        return data;
    }

    /// <summary>A vm_state that a kind can start in.</summary>
    public static VmState StateFor(string kind) => kind switch
    {
        "start" => VmState.Stopped,
        "unpause" => VmState.Paused,
        "resume" => VmState.Suspended,
        "unrescue" => VmState.Rescued,
        "shelve-offload" => VmState.Shelved,
        "unshelve" => VmState.ShelvedOffloaded,
        "confirm-resize" or "revert-resize" => VmState.Resized,
        _ => VmState.Active,
    };
}
