using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Faults;

/// <summary>Faults between silos, and changes of their number.</summary>
internal static class ClusterFaults
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan Reach = TimeSpan.FromSeconds(2);

    /// <summary>One silo is cut off from all others, or from one of them.</summary>
    public static async Task<FaultEvidence> PartitionAsync(FaultTools tools)
    {
        var network = tools.Cluster.Network ?? throw new InvalidOperationException("There is no network of namespaces.");
        var slot = tools.PickUp();
        List<SiloSlot> others = [.. tools.Cluster.Up.Where(s => s != slot)];
        others = tools.Random.Next(3) == 0 ? [.. others.Take(1)] : others;
        if (others.Count == 0 || !await network.ReachesAsync(slot.Number, others[0].Number, others[0].SiloPort, Reach))
        {
            throw new FaultMissedException($"{slot.Name} had nobody to talk to");
        }

        var again = network.SentAgain(slot.Number);
        others.ForEach(o => network.Cut(slot.Number, o.Number));
        bool silent;
        try
        {
            silent = !await network.ReachesAsync(slot.Number, others[0].Number, others[0].SiloPort, Reach);
            await tools.LastAsync(tools.Between(1, 12));
        }
        finally
        {
            others.ForEach(o => network.Heal(slot.Number, o.Number));
        }

        again = network.SentAgain(slot.Number) - again;
        return new(
            [slot.Name, .. others.Select(o => o.Name)],
            silent && again > 0,
            $"{slot.Name} and {string.Join(", ", others.Select(o => o.Name))}: a new connection {(silent ? "came to nothing" : "was MADE")}, {again} segments were sent in vain");
    }

    /// <summary>Four, one, as many as usual.</summary>
    public static async Task<FaultEvidence> ScaleAsync(FaultTools tools)
    {
        var (cluster, seen) = (tools.Cluster, new List<string>());
        var proved = true;
        foreach (var number in (int[])[ChaosCluster.Places, 1, ChaosCluster.Usual])
        {
            await ScaleToAsync(tools, number);
            var members = 0;
            proved &= await tools.SeeAsync(async () => (members = (await cluster.Watch.ReadMembersAsync()).Count(m => m.Status == MemberRow.Active)) == number, Patience);
            seen.Add($"{members}");
            await tools.LastAsync(tools.Between(1, 3));
        }

        return new([], proved, $"the members counted {string.Join(", ", seen)}");
    }

    private static async Task ScaleToAsync(FaultTools tools, int number)
    {
        var slots = tools.Cluster.Slots;
        while (slots.Count(s => s.IsWanted) > number)
        {
            var wanted = slots.Where(s => s.IsWanted).ToList();
            await wanted[tools.Random.Next(wanted.Count)].StopAsync();
        }

        await Task.WhenAll(slots.Where(s => !s.IsWanted).Take(number - slots.Count(s => s.IsWanted)).Select(s => s.StartAsync(SiloVariant.Plain)));
    }
}
