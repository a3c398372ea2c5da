using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Records and commits for tests.</summary>
internal static class Some
{
    public static readonly ProjectId Project = new("p1");
    public static readonly UserId User = new("u1");
    public static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    public static readonly Resources Small = new(1, 512, 1);

    public static TaskRecord Task(InstanceId? instance = null, string kind = "stop", long seq = 1) => new()
    {
        Id = TaskId.New(), Kind = new(kind), Instance = instance ?? InstanceId.New(), Project = Project, User = User, Request = RequestId.New(),
        Run = TaskRun.Running, Seq = seq, CreatedAt = Start, UpdatedAt = Start,
    };

    public static InstanceRecord Instance(string name = "vm", ProjectId? project = null, InstanceId? id = null) => new()
    {
        Id = id ?? InstanceId.New(), Project = project ?? Project, User = User, Name = name, VmState = VmState.Active, ImageId = "image-1",
        Flavor = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 }, CreatedAt = Start, UpdatedAt = Start, Version = 1,
        ReservationId = "r-1",
    };

    public static TaskEvent Event(TaskRecord task) => task.IsEnded
        ? new TaskEnded { At = task.UpdatedAt, Outcome = task.Outcome, Failure = task.Failure }
        : new TaskProceeded { At = task.UpdatedAt };

    public static TaskWrite Write(TaskRecord task, TimeSpan? dueIn = null, long wakesRead = 0) =>
        new(task, task.Seq == 1 ? [new TaskAccepted { At = task.CreatedAt, Initial = task }] : [Event(task)], task.IsEnded ? null : dueIn ?? TimeSpan.FromMinutes(1), wakesRead);

    public static Commit Commit(params TaskRecord[] tasks) =>
        new() { Name = tasks.Length > 0 && tasks[0].Seq == 1 ? "accept" : "step", Kind = new("stop"), Tasks = [.. tasks.Select(t => Write(t))] };

    public static Commit Commit(InstanceRecord instance) =>
        new() { Name = "accept", Kind = new("update"), Instance = new(instance, instance.Version - 1) };

    public static Commit Take(InstanceId instance, TaskId task, string host, Resources resources) =>
        new() { Name = "step", Kind = new("create"), Claims = [new(instance, task, new HostName(host), resources, Take: true)] };

    public static Commit Release(InstanceId instance, string? host = null) =>
        new() { Name = "step", Kind = new("delete"), Claims = [new(instance, default, host is null ? null : new HostName(host), default, Take: false)] };

    public static Commit Quota(int instances, int cores = 0, int ramMb = 0, string project = "p1") =>
        new() { Name = "accept", Kind = new("create"), Quota = [new(new(project), instances, cores, ramMb)] };

    public static IdempotencyClaim Key(string key, params byte[] hash) => new()
    {
        Project = Project, User = User, Key = key, BodyHash = hash.Length == 0 ? [1, 2, 3] : hash,
        Answer = new() { Status = 202, Body = "{\"a\":1}", Task = TaskId.New(), Headers = new() { ["X-A"] = "b" } },
    };

    public static TaskRecord Next(this TaskRecord task) => task with { Seq = task.Seq + 1 };

    public static TaskRecord Ended(this TaskRecord task, TaskOutcome outcome = TaskOutcome.Succeeded) => task with
    {
        Seq = task.Seq + 1, Run = TaskRun.Ended, Outcome = outcome, FinishedAt = task.UpdatedAt,
        Failure = outcome == TaskOutcome.Failed ? new Failure(FailureKinds.Guest, "no") : null,
    };
}
