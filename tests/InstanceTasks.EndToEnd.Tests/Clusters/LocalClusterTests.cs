using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// <c>deploy/local-cluster.sh</c> as its user runs it: PostgreSQL, three silos, two frontends, HAProxy. Every process is restarted one after the other under load, and clients
/// must not notice.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class LocalClusterTests(LongLeaseCluster longLease, ITestOutputHelper output) : IClassFixture<LongLeaseCluster>
{
    private const int Clients = 6;
    private const string OtherVersion = "99.0.0";

    // Requests are answered in milliseconds; one that meets a silo on its way out is asked again, each time after some seconds without an answer.
    private static readonly TimeSpan LongestRequest = TimeSpan.FromSeconds(15);

    // A step takes 50 ms here. A task whose process did not give back its lease waits for the end of that, which is longer than this (LongLeaseCluster.Lease).
    private static readonly TimeSpan LongestTask = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(30);

    private readonly LocalCluster _cluster = longLease.Cluster;

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
        Assert.True((long)(await _cluster.ScalarAsync($"SELECT count(*) FROM tasks WHERE body::text ILIKE '%{NextRelease.Member}%'"))! > 0, "the next release has stored nothing of its own");
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
        using var api = new ApiClient(_cluster.Url);
        return (string?)(await api.GetAsync("/health/ready"))["version"];
    }

    private async Task RestartUnderLoadAsync(string? silo)
    {
        Assert.True((await _cluster.RunAsync("up")) is { Code: 0 } up, _cluster.Logs());
        using var api = new ApiClient(_cluster.Url);
        var image = await api.ReadImageAsync();
        var ledger = new RequestLedger();
        var from = (long)(await _cluster.ScalarAsync("SELECT coalesce(max(stream_id), 0) FROM task_events"))!;
        using var stop = new CancellationTokenSource();
        using var stopFollower = new CancellationTokenSource();
        var load = Enumerable.Range(0, Clients).Select(n => new StrictClient(api, ledger, image, n).RunAsync(stop.Token)).ToList();
        var follower = new StreamFollower(_cluster.Url, from);
        var following = follower.RunAsync(stopFollower.Token);

        var (code, said) = await _cluster.RunAsync("restart", silo);

        var during = ledger.Count;
        await stop.CancelAsync();
        await Task.WhenAll(load).WaitAsync(TimeSpan.FromMinutes(2));
        await CatchUpAsync(follower);
        await stopFollower.CancelAsync();
        await following;
        output.WriteLine(said);
        output.WriteLine(ledger.Report());
        output.WriteLine($"report: rolling restart under load: {ledger.Summary()}");
        Assert.True(code == 0, said + _cluster.Logs());
        Assert.True(during > 100 && ledger.Accepted.Count > 20, $"only {during} requests while processes were restarted");
        Assert.True(ledger.Failures.Count == 0, string.Join(Environment.NewLine, ledger.Failures.Take(20)) + _cluster.Logs());
        Assert.True(ledger.SlowestRequest < LongestRequest, $"a request took {ledger.SlowestRequest}{Environment.NewLine}{ledger.Report()}{_cluster.Logs()}");
        Assert.True(ledger.SlowestTask < LongestTask, $"a task took {ledger.SlowestTask}{Environment.NewLine}{ledger.Report()}{_cluster.Logs()}");
        await CompareStreamAsync(follower, from);
        Compare(ledger);
    }

    /// <summary>Once the load has ended the follower must come to the last place that the journal has, not only to the last that it saw.</summary>
    private async Task CatchUpAsync(StreamFollower follower)
    {
        var last = (long)(await _cluster.ScalarAsync("SELECT max(stream_id) FROM task_events"))!;
        await Eventually.TrueAsync(() => follower.Place >= last, CatchUp, $"the follower has come to {last}", () => $"It is at {follower.Place}. {string.Join(Environment.NewLine, follower.Failures)}");
    }

    /// <summary>Every commit came once and in order, over as many connections as it took.</summary>
    private async Task CompareStreamAsync(StreamFollower follower, long from)
    {
        Assert.Empty(follower.Failures);
        Assert.Equal(follower.Places.Order(), follower.Places);
        var last = follower.Places[^1];
        var stored = (long)(await _cluster.ScalarAsync($"SELECT count(*) FROM task_events WHERE stream_id > {from} AND stream_id <= {last}"))!;
        output.WriteLine($"report: event stream over the restarts: {stored} commits, {follower.Connections} connections, none missing or twice");
        Assert.Equal(stored, follower.Places.Count);
        Assert.True(follower.Connections > 1, "no frontend that it followed was restarted");
    }

    // An effect may be repeated across a kill; a restart is none.
    private void Compare(RequestLedger ledger)
    {
        var report = WorldAudit.Compare(_cluster.SharedDirectory, ledger.Accepted, _cluster.Kills);
        Assert.True(report.Problems.Count == 0, string.Join(Environment.NewLine, report.Problems.Take(20)));
        Assert.True(report.Compared > 100);
    }
}
