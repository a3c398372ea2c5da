using System.Net;
using InstanceTasks.TestKit;
using Npgsql;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Two silos as processes of their own, on one PostgreSQL and with one set of hosts; one of them is killed.</summary>
[Collection(AloneCollection.Name)]
public sealed class ClusterTests(ITestOutputHelper output) : IDisposable
{
    private const int Servers = 12;

    // Long enough that a kill hits steps, also on a machine that has too much to do.
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(1);

    private readonly TempDirectory _one = new("cluster-one");
    private readonly TempDirectory _two = new("cluster-two");

    public void Dispose()
    {
        _one.Dispose();
        _two.Dispose();
    }

    [PostgresFact]
    public async Task TwoSilos_ShareTheWork_AndTheOtherGoesOnWhenOneIsKilled()
    {
        using var postgres = new PostgresData();
        var shared = new Dictionary<string, string?>(await postgres.UseForAsync(_one.Path))
        {
            ["INSTANCETASKS_Cluster__Id"] = "end-to-end",
            ["INSTANCETASKS_Cluster__Secret"] = "the secret of the end-to-end test",
            ["INSTANCETASKS_Hypervisor__WorldFile"] = _one.Combine("world.db"),
            ["INSTANCETASKS_Storage__SecretKeyFile"] = _one.Combine("secrets.key"),
        };
        await using var one = await SiloProcess.StartAsync(new() { DataDirectory = _one.Path, Environment = shared });
        await using var two = await SiloProcess.StartAsync(new() { DataDirectory = _two.Path, Environment = shared });
        var connection = shared["INSTANCETASKS_Storage__ConnectionString"]!;
        Assert.Equal(2, await ActiveSilosAsync(connection));
        var image = await one.Api.ReadImageAsync();
        var accepted = new List<ApiAnswer>();
        for (var n = 0; n < Servers; n++)
        {
            accepted.Add(await (n % 2 == 0 ? one : two).Api.CreateServerAsync($"c{n}", "1", image));
        }

        foreach (var answer in accepted)
        {
            await two.Api.SucceedAsync(answer);
        }

        // Accepted by both; then the one is gone at once, with its share of what is under way.
        new WorldControl(_one.Path).SetLatency(null, StepTime);
        var under = new List<ApiAnswer>();
        for (var n = 0; n < Servers; n++)
        {
            under.Add(await (n % 2 == 0 ? one : two).Api.CreateServerAsync($"k{n}", "1", image));
        }

        var (killedAt, hit) = await CatchAsync(one);
        await one.KillAsync();
        Assert.All(under, a => Assert.Equal(HttpStatusCode.Accepted, a.Status));
        foreach (var answer in under)
        {
            // Longer than it takes to find a dead silo on a machine that has too much to do; a task that nobody looks after is due later than that.
            await two.Api.SucceedAsync(answer, TimeSpan.FromSeconds(110));
        }

        await Eventually.TrueAsync(async () => await ActiveSilosAsync(connection) == 1, TimeSpan.FromSeconds(30), "the killed silo is declared dead", () => two.Output);
        await two.Api.CreateAndWaitAsync("after");
        output.WriteLine(two.Output);
        Assert.Equal(0, await two.StopAsync());
        Judge([.. accepted, .. under], killedAt, hit);
    }

    /// <summary>Lets the silo stand still at a moment at which it works on machines: the attempts that its death will hit.</summary>
    private async Task<(DateTimeOffset At, IReadOnlyList<WorldOperation> Hit)> CatchAsync(SiloProcess silo)
    {
        var (at, hit) = (DateTimeOffset.UtcNow, (List<WorldOperation>)[]);
        List<WorldOperation> Look() => LookAt(silo, at = DateTimeOffset.UtcNow);
        await Eventually.TrueAsync(
            async () =>
            {
                if (Look().Count == 0)
                {
                    return false;
                }

                await silo.FreezeAsync();
                if ((hit = Look()).Count == 0)
                {
                    silo.Thaw();
                }

                return hit.Count > 0;
            },
            TimeSpan.FromSeconds(30),
            "the silo works on a machine",
            () => silo.Output);
        return (at, hit);
    }

    /// <summary>What the silo has under way of tasks that have not ended: if it goes no further, only the other can end them.</summary>
    private List<WorldOperation> LookAt(SiloProcess silo, DateTimeOffset moment)
    {
        var attempts = new WorldReader(_one.Path).ReadInFlight(moment).Where(o => o.Process == silo.ProcessId).ToList();
        var unfinished = new StoreReader(_one.Path).ReadUnfinished().Select(t => t.Id.Value).ToHashSet();
        return [.. attempts.Where(o => unfinished.Contains(o.Task))];
    }

    /// <summary>Every effect on a machine happened once, although the other has gone on with what the kill hit.</summary>
    private void Judge(IReadOnlyList<ApiAnswer> accepted, DateTimeOffset killedAt, IReadOnlyList<WorldOperation> hit)
    {
        var requests = accepted.Select(a => new AcceptedRequest("create", Guid.Parse(a.Json["server"]!["id"]!.GetValue<string>()), a.Task!.Value, "succeeded"));
        var report = WorldAudit.Compare(_one.Path, requests, [killedAt]);
        report.ThrowIfAny();
        Assert.Empty(report.Repeats);
        output.WriteLine($"the kill hit {hit.Count} attempts: {string.Join(", ", hit.Select(o => o.Step))}; {report.Compared} comparisons");
    }

    private static async Task<long> ActiveSilosAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM OrleansMembershipTable WHERE DeploymentId = 'end-to-end' AND Status = 3";
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
