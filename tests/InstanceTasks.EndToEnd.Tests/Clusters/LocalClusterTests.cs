using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// <c>deploy/local-cluster.sh</c> as its user runs it: PostgreSQL, three silos, two frontends, HAProxy. One of them is killed; then every process is
/// restarted one after the other under load, and clients must not notice.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class LocalClusterTests(LocalCluster cluster, ITestOutputHelper output) : IClassFixture<LocalCluster>
{
    private const int Clients = 6;
    private const string OtherVersion = "99.0.0";

    // Requests are answered in milliseconds; one that meets a silo on its way out is asked again, each time after some seconds without an answer.
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(15);

    // A step takes up to a second here. A task that waits until it is due, or for a lease to end, takes longer than this.
    private static readonly TimeSpan LongestTask = TimeSpan.FromSeconds(20);

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

    /// <summary>A rolling restart, and a rolling upgrade: old and new processes work side by side meanwhile.</summary>
    [ClusterFact]
    public async Task Restart_OneAfterTheOtherWithAnotherVersionUnderLoad_ClientsNoticeNothing()
    {
        using var other = new TempDirectory("other-version");
        await RestartUnderLoadAsync(await BuildOtherVersionAsync(other));
        Assert.Equal(OtherVersion, await VersionAsync());
    }

    [ClusterFact]
    [Trait("Category", "Full")]
    public async Task Restart_ToAnotherVersionAndBackUnderLoad_ClientsNoticeNothing()
    {
        using var other = new TempDirectory("other-version");
        await RestartUnderLoadAsync(await BuildOtherVersionAsync(other));
        await RestartUnderLoadAsync(null);
        Assert.NotEqual(OtherVersion, await VersionAsync());
    }

    /// <summary>
    /// A release whose messages, stored records, grain interfaces and schema have more than this one's: over to it, so that both work side by side, and back again on what it has stored.
    /// </summary>
    [ClusterFact]
    [Trait("Category", "Full")]
    public async Task Restart_ToTheNextReleaseAndBackUnderLoad_ClientsNoticeNothing()
    {
        using var next = new TempDirectory("next-release");
        await RestartUnderLoadAsync(await NextRelease.BuildAsync(next));
        Assert.Equal(NextRelease.Version, await VersionAsync());
        Assert.True((long)(await cluster.ScalarAsync($"SELECT count(*) FROM tasks WHERE body::text ILIKE '%{NextRelease.Member}%'"))! > 0, "the next release has stored nothing of its own");
        await RestartUnderLoadAsync(null);
        Assert.NotEqual(NextRelease.Version, await VersionAsync());
    }

    /// <summary>The executable compiled again with another version number, beside the libraries that it was built with.</summary>
    private static async Task<string> BuildOtherVersionAsync(TempDirectory directory)
    {
        directory.CopyFrom(Path.GetDirectoryName(RepoRoot.SiloAssembly)!);
        using var dotnet = ChildProcess.Start(
            "dotnet",
            ["build", Path.Combine(RepoRoot.Path, "src", "InstanceTasks.Silo"), "-c", "Release", "-v", "q", "--no-restore", "--no-dependencies", "--disable-build-servers", "-p:RunAnalyzers=false",
             "-p:ProduceReferenceAssembly=false", "-p:StaticWebAssetsEnabled=false", $"-p:Version={OtherVersion}", $"-p:OutDir={directory.Path}/", $"-p:IntermediateOutputPath={directory.Combine("obj")}/"],
            workingDirectory: RepoRoot.Path);
        Assert.True(await dotnet.WaitForExitAsync(TimeSpan.FromMinutes(5)) == 0, dotnet.Output);
        return directory.Combine("instancetasks-silo.dll");
    }

    private async Task<string?> VersionAsync()
    {
        using var api = new ApiClient(cluster.Url);
        return (string?)(await api.GetAsync("/health/ready"))["version"];
    }

    private async Task RestartUnderLoadAsync(string? silo)
    {
        Assert.True((await cluster.RunAsync("up")) is { Code: 0 } up, cluster.Logs());
        using var api = new ApiClient(cluster.Url);
        var image = await api.ReadImageAsync();
        var ledger = new RequestLedger();
        var from = (long)(await cluster.ScalarAsync("SELECT coalesce(max(stream_id), 0) FROM task_events"))!;
        using var stop = new CancellationTokenSource();
        var load = Enumerable.Range(0, Clients).Select(n => new StrictClient(api, ledger, image, n).RunAsync(stop.Token)).ToList();
        var follower = new StreamFollower(cluster.Url, from);
        var following = follower.RunAsync(stop.Token);

        var (code, said) = await cluster.RunAsync("restart", silo);

        var during = ledger.Count;
        await stop.CancelAsync();
        await Task.WhenAll(load).WaitAsync(TimeSpan.FromMinutes(2));
        await following;
        output.WriteLine(said);
        output.WriteLine(ledger.Report());
        output.WriteLine($"report: rolling restart under load: {ledger.Summary()}");
        Assert.True(code == 0, said + cluster.Logs());
        Assert.True(during > 100 && ledger.Accepted.Count > 20, $"only {during} requests while processes were restarted");
        Assert.True(ledger.Failures.Count == 0, string.Join(Environment.NewLine, ledger.Failures.Take(20)) + cluster.Logs());
        Assert.True(ledger.SlowestRequest < LongestRequest, $"a request took {ledger.SlowestRequest}{Environment.NewLine}{ledger.Report()}{cluster.Logs()}");
        Assert.True(ledger.SlowestTask < LongestTask, $"a task took {ledger.SlowestTask}{Environment.NewLine}{ledger.Report()}{cluster.Logs()}");
        await CompareStreamAsync(follower, from);
        Compare(ledger);
    }

    /// <summary>Every commit came once and in order, over as many connections as it took.</summary>
    private async Task CompareStreamAsync(StreamFollower follower, long from)
    {
        Assert.Empty(follower.Failures);
        Assert.Equal(follower.Places.Order(), follower.Places);
        var last = follower.Places[^1];
        var stored = (long)(await cluster.ScalarAsync($"SELECT count(*) FROM task_events WHERE stream_id > {from} AND stream_id <= {last}"))!;
        output.WriteLine($"report: event stream over the restarts: {stored} commits, {follower.Connections} connections, none missing or twice");
        Assert.Equal(stored, follower.Places.Count);
        Assert.True(follower.Connections > 1, "no frontend that it followed was restarted");
    }

    // An effect may be repeated across a kill; a restart is none.
    private void Compare(RequestLedger ledger)
    {
        var report = WorldAudit.Compare(cluster.SharedDirectory, ledger.Accepted, cluster.Kills);
        Assert.True(report.Problems.Count == 0, string.Join(Environment.NewLine, report.Problems.Take(20)));
        Assert.True(report.Compared > 100);
    }
}
