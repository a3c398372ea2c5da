using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>Consoles that say what a test wants, and note who was asked for.</summary>
internal sealed class FakeConsoles : IConsoles
{
    public ConsoleAnswer Answer { get; set; } = Saying("[    0.000000] hello\nlogin: ");

    public List<(HostName Host, InstanceId Machine, int? Lines)> Asked { get; } = [];

    public static ConsoleAnswer Saying(string output) => new() { Verdict = ConsoleVerdict.Read, Output = output };

    public Task<ConsoleAnswer> ReadAsync(HostName host, InstanceId machine, int? lines, CancellationToken cancellationToken = default)
    {
        Asked.Add((host, machine, lines));
        return Task.FromResult(Answer);
    }
}
