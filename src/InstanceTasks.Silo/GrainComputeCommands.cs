using InstanceTasks.Api;

namespace InstanceTasks.Silo;

/// <summary>The API's requests go to the grains.</summary>
internal sealed class GrainComputeCommands(IGrainFactory grains) : IComputeCommands
{
    public Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default) =>
        AskAsync(request).WaitAsync(cancellationToken);

    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default) =>
        grains.GetGrain<ITaskGrain>(task.GrainKey).Command(command).WaitAsync(cancellationToken);

    // A parent is on no instance: its project's grain accepts it.
    private Task<AcceptAnswer> AskAsync(SubmitTask request) => request.Children is null
        ? grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request)
        : grains.GetGrain<IProjectGrain>(request.Caller.Project.GrainKey).Submit(request);
}
