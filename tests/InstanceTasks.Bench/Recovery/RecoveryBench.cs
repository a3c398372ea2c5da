using System.Diagnostics;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.Bench.Recovery;

/// <summary>How long tasks stand when the process that works on them is killed in the middle of a step.</summary>
internal static class RecoveryBench
{
    private const int Callers = 32;
    private const int WarmUp = 300;

    // So long that nothing ends by itself, and as short as usual for what is begun anew.
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Three silos; the one that works on all tasks is killed.</summary>
    public static async Task KillAsync(string? connection, int count)
    {
        await using var cluster = await RecoveryCluster.CreateAsync(connection, hosts: 4);
        var victim = await cluster.StartAsync();
        // The others come once everything is on the first.
        var servers = await CreateAsync([victim], count);
        await InterruptableAsync(cluster, [victim], servers);
        SiloProcess[] others = [await cluster.StartAsync(), await cluster.StartAsync()];
        // Silos that have worked before, as those of a cluster have: else most of the time is that of compiling what they have never run.
        await CreateAsync(others, WarmUp);
        var interrupted = new Interrupted(cluster.Directory);
        var tasks = interrupted.Of(victim.ProcessId);
        cluster.SetReset(Short);
        await victim.KillAsync();
        var killed = TimeProvider.System.GetUtcNow();
        var next = await interrupted.NextStepsAsync(tasks, killed);
        var (first, last) = interrupted.Claims(tasks, killed);
        Print("kill of one of three silos: to the next step", next, count, ("first_claim_ms", first), ("last_claim_ms", last), ("first_step_ms", Math.Round(next[0])));
    }

    /// <summary>One silo is killed and started again.</summary>
    public static async Task RestartAsync(string? connection, int count)
    {
        await using var cluster = await RecoveryCluster.CreateAsync(connection, hosts: 4, alone: true);
        var silo = await cluster.StartAsync();
        var servers = await CreateAsync([silo], count);
        await InterruptableAsync(cluster, [silo], servers);
        var interrupted = new Interrupted(cluster.Directory);
        var tasks = interrupted.Of(silo.ProcessId);
        cluster.SetReset(Short);
        await silo.KillAsync();
        var killed = TimeProvider.System.GetUtcNow();
        silo = await cluster.RestartAsync(silo);
        var ready = TimeProvider.System.GetUtcNow();
        var next = await interrupted.NextStepsAsync(tasks, killed);
        var start = (ready - killed).TotalMilliseconds;
        // Some move before the API answers.
        Print("restart of a single silo: from ready to the next step", [.. next.Select(ms => Math.Max(0, ms - start)).Order()], count, ("start_ms", Math.Round(silo.TimeToFirstAnswer.TotalMilliseconds)));
    }

    /// <summary>Two silos work for one host; one is killed.</summary>
    public static async Task SharedHostAsync(string? connection, int count)
    {
        await using var cluster = await RecoveryCluster.CreateAsync(connection, hosts: 1);
        var (victim, other) = (await cluster.StartAsync(), await cluster.StartAsync());
        var servers = await CreateAsync([victim, other], count);
        await InterruptableAsync(cluster, [victim, other], servers);
        var interrupted = new Interrupted(cluster.Directory);
        var (tasks, others) = (interrupted.Of(victim.ProcessId), interrupted.OfOthers(victim.ProcessId));
        cluster.SetReset(Short);
        await victim.KillAsync();
        var killed = TimeProvider.System.GetUtcNow();
        var next = await interrupted.NextStepsAsync(tasks, killed);
        Print("one host, two silos, one killed: to the next step", next, count, ("of_the_other", others.Count), ("of_those_disturbed", interrupted.Disturbed(others)));
    }

    private static async Task<Guid[]> CreateAsync(SiloProcess[] silos, int count)
    {
        var image = await silos[0].Api.ReadImageAsync();
        return await EachAsync(count, async n =>
        {
            var api = silos[n % silos.Length].Api;
            var answer = await api.CreateServerAsync($"bench-{n}", "1", image);
            await api.SucceedAsync(answer, Patience);
            return Guid.Parse((string)answer.Json["server"]!["id"]!);
        });
    }

    /// <summary>Asks for a hard reboot of each server, and waits until every one is in the middle of its step.</summary>
    private static async Task InterruptableAsync(RecoveryCluster cluster, SiloProcess[] silos, Guid[] servers)
    {
        cluster.SetReset(Long);
        await EachAsync(servers.Length, async n =>
            (await silos[n % silos.Length].Api.ActionAsync(servers[n], JsonNode.Parse("""{"reboot":{"type":"HARD"}}""")!)).Expect(System.Net.HttpStatusCode.Accepted).Task!.Value);
        var world = new WorldReader(cluster.Directory);
        await Eventually.TrueAsync(() => world.ReadUnfinished().Count == servers.Length, Patience, "every task is in the middle of a step", () => $"{world.ReadUnfinished().Count} are");
    }

    private static async Task<T[]> EachAsync<T>(int count, Func<int, Task<T>> one)
    {
        var results = new T[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (n, _) => results[n] = await one(n));
        return results;
    }

    private static void Print(string what, double[] sorted, int count, params IEnumerable<(string Name, JsonNode? Value)> more)
    {
        var line = new JsonObject { ["what"] = what, ["asked"] = count, ["interrupted"] = sorted.Length };
        foreach (var (name, value) in more)
        {
            line[name] = value;
        }

        (line["p50_ms"], line["p99_ms"], line["max_ms"]) = (At(sorted, 0.5), At(sorted, 0.99), At(sorted, 1));
        line["load_average"] = File.ReadAllText("/proc/loadavg").Split(' ')[0];
        Console.WriteLine(line.ToJsonString());
    }

    private static double At(double[] sorted, double part) =>
        sorted.Length == 0 ? throw new UnreachableException("Nothing was interrupted.") : Math.Round(sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * part))]);
}
