using InstanceTasks.Api;

namespace InstanceTasks.Silo;

/// <summary>The API's requests go to the grains.</summary>
internal sealed class GrainComputeCommands(IGrainFactory grains) : IComputeCommands
{
    public Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default) =>
        grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request).WaitAsync(cancellationToken);

    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default) =>
        grains.GetGrain<ITaskGrain>(task.GrainKey).Command(command).WaitAsync(cancellationToken);
}
