using InstanceTasks.Chaos.Cluster;
using InstanceTasks.TestKit;

namespace InstanceTasks.Chaos.Faults;

/// <summary>Faults of a silo's process.</summary>
internal static class ProcessFaults
{
    private const long MoreMemory = 1 << 20;
    private const int Aborted = 134;
    private const string ToldDead = "I have been told I am dead";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static async Task<FaultEvidence> KillAsync(FaultTools tools)
    {
        var (slot, down) = (tools.PickUp(), tools.Between(2, 14));
        var life = slot.Life;
        if (!await slot.KillAsync())
        {
            throw new FaultMissedException($"{slot.Name} had ended by itself");
        }

        // Sometimes its successor is there before the others have found out.
        await tools.SeeAsync(() => life.DeclaredDeadAt is not null, down);
        var found = life.DeclaredDeadAt is { } at ? $"declared dead {(at - life.EndedAt!.Value).TotalSeconds:0.0} s later" : $"back after {down.TotalSeconds:0.0} s, before it was declared dead";
        await slot.StartAsync(SiloVariant.Plain);
        return new([slot.Name], true, $"{slot.Name} (process {life.ProcessId}) ended with {life.ExitCode}; {found}");
    }

    public static async Task<FaultEvidence> StopAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        var life = slot.Life;
        if (await slot.StopAsync() is not { } code)
        {
            throw new FaultMissedException($"{slot.Name} had ended by itself");
        }

        await tools.LastAsync(tools.Between(0.2, 3));
        await slot.StartAsync(SiloVariant.Plain);
        return new([slot.Name], code == 0, $"{slot.Name} (process {life.ProcessId}) ended with {code}");
    }

    /// <summary>The lease must end while it stands still; afterwards it must either take a new generation or end.</summary>
    public static async Task<FaultEvidence> FreezeAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        var (life, name) = (slot.Life, (await tools.Cluster.Watch.FindAsync(slot))?.Name ?? throw new FaultMissedException($"{slot.Name} is no member"));
        var newest = (await LeasesAsync(tools, name)).Max(l => l.Generation);
        await slot.FreezeAsync();
        bool lapsed;
        try
        {
            lapsed = await tools.SeeAsync(async () => (await LeasesAsync(tools, name)).All(l => l.Left < TimeSpan.Zero), Patience);
            await tools.LastAsync(tools.Between(0.5, 8));
        }
        finally
        {
            slot.Thaw();
        }

        var fenced = await tools.SeeAsync(async () => life.End != SiloEnd.None || !slot.IsUp || (await LeasesAsync(tools, name)).Exists(l => l.Generation > newest), Patience);
        await tools.SeeAsync(() => slot.IsUp, Patience);
        var after = life.End == SiloEnd.None ? "took a new generation" : $"ended by itself with {life.ExitCode}";
        return new([slot.Name], lapsed && fenced, $"{slot.Name} stood still; its lease (generation {newest}) {(lapsed ? "ended" : "did NOT end")} meanwhile; it {(fenced ? after : "did NOT notice")}");
    }

    public static async Task<FaultEvidence> MemoryAsync(FaultTools tools)
    {
        using var limit = MemoryLimit.TryCreate() ?? throw new InvalidOperationException("No memory cgroup can be made.");
        var slot = await RestartAsync(tools, new(Memory: limit));
        var (life, allowed) = (slot.Lives[^1], limit.Tighten(MoreMemory));
        await tools.LastAsync(tools.Between(5, 15));
        await slot.StopAsync();
        var (hits, kills) = (limit.Hits, limit.Kills);
        await slot.StartAsync(SiloVariant.Plain);
        return new([slot.Name], hits > 0 || kills > 0, $"{slot.Name} (process {life.ProcessId}) might take {allowed >> 20} MiB and no more: the limit was hit {hits} times, {kills} killed for it");
    }

    public static async Task<FaultEvidence> ClockAsync(FaultTools tools)
    {
        var offset = TimeSpan.FromSeconds(Math.Round(tools.Between(3, 25).TotalSeconds)) * (tools.Random.Next(2) == 0 ? 1 : -1);
        var slot = await StopOneAsync(tools);
        if (await StartAgainstClockAsync(slot, new(ClockOffset: offset), offset) is { } refused)
        {
            return new([slot.Name], await IsBackAsync(tools, slot), $"{slot.Name} was told to be {offset.TotalSeconds:+0;-0} s off, {refused}");
        }

        var answer = await slot.Http.SendAsync(HttpMethod.Get, "/", null, null, Patience);
        var seen = answer?.Date - tools.Cluster.Time.GetUtcNow();
        await tools.LastAsync(tools.Between(5, 12));
        await slot.StopAsync();
        // From a clock that was ahead, the right one is one that is set back.
        refused = await StartAgainstClockAsync(slot, SiloVariant.Plain, -offset);
        return new(
            [slot.Name],
            seen is { } date && (date - offset).Duration() < TimeSpan.FromSeconds(2.5) && await IsBackAsync(tools, slot),
            $"{slot.Name} was told to be {offset.TotalSeconds:+0;-0} s off; the date of its answers was {seen?.TotalSeconds:+0.0;-0.0} s off{(refused is null ? "" : $"; with the right clock it {refused}")}");
    }

    /// <summary>
    /// Whether a start failed because the silo's clock was behind the start of its life before: Orleans numbers the lives of an address by that clock, takes the newer one for one that has come back, and
    /// tells it so. Anything else that ends a start is no proof of a wrong clock.
    /// </summary>
    internal static bool IsOlderThanItself(TimeSpan change, SiloStartException start) =>
        change < TimeSpan.Zero && start.ExitCode == Aborted && start.Message.Contains(ToldDead, StringComparison.Ordinal);

    /// <summary>Starts a silo whose clock differs so much from that of its life before. Null: it serves; otherwise what became of it: then the guard starts it, by the right clock and as often as it takes.</summary>
    private static async Task<string?> StartAgainstClockAsync(SiloSlot slot, SiloVariant variant, TimeSpan change)
    {
        try
        {
            await slot.StartAsync(variant);
            return null;
        }
        catch (SiloStartException e) when (IsOlderThanItself(change, e))
        {
            return $"was taken for its life before, and ended with {e.ExitCode}";
        }
    }

    // To start it from here could meet the guard, which does.
    private static Task<bool> IsBackAsync(FaultTools tools, SiloSlot slot) => tools.SeeAsync(() => slot.IsUp, Patience);

    /// <summary>Stops a silo, and starts it as another.</summary>
    private static async Task<SiloSlot> RestartAsync(FaultTools tools, SiloVariant variant)
    {
        var slot = await StopOneAsync(tools);
        await slot.StartAsync(variant);
        return slot;
    }

    private static async Task<SiloSlot> StopOneAsync(FaultTools tools)
    {
        var slot = tools.PickUp();
        if (await slot.StopAsync() is null)
        {
            await slot.StartAsync(SiloVariant.Plain);
            throw new FaultMissedException($"{slot.Name} had ended by itself");
        }

        return slot;
    }

    private static async Task<List<LeaseRow>> LeasesAsync(FaultTools tools, string name) => [.. (await tools.Cluster.Watch.ReadLeasesAsync()).Where(l => l.Silo == name)];
}
