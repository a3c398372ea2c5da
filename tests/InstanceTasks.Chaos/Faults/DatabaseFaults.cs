using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Faults;

/// <summary>Faults of the database and of the way to it.</summary>
internal static class DatabaseFaults
{
    private const int Aborted = 134;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    public static async Task<FaultEvidence> RestartAsync(FaultTools tools, bool immediate)
    {
        var (cluster, lost) = (tools.Cluster, Lost(tools));
        var before = await cluster.Watch.ReadDatabaseStartAsync();
        await Task.Run(() => cluster.Postgres.Stop(immediate));
        await tools.LastAsync(tools.Between(0.1, 4));
        await Task.Run(cluster.Postgres.Start);
        var after = await cluster.Watch.ReadDatabaseStartAsync();
        lost = Lost(tools) - lost;
        return new([], after > before && lost > 0, $"the database of {before:HH:mm:ss.fff} was followed by that of {after:HH:mm:ss.fff}; {lost} connections were lost");
    }

    public static async Task<FaultEvidence> CutAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        var (proxy, cut, refused) = (slot.Database, slot.Database.CutConnections, slot.Database.RefusedConnections);
        proxy.Cut();
        await tools.LastAsync(tools.Between(0.1, 7));
        proxy.Heal();
        (cut, refused) = (proxy.CutConnections - cut, proxy.RefusedConnections - refused);
        return new([slot.Name], cut > 0, $"{cut} connections of {slot.Name} were reset, {refused} new ones refused");
    }

    public static async Task<FaultEvidence> SlowAsync(FaultTools tools)
    {
        var (slot, delay) = (tools.PickUp(), tools.Between(0.03, 0.4));
        var late = slot.Database.LatePieces;
        slot.Database.Delay(delay);
        await tools.LastAsync(tools.Between(3, 8));
        slot.Database.Heal();
        late = slot.Database.LatePieces - late;
        return new([slot.Name], late > 0, $"{late} pieces of data from and to {slot.Name} came {delay.TotalMilliseconds:0} ms late");
    }

    public static async Task<FaultEvidence> StallAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        var (late, time) = (slot.Database.LatePieces, tools.Between(1, 9));
        slot.Database.StandStill();
        await tools.LastAsync(time);
        slot.Database.Heal();
        late = slot.Database.LatePieces - late;
        return new([slot.Name], late > 0, $"{late} connections of {slot.Name} stood still with data in them, for up to {time.TotalSeconds:0.0} s");
    }

    /// <summary>The others still have the database and reach the silo: it must find out by itself that it is in their way.</summary>
    public static async Task<FaultEvidence> LoseAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        var (life, began) = (slot.Life, tools.Cluster.Time.GetTimestamp());
        if (tools.Cluster.Up.Count < 2)
        {
            throw new FaultMissedException($"{slot.Name} is the only silo");
        }

        slot.Database.Cut();
        bool ended;
        try
        {
            ended = await tools.SeeAsync(() => life.End != SiloEnd.None, Patience);
        }
        finally
        {
            slot.Database.Heal();
        }

        var time = tools.Cluster.Time.GetElapsedTime(began);
        var back = await tools.SeeAsync(() => slot.IsUp, Patience);
        return new(
            [slot.Name],
            ended && life.ExitCode == Aborted && back,
            $"{slot.Name} (process {life.ProcessId}) had no way to the database, and {(ended ? $"ended itself with {life.ExitCode} after {time.TotalSeconds:0.0} s" : "did NOT end")}; {(back ? "its successor is there" : "NO successor came")}");
    }

    private static long Lost(FaultTools tools) => tools.Cluster.Slots.Sum(s => s.Database.LostConnections);
}
