namespace InstanceTasks.Engine;

/// <summary>Secrets of tasks, for the runner of a step that needs one. They are in side rows, never in events, records or messages.</summary>
public interface IStepSecrets
{
    /// <summary>Reads one; null when it is not there (any more), or was made with another key.</summary>
    Task<string?> ReadAsync(TaskId task, string name, CancellationToken cancellationToken = default);
}
