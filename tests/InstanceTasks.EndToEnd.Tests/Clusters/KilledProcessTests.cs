using System.Globalization;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// A process of the cluster of <c>deploy/local-cluster.sh</c> is killed: it is seen and is back with <c>up</c>; and clients under way lose no more than the calls that it had in hand.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class KilledProcessTests(LocalCluster cluster, ITestOutputHelper output) : IClassFixture<LocalCluster>
{
    // Each has one call in hand at a time.
    private const int Clients = 6;
    private const int Enough = 150;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // HAProxy looks at a frontend every half second, and one that refuses is down at once; the rest is for a machine that has too much to do.
    private static readonly TimeSpan LongestUntilSeen = TimeSpan.FromSeconds(5);

    // A silo that is gone is asked until the others have voted it dead; what waits meanwhile is asked again (Api:AskAgainFor).
    private static readonly TimeSpan LongestUntilDead = TimeSpan.FromSeconds(20);

    [ClusterFact]
    public async Task Kill_OneSilo_IsSeenAndIsBackWithUp()
    {
        using var api = new ApiClient(cluster.Url);
        var (whole, status) = await cluster.RunAsync("status");
        Assert.True(whole == 0, status);
        Assert.Equal(3, status.Split('\n').Count(l => l.StartsWith("silo-", StringComparison.Ordinal) && l.Contains(" active ", StringComparison.Ordinal)));
        await api.CreateAndWaitAsync("before");

        cluster.Kills.Add(DateTimeOffset.UtcNow);
        var (killed, said) = await cluster.RunAsync("kill 2");
        Assert.True(killed == 0, said);

        var (after, without) = await cluster.RunAsync("status");
        Assert.Equal(1, after);
        Assert.Contains(without.Split('\n'), l => l.StartsWith("silo-2", StringComparison.Ordinal) && l.Contains(" down ", StringComparison.Ordinal));
        var accepted = await api.CreateServerAsync("during", "1", await api.ReadImageAsync());
        await api.SucceedAsync(accepted, TimeSpan.FromSeconds(100));

        var (again, up) = await cluster.RunAsync("up");
        Assert.True(again == 0, up + cluster.Logs());
        Assert.Equal(3, await cluster.ActiveSilosAsync());
        await api.CreateAndWaitAsync("afterwards");
    }


    [ClusterFact]
    public async Task Kill_FrontendUnderLoad_OnlyCallsInItsHandsAreLost()
    {
        const string Frontend = "frontend-1";
        await using var load = await StartLoadAsync(async () => (await cluster.ReadProxyAsync(Frontend)).Status.StartsWith("DOWN", StringComparison.Ordinal));
        Assert.True((await cluster.ReadProxyAsync(Frontend)).Sessions > 0, "nobody was sent to it");

        var (_, killed, seen) = await KillAsync(load, Frontend);

        Assert.True(seen - killed < LongestUntilSeen, $"HAProxy saw it after {seen - killed}");
        await JudgeAsync(load, "frontend", killed, seen);
    }

    [ClusterFact]
    public async Task Kill_SiloUnderLoad_OnlyCallsInItsHandsAreLost()
    {
        await using var load = await StartLoadAsync(async () => await cluster.ActiveSilosAsync() == 2);

        var (process, killed, seen) = await KillAsync(load, "silo-2");

        Assert.True(seen - killed < LongestUntilDead, $"the others saw it after {seen - killed}");
        await JudgeAsync(load, "silo", killed, seen);
        var operations = new WorldReader(cluster.SharedDirectory).ReadAllOperations();
        Assert.True(operations.Any(o => o.Process == process && o.BegunAt <= killed), "it had done nothing");
        Assert.True(operations.All(o => o.Process != process || o.BegunAt <= seen), "it does something although it is dead");
    }

    private async Task<ClusterLoad> StartLoadAsync(Func<Task<bool>> isSeen)
    {
        Assert.True(await cluster.RunAsync("up") is { Code: 0 }, cluster.Logs());
        var load = await ClusterLoad.StartAsync(cluster.Url, Clients, isSeen);
        await load.GrowAsync(Enough, Patience);
        return load;
    }

    /// <summary>Kills it, and lets the load go on until others have seen it and long after that, without it and with its successor.</summary>
    private async Task<(int Process, DateTimeOffset Killed, DateTimeOffset Seen)> KillAsync(ClusterLoad load, string name)
    {
        cluster.Kills.Add(DateTimeOffset.UtcNow);
        var (code, said) = await cluster.RunAsync($"kill {name}");
        var killed = DateTimeOffset.UtcNow;
        cluster.Kills.Add(killed);
        Assert.True(code == 0, said);
        await load.SeenAsync();
        var seen = DateTimeOffset.UtcNow;
        await load.GrowAsync(Enough, Patience);
        var (again, up) = await cluster.RunAsync("up");
        Assert.True(again == 0, up + cluster.Logs());
        await load.GrowAsync(Enough, Patience);
        await load.StopAsync();
        return (int.Parse(said.Split("(process ")[1].Split(')')[0], CultureInfo.InvariantCulture), killed, seen);
    }

    /// <summary>No more was lost than was in its hands or was on its way there before anybody knew, and what was accepted has its end.</summary>
    private async Task JudgeAsync(ClusterLoad load, string what, DateTimeOffset killed, DateTimeOffset seen)
    {
        var (ledger, lost) = (load.Ledger, load.Ledger.Lost);
        var story = string.Join(Environment.NewLine, lost.Select(l => $"{l.Began:HH:mm:ss.fff} {l.What}: {l.Why}"));
        output.WriteLine($"killed at {killed:HH:mm:ss.fff}, seen at {seen:HH:mm:ss.fff}; lost: {story}");
        output.WriteLine(ledger.Report());
        output.WriteLine($"report: {what} killed under load: seen after {(seen - killed).TotalSeconds:0.0} s; {lost.Count} calls lost, {lost.Count(l => l.IsRefused)} of them refused before anybody had them; {ledger.Summary()}");
        Assert.True(ledger.Failures.Count == 0, string.Join(Environment.NewLine, ledger.Failures.Take(20)) + cluster.Logs());
        Assert.True(lost.Count <= Clients, $"{lost.Count} calls were lost:{Environment.NewLine}{story}");
        Assert.True(lost.All(l => l.Began <= (l.IsRefused ? seen : killed)), $"a call was lost that was in no hands of it:{Environment.NewLine}{story}");
        // What a lost call has made goes on without its client.
        await Eventually.TrueAsync(() => new StoreReader(cluster.SharedDirectory).ReadUnfinished().Count == 0, Patience, "every task has ended");
        var report = WorldAudit.Compare(cluster.SharedDirectory, ledger.Accepted, cluster.Kills);
        Assert.True(report.Problems.Count == 0, string.Join(Environment.NewLine, report.Problems.Take(20)));
        Assert.True(report.Compared > 100);
    }
}
