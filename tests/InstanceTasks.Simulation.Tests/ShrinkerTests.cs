using InstanceTasks.Simulation.Checking;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Running;

namespace InstanceTasks.Simulation.Tests;

public sealed class ShrinkerTests
{
    private static readonly List<FaultId> Faults = [.. Enumerable.Range(1, 60).Select(n => new FaultId((FaultKind)(n % 7), n))];
    private static readonly List<int> Requests = [.. Enumerable.Range(1, 90)];

    [Fact]
    public void Shrink_KeepsWhatTheFailureNeedsAndNothingElse()
    {
        FaultId[] needed = [Faults[3], Faults[47]];

        var shortest = new Shrinker(o => Result(o, needed.All(n => o.Faults!.Contains(n)) && o.Requests!.Contains(61) ? "lost: a task" : null)).Shrink(Failing());

        Assert.Equal(needed, shortest.Faults);
        Assert.Equal([61], shortest.Requests);
    }

    [Fact]
    public void Shrink_DoesNotTurnIntoAnotherFailure()
    {
        // Without request 5 something else is violated: that is another story.
        var shortest = new Shrinker(o => Result(o, o.Requests!.Contains(5) ? "lost: a task" : "quota: wrong")).Shrink(Failing());

        Assert.Equal([5], shortest.Requests);
        Assert.Equal("lost", shortest.Kind);
    }

    [Fact]
    public void Shrink_StopsAfterSoManyRuns()
    {
        var shrinker = new Shrinker(o => Result(o, o.Faults!.Count == 60 ? "lost: a task" : null), mostRuns: 25);

        Assert.Equal(60, shrinker.Shrink(Failing()).Faults.Count);
        Assert.InRange(shrinker.Runs, 25, 27);
    }

    [Fact]
    public void Shrink_ARealRun_BecomesShorterAndFailsTheSameWay()
    {
        // With a store that keeps claims, almost everything else is beside the point.
        RunResult Run(RunOptions o) => Simulator.Run(o with { Sabotage = Sabotage.ClaimsKept });
        var failing = Enumerable.Range(1, 60).Select(s => Run(new RunOptions(s))).First(r => r.Failed);

        var shortest = new Shrinker(Run, mostRuns: 200).Shrink(failing);

        Assert.Equal(failing.Kind, shortest.Kind);
        Assert.True(shortest.Faults.Count + shortest.Requests.Count < (failing.Faults.Count + failing.Requests.Count) / 2);
    }

    [Fact]
    public void Regression_WrittenAndRead_IsTheSameRun()
    {
        var path = Path.GetTempFileName();
        try
        {
            var result = Failing();
            Regression.Of(result, "a story").Write(path);

            var read = Regression.Read(path);

            Assert.Equal(("a story", result.Options.Seed), (read.Story, read.Options.Seed));
            Assert.Equal(result.Faults.ToHashSet(), read.Options.Faults!.ToHashSet());
            Assert.Equal(result.Requests.ToHashSet(), read.Options.Requests!.ToHashSet());
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static RunResult Failing() => Result(new RunOptions(1) { Faults = Faults.ToHashSet(), Requests = Requests.ToHashSet() }, "lost: a task");

    private static RunResult Result(RunOptions options, string? violation) => new()
    {
        Options = options, Violations = violation is null ? [] : [violation], Fingerprint = 1, Events = 1, Commits = 1, Instances = 1, Tasks = 1, Effects = 1, Refusals = 0, Time = TimeSpan.Zero,
        Faults = [.. Faults.Where(options.Faults!.Contains)], Requests = [.. Requests.Where(options.Requests!.Contains)], Coverage = new Coverage(), Story = [],
    };
}
