using InstanceTasks.Engine;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>Secrets that a test has.</summary>
internal sealed class ScriptedSecrets : IStepSecrets
{
    public Dictionary<(TaskId Task, string Name), string> Kept { get; } = [];

    public Task<string?> ReadAsync(TaskId task, string name, CancellationToken cancellationToken = default) => Task.FromResult(Kept.GetValueOrDefault((task, name)));
}
