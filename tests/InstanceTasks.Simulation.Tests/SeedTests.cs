using System.Diagnostics;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Running;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.Simulation.Tests;

/// <summary>Two minutes of seeds that nobody has run before, and every run that has once failed.</summary>
public sealed class SeedTests(ITestOutputHelper output)
{
    private const string FirstSeed = "INSTANCETASKS_FIRST_SEED";
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(2);

    public static TheoryData<string> Regressions()
    {
        var data = new TheoryData<string>();
        foreach (var file in Directory.GetFiles(Path.Combine(RepoRoot.Path, "tests/InstanceTasks.Simulation.Tests/Regressions"), "*.json").Order())
        {
            data.Add(Path.GetFileName(file));
        }

        return data;
    }

    [Fact]
    public void Run_NewSeedsForTwoMinutes_NothingIsViolated()
    {
        var first = long.Parse(Environment.GetEnvironmentVariable(FirstSeed) ?? Today());
        var watch = Stopwatch.StartNew();

        var batch = Batch.Run(first, b => watch.Elapsed < Budget && b.Failures.Count == 0);

        // What begins so is printed by test.sh.
        output.WriteLine($"report: from seed {first} ({FirstSeed} runs the same again)");
        foreach (var line in batch.Report(missing: false))
        {
            output.WriteLine($"report: {line}");
        }

        Assert.True(batch.Failures.Count == 0, batch.Failures.Count == 0 ? "" : Shortest(batch.Failures[0]));
        HasEnough(batch);
    }

    [Theory]
    [MemberData(nameof(Regressions))]
    public void Replay_ARunThatHasOnceFailed_NothingIsViolated(string file)
    {
        var regression = Regression.Read(Path.Combine(RepoRoot.Path, "tests/InstanceTasks.Simulation.Tests/Regressions", file));

        var result = Simulator.Run(regression.Options);

        Assert.True(!result.Failed, $"{regression.Story}\n{string.Join("\n", result.Violations)}");
        Assert.True(regression.Faults is null || result.Faults.Count > 0, "None of its faults struck.");
    }

    [Fact]
    public void Run_TheSameSeed_IsTheSameRun()
    {
        for (var seed = 1; seed <= 8; seed++)
        {
            Assert.Equal(Simulator.Run(new RunOptions(seed)).Fingerprint, Simulator.Run(new RunOptions(seed) { Story = true }).Fingerprint);
        }
    }

    /// <summary>Also in another process, whose strings have other hash codes.</summary>
    [Fact]
    public async Task Run_TheSameSeedInAnotherProcess_IsTheSameRun()
    {
        const int Seeds = 8;
        var here = Enumerable.Range(1, Seeds).Select(s => $"{s} {Simulator.Run(new RunOptions(s)).Fingerprint:x16}");

        var there = await Processes.RunAsync("dotnet", ["exec", typeof(Simulator).Assembly.Location, "fingerprint", "--from", "1", "--seeds", $"{Seeds}"]);

        Assert.Equal((0, string.Join('\n', here)), (there.Code, there.Output.Trim()));
    }

    [Fact]
    public void Run_WithoutAnyFault_NothingStrikesAndNothingIsViolated()
    {
        var quiet = Simulator.Run(new RunOptions(3) { Faults = new HashSet<FaultId>() });

        Assert.Empty(quiet.Violations);
        Assert.Empty(quiet.Faults);
        Assert.True(quiet.Commits >= Simulator.LeastCommits);
    }

    private static void HasEnough(Batch batch)
    {
        var (commits, faults, instances) = batch.Least;
        Assert.True(commits >= Simulator.LeastCommits && faults >= 5 && instances >= 3, $"a seed had only {commits} commits, {faults} faults or {instances} instances");
        var medians = batch.Medians;
        Assert.True(medians is { Events: >= 8000, Faults: >= 60 }, $"half of the seeds had fewer than {medians.Events} events or {medians.Faults} faults");
        Assert.Equal([], Enum.GetValues<FaultKind>().Where(k => !batch.Struck.ContainsKey(k)));
        Assert.Equal(Engine.TaskTransitions.Reachable.Count, batch.Coverage.Shapes.Count);
    }

    private static string Shortest(RunResult failing)
    {
        var shortest = new Shrinker(Simulator.Run).Shrink(failing);
        var story = Simulator.Run(shortest.Options with { Story = true });
        return $"seed {failing.Options.Seed}: {failing.Violations[0]}\nTo commit it: dotnet run -c Release --project tests/InstanceTasks.Simulation -- shrink {failing.Options.Seed} --out FILE\n{string.Join('\n', story.Story)}";
    }

    // New every day, and the same all day.
    private static string Today() => $"{(long)TimeProvider.System.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).TotalDays * 1_000_000}";
}
