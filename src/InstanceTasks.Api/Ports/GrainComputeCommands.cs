namespace InstanceTasks.Api;

/// <summary>Writes through the grains of instances and tasks.</summary>
/// <param name="grains">The cluster.</param>
public sealed class GrainComputeCommands(IGrainFactory grains) : IComputeCommands
{
    /// <inheritdoc/>
    public Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default) =>
        grains.GetGrain<ITaskGrain>(task.GrainKey).Command(command).WaitAsync(cancellationToken);
}
