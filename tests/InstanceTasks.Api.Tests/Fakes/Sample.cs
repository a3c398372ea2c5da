namespace InstanceTasks.Api.Tests.Fakes;

internal static class Sample
{
    public static readonly DateTimeOffset Time = new(2026, 1, 31, 10, 11, 12, 345, TimeSpan.Zero);

    public const string ImageId = "6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    public static InstanceRecord Server(string name = "a", VmState state = VmState.Active) => new()
    {
        Id = InstanceId.New(),
        Project = new("demo-project"),
        User = new("demo-user"),
        Name = name,
        VmState = state,
        Power = state == VmState.Active ? PowerState.Running : PowerState.NoState,
        Flavor = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
        ImageId = ImageId,
        Host = new("host-1"),
        AvailabilityZone = "nova",
        Hostname = name,
        SecurityGroups = ["default"],
        CreatedAt = Time,
        UpdatedAt = Time.AddSeconds(5),
        LaunchedAt = Time.AddSeconds(5),
    };

    public static TaskRecord Task(InstanceRecord instance, string kind) => new()
    {
        Id = TaskId.New(),
        Kind = new(kind),
        Instance = instance.Id,
        Project = instance.Project,
        User = instance.User,
        Request = RequestId.New(),
        Run = TaskRun.Running,
        Seq = 1,
        Turn = 1,
        Host = instance.Host,
        CreatedAt = Time,
        StartedAt = Time,
        UpdatedAt = Time,
    };

    public static TaskRecord Ended(this TaskRecord task, TaskOutcome outcome, Failure? failure = null) => task with
    {
        Run = TaskRun.Ended,
        Outcome = outcome,
        Failure = failure,
        FinishedAt = Time.AddSeconds(9),
        UpdatedAt = Time.AddSeconds(9),
    };

    public static StepRecord Step(string name, string? result, string? novaEvent, int at = 0, Direction direction = Direction.Do, Failure? failure = null) => new()
    {
        Name = name,
        Direction = direction,
        Attempts = 1,
        StartedAt = Time.AddSeconds(at),
        FinishedAt = result is null ? null : Time.AddSeconds(at + 1),
        Result = result,
        NovaEvent = novaEvent,
        Host = new("host-1"),
        Failure = failure,
    };
}
