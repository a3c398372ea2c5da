using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains.Workers;

/// <summary>Reads consoles. No effect on a machine starts here: what it has of the hypervisor has no verbs.</summary>
internal sealed class ConsoleReader(IHypervisorHosts hypervisor) : IConsoleSource
{
    /// <inheritdoc/>
    public async Task<ConsoleAnswer> ReadAsync(HostName host, ConsoleQuestion question, CancellationToken abort)
    {
        try
        {
            var log = await hypervisor.ReadConsoleAsync(host, question.Machine, abort);
            return log is null ? new() { Verdict = ConsoleVerdict.NoMachine } : new() { Verdict = ConsoleVerdict.Read, Output = ConsoleTail.Of(log, question.Lines) };
        }
        catch (HypervisorException)
        {
            return ConsoleAnswer.Unavailable("its hypervisor cannot be reached");
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            return ConsoleAnswer.Unavailable("its hypervisor did not answer in time");
        }
    }
}
