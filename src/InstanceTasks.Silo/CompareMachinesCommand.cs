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
            await output.WriteLineAsync($"{"",-12} {RemedyOf(difference)}");
        }

        await output.WriteLineAsync($"{differences.Count} difference(s).");
        return differences.Count == 0 ? 0 : 1;
    }

    // One command each, for the hour in which nobody wants to look anything up; docs/backup.md says more.
    private static string RemedyOf(MachineDifference difference) => difference.Kind switch
    {
        "missing" or "incomplete" => $"openstack server delete {difference.Subject}: a rebuild needs its machine",
        "power" => $"openstack server reboot --hard {difference.Subject} if it is to run, or openstack server stop {difference.Subject}",
        "resize" => $"ask its owner which size it has, then openstack server rebuild {difference.Subject}",
        "unknown" => "nothing is done to it: look in docs/backup.md before removing it by hand",
        _ => "compare again from a silo that reaches it",
    };
}
