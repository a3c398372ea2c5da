using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Silo;

/// <summary><c>compare-machines [--data DIR] [--config FILE]</c>: prints what is different between the servers and the machines of the hosts. Changes nothing.</summary>
internal static class CompareMachinesCommand
{
    public const string Name = "compare-machines";

    /// <returns>0: nothing is different; 1: something is.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        await using var app = SiloBuilding.Build(args);
        await StoreWiring.OpenAsync(app.Services);
        var comparison = new MachineComparison(app.Services.GetRequiredService<IHypervisorHosts>(), app.Services.GetRequiredService<IQueries>());
        var differences = await comparison.RunAsync();
        foreach (var difference in differences)
        {
            await output.WriteLineAsync($"{difference.Kind,-12} {difference.Subject}  {difference.Text}");
        }

        await output.WriteLineAsync($"{differences.Count} difference(s).");
        return differences.Count == 0 ? 0 : 1;
    }
}
