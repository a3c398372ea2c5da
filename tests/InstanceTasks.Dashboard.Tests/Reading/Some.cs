using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Tests.Reading;

/// <summary>Tasks and events to look at.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    public static Client.TaskInfo Task(string kind, double from, double? to, string state = "succeeded", params IReadOnlyList<Client.StepInfo> steps) => new()
    {
        Id = Guid.NewGuid(), Kind = kind, State = state, CreatedAt = Noon.AddSeconds(from), UpdatedAt = Noon.AddSeconds(to ?? from), FinishedAt = to is { } end ? Noon.AddSeconds(end) : null, Steps = steps, PlanVersion = 1,
    };

    public static Client.StepInfo Step(string name, string state = "done", string direction = "do", double from = 0, double? to = 1) =>
        new(name, direction, state, 1, Noon.AddSeconds(from), to is { } end ? Noon.AddSeconds(end) : null, null, null, null);

    /// <summary>The commits of a stop: accepted, its first step done, its last step done with its end.</summary>
    public static IReadOnlyList<StoredEvents> Stop()
    {
        var initial = new TaskRecord
        {
            Id = TaskId.New(), Kind = TaskKinds.Stop, Instance = InstanceId.New(), Project = new("demo"), User = new("ann"), Request = new("req-1"), Run = TaskRun.Running, FromState = VmState.Active,
            Turn = 1, Host = new("sim-1"), CreatedAt = Noon, UpdatedAt = Noon, Epoch = 1, Generation = 7,
            PlanVersion = PlanRegistry.Find(TaskKinds.Stop)!.Version,
        };
        return
        [
            new(1, 1, Noon, [new TaskAccepted { At = Noon, Initial = initial }]),
            new(2, 2, Noon.AddSeconds(1), [new StepDone { At = Noon.AddSeconds(1), Step = 0 }]),
            new(3, 3, Noon.AddSeconds(2), [new StepDone { At = Noon.AddSeconds(2), Step = 1 }, new TaskEnded { At = Noon.AddSeconds(2), Outcome = TaskOutcome.Succeeded }]),
        ];
    }
}
