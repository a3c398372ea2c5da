using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>The fixed inhabitants of the model.</summary>
internal static class Names
{
    public static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    public static readonly InstanceId Machine = new(new Guid(100, 0, 0, new byte[8]));
    public static readonly TaskId[] Tasks = [new(new Guid(1, 0, 0, new byte[8])), new(new Guid(2, 0, 0, new byte[8]))];
    public static readonly Guid Token = new(200, 0, 0, new byte[8]);
    public static readonly HostName Host = new("h1");
    public static readonly Caller Owner = new(new("owner"), new("project"), IsAdmin: false);
    public static readonly FlavorSnapshot Flavor = new() { Id = "1", Name = "small", Vcpus = 1, RamMb = 512, DiskGb = 1 };

    public static readonly FlavorSnapshot Large = new() { Id = "2", Name = "large", Vcpus = 2, RamMb = 1024, DiskGb = 2 };

    private static readonly HostView Closed = new(new("h0"), "z", new(8, 8192, 80), default, "maintenance");
    private static readonly HostView Open = Closed with { Host = Host, Disabled = null };

    private static readonly string[] Kinds = [.. PlanRegistry.All.Select(p => p.Kind.Name)];

    /// <summary>A host that is closed and one that has room.</summary>
    public static IReadOnlyList<HostView> WithRoom { get; } = [Closed, Open];

    /// <summary>Hosts without room.</summary>
    public static IReadOnlyList<HostView> WithoutRoom { get; } = [Closed, Open with { Taken = Open.Capacity }];

    /// <summary>1 or 2; 0 for none.</summary>
    public static int IndexOf(TaskId? task) => task is { } id ? Array.IndexOf(Tasks, id) + 1 : 0;

    public static int IndexOf(TaskKind kind) => Array.IndexOf(Kinds, kind.Name);

    public static InstanceRecord NewInstance() => new() { Id = Machine, Project = Owner.Project, User = Owner.User, Name = "vm", ImageId = "image", Flavor = Flavor };

    public static SubmitTask Request(int task, TaskKind kind, bool queue) => new()
    {
        Task = Tasks[task], Kind = kind, Instance = Machine, Request = new("req"), Caller = Owner with { IsAdmin = PlanRegistry.Find(kind)?.AdminRule is not null }, QueueWhenBusy = queue,
        NewInstance = kind == TaskKinds.Create ? NewInstance() : null,
        Change = kind == TaskKinds.Rebuild ? new() { ImageId = "image" } : kind == TaskKinds.Resize ? new() { Flavor = Large } : null,
    };

    public static TaskCommand Command(TaskCommandKind kind) => new() { Id = Token, Kind = kind, Caller = Owner, Reason = "because" };
}
