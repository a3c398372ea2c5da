using System.Diagnostics;
using System.Net;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary><c>./run.sh</c> as a user runs it: one command to a serving API, Ctrl-C, and the same command again.</summary>
[Collection(AloneCollection.Name)]
public sealed class RunScriptTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan BuildAndStart = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan StartOnly = TimeSpan.FromSeconds(20);
    private readonly TempDirectory _data = new("run");

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Run_TwiceOnOneDirectory_ServesRefusesStopsAndServesAgain()
    {
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        Guid server;
        using (var first = Run(RepoRoot.Path, url))
        {
            using var api = new ApiClient(url);
            var time = await ReadyAsync(first, api, BuildAndStart);
            output.WriteLine($"first start to the first 200: {time.TotalSeconds:0.0} s (with a build, if one was needed)");
            AssertBlock(first, url);
            server = await api.CreateAndWaitAsync("survivor");
            await SecondIsRefusedAsync(api);
            await InterruptAsync(first);
        }

        using var second = Run(RepoRoot.Path, url);
        using var again = new ApiClient(url);
        var restart = await ReadyAsync(second, again, StartOnly);
        output.WriteLine($"second start to the first 200: {restart.TotalSeconds:0.0} s");
        Assert.Equal("ACTIVE", (await again.GetServerAsync(server))["status"]!.GetValue<string>());
        await InterruptAsync(second);
    }

    [Fact]
    public async Task Run_UnknownArgument_IsRefusedWithHelp()
    {
        using var run = ChildProcess.Start(Script(RepoRoot.Path), ["--no-such-thing"]);
        Assert.Equal(2, await run.WaitForExitAsync(StartOnly));
        Assert.Contains("--no-such-thing", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Category", "Full")]
    public async Task Run_FreshCopy_BuildsAndServes()
    {
        using var copy = new TempDirectory("fresh");
        copy.CopyFrom(RepoRoot.Path, "bin", "obj", "var", ".git", "TestResults", ".orleans-choice.props");
        var url = new Uri($"http://127.0.0.1:{FreePort.Next()}");
        using var run = Run(copy.Path, url);
        using var api = new ApiClient(url);
        var time = await ReadyAsync(run, api, BuildAndStart);
        output.WriteLine($"fresh copy to the first 200: {time.TotalSeconds:0.0} s");
        AssertBlock(run, url);
        await InterruptAsync(run);
    }

    private static string Script(string root) => Path.Combine(root, "run.sh");

    private ChildProcess Run(string root, Uri url) =>
        ChildProcess.Start("/usr/bin/setsid", [Script(root), "--urls", url.ToString().TrimEnd('/'), "--data", _data.Path], workingDirectory: Path.GetTempPath());

    private static async Task<TimeSpan> ReadyAsync(ChildProcess run, ApiClient api, TimeSpan deadline)
    {
        var watch = Stopwatch.StartNew();
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(run.HasExited, run.HasExited ? $"run.sh ended with {run.ExitCode}:{Environment.NewLine}{run.Output}" : "");
                try
                {
                    return await api.StatusAsync("/") == HttpStatusCode.OK;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            deadline,
            "run.sh serves",
            () => run.Output);
        return watch.Elapsed;
    }

    /// <summary>One block: what was built, where the API and the data are, three commands to try.</summary>
    private void AssertBlock(ChildProcess run, Uri url)
    {
        var text = run.StandardOutput;
        Assert.Contains(url.ToString().TrimEnd('/'), text, StringComparison.Ordinal);
        Assert.Contains(_data.Path, text, StringComparison.Ordinal);
        Assert.Matches("(?i)polyfill|package", text);
        string[] programs = ["export", "openstack", "curl"];
        Assert.All(programs, p => Assert.Matches($@"(?m)^\s+{p} ", text));
    }

    private async Task SecondIsRefusedAsync(ApiClient first)
    {
        using var second = Run(RepoRoot.Path, new Uri($"http://127.0.0.1:{FreePort.Next()}"));
        var code = await second.WaitForExitAsync(StartOnly);
        Assert.NotEqual(0, code);
        Assert.Contains(_data.Path, second.Output, StringComparison.Ordinal);
        Assert.Contains("in use", second.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", second.Output, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await first.StatusAsync("/"));
    }

    private static async Task InterruptAsync(ChildProcess run)
    {
        run.SignalGroup(PosixSignalNumber.Interrupt);
        var code = await run.WaitForExitAsync(StartOnly);
        Assert.True(code is 0, $"Ctrl-C ended it with {code}:{Environment.NewLine}{run.Output}");
    }
}
