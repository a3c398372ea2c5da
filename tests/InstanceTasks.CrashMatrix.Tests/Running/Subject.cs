using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>A server of one cell's own, in a project of its own, and the task that the cell is about.</summary>
internal sealed class Subject(MatrixRig rig, Plan plan, VmState from)
{
    /// <summary>How long anything may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly UserId User = new("matrix-user");

    /// <summary>The server.</summary>
    public InstanceId Instance { get; } = InstanceId.New();

    /// <summary>Its project.</summary>
    public ProjectId Project { get; } = new($"p-{Guid.NewGuid():N}");

    /// <summary>The task.</summary>
    public TaskId Task { get; } = TaskId.New();

    /// <summary>The request that asks for it.</summary>
    public RequestId Request { get; } = RequestId.New();

    private Caller Caller => new(User, Project, IsAdmin: true);

    /// <summary>Brings the server into the vm_state from which the task starts.</summary>
    public async Task PrepareAsync()
    {
        if (plan.Kind == TaskKinds.Create)
        {
            return;
        }

        foreach (var kind in StartPaths.Find(plan, from)?.Kinds ?? throw new InvalidOperationException($"No way leads to {from}."))
        {
            var request = RequestOf(kind, TaskId.New(), RequestId.New());
            await AcceptedAsync(request);
            var task = await RestAsync(request.Task);
            if (task.State != "succeeded")
            {
                throw new InvalidOperationException($"The {kind} that should have led to {from} ended {task.State}: {task.Failure}");
            }
        }

        var there = await rig.Store.ReadInstanceAsync(Instance);
        if (there?.VmState != from)
        {
            throw new InvalidOperationException($"The way to {from} led to {there?.VmState}.");
        }
    }

    /// <summary>Asks for the task; whatever stands between is in <paramref name="through"/>. Leaves nobody in doubt, as the API does.</summary>
    public Task<SubmitOutcome> SubmitAsync(Func<Func<Task<AcceptAnswer>>, Task<AcceptAnswer>>? through = null)
    {
        var request = RequestOf(plan.Kind, Task, Request);
        return SubmitterOf(through ?? (ask => ask())).SubmitAsync(request);
    }

    /// <summary>Asks for another task on the server, which must be accepted.</summary>
    public async Task<TaskId> AskForAsync(TaskKind kind)
    {
        var request = RequestOf(kind, TaskId.New(), RequestId.New());
        await AcceptedAsync(request);
        return request.Task;
    }

    /// <summary>Gives the task a command.</summary>
    public Task<CommandAnswer> CommandAsync(TaskCommandKind kind) =>
        rig.Silo.Grains.GetGrain<ITaskGrain>(Task.GrainKey).Command(new TaskCommand { Id = Guid.NewGuid(), Kind = kind, Caller = Caller, Reason = "matrix" });

    /// <summary>A task once it has ended or needs attention.</summary>
    public async Task<TaskRecord> RestAsync(TaskId task)
    {
        var record = await rig.Store.WaitForRestAsync(task, Patience);
        return record is { IsAtRest: true } ? record : throw new TimeoutException($"Task {task} has not come to rest: {record?.State}, step {record?.Step}, {record?.WaitReason}");
    }

    private async Task AcceptedAsync(SubmitTask request)
    {
        var outcome = await SubmitterOf(ask => ask()).SubmitAsync(request);
        if (outcome.Answer is not { Verdict: AcceptVerdict.Accepted })
        {
            throw new InvalidOperationException($"The request for {request.Kind} was not accepted: {outcome.Answer?.Refusal}. If the kind needs parameters, say them in KindRequests.");
        }
    }

    private Submitter SubmitterOf(Func<Func<Task<AcceptAnswer>>, Task<AcceptAnswer>> through) =>
        new(r => through(() => rig.Silo.Grains.GetGrain<IInstanceGrain>(r.Instance.GrainKey).Submit(r)), rig.Store, TimeProvider.System, NullLogger<Submitter>.Instance)
        {
            Pause = TimeSpan.FromMilliseconds(50),
        };

    private SubmitTask RequestOf(TaskKind kind, TaskId task, RequestId id)
    {
        var request = new SubmitTask { Task = task, Kind = kind, Instance = Instance, Request = id, Caller = Caller };
        return KindRequests.Complete(kind == TaskKinds.Create ? request with { NewInstance = NewInstance() } : request, rig.Store.Secrets);
    }

    private InstanceRecord NewInstance() => new()
    {
        Id = Instance, Project = Project, User = User, Name = "matrix", ImageId = KindRequests.ImageId,
        Flavor = new FlavorSnapshot { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
    };
}
