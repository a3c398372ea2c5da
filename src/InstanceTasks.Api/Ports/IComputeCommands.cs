namespace InstanceTasks.Api;

/// <summary>How the API writes: everything that changes a server or a task goes through here.</summary>
public interface IComputeCommands
{
    /// <summary>Asks for a task. An exception means that the outcome is not known.</summary>
    Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default);

    /// <summary>A command on a task. An exception means that the outcome is not known: repeat it with the same command id.</summary>
    Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default);
}
