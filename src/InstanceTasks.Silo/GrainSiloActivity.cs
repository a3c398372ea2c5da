using InstanceTasks.Dashboard;

namespace InstanceTasks.Silo;

/// <summary>Asks the cluster's management grain.</summary>
internal sealed class GrainSiloActivity(IGrainFactory grains) : ISiloActivity
{
    public async Task<IReadOnlyList<SiloActivations>> ReadAsync()
    {
        var found = await grains.GetGrain<Orleans.Runtime.IManagementGrain>(0).GetSimpleGrainStatistics();
        return [.. found.Select(s => new SiloActivations(s.SiloAddress.ToString(), NameOf(s.GrainType), s.ActivationCount))];
    }

    // "InstanceTasks.Grains.TaskGrain,InstanceTasks.Grains": the class alone.
    private static string NameOf(string type)
    {
        var full = type.Split(',')[0];
        return full[(full.LastIndexOf('.') + 1)..];
    }
}
