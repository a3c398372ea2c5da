using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// SIGKILL at every named moment in the life of a task of every kind: the request was either not accepted, or its task ends as asked; after each
/// crash store and world are compared. The crash matrix has the same points of every kind within a process, so only some of these run every time:
/// how a real process dies and starts depends little on the kind of task.
/// </summary>
[Collection(PreparedCollection.Name)]
public sealed class FailpointTests(PreparedDirectory prepared, ITestOutputHelper output)
{
    // One part of the points a day.
    private const int Parts = 3;

    [Theory]
    [InlineData("create", "delete")]
    [InlineData("stop", "start")]
    public Task Kill_AtSomePointsOfSomeKinds_TaskEndsAsAskedOrWasNotAccepted(string first, string second) => CrashAsync(first, second, pair => pair % Parts == Today % Parts);

    [Theory]
    [Trait("Category", "Full")]
    [InlineData("create", "delete")]
    [InlineData("stop", "start")]
    [InlineData("reboot", "hard-reboot")]
    [InlineData("pause", "unpause")]
    [InlineData("suspend", "resume")]
    [InlineData("rescue", "unrescue")]
    [InlineData("force-stop", "change-password")]
    [InlineData("create-image", "rebuild")]
    [InlineData("shelve", "shelve-offload")]
    [InlineData("shelve-and-offload", "unshelve")]
    [InlineData("lock", "unlock")]
    [InlineData("resize", "confirm-resize")]
    [InlineData("revert-resize", "lock")]
    public Task Kill_AtEveryPointOfEveryKind_TaskEndsAsAskedOrWasNotAccepted(string first, string second) => CrashAsync(first, second, _ => true);

    [Fact]
    public async Task Kill_AroundTheClaimOfSomeKinds_TaskEndsAsAsked() => await RunAsync(async series =>
    {
        foreach (var kind in OfToday([.. PlanRegistry.All.Where(p => !p.IsOneCommit).Select(p => p.Kind.Name).Order(StringComparer.Ordinal)]))
        {
            await series.CrashInClaimAsync(kind, FailpointPoint.StepsOf(PlanRegistry.Find(new TaskKind(kind))!)[0].Name);
        }
    });

    [Fact]
    [Trait("Category", "Full")]
    public async Task Kill_AroundTheClaimOfEveryKind_TaskEndsAsAsked() => await RunAsync(async series =>
    {
        foreach (var plan in PlanRegistry.All.Where(p => !p.IsOneCommit).OrderBy(p => p.Kind.Name, StringComparer.Ordinal))
        {
            await series.CrashInClaimAsync(plan.Kind.Name, FailpointPoint.StepsOf(plan)[^1].Name);
        }
    });

    [Fact]
    public async Task Kill_AroundTheCancelOfSomeKinds_CancelIsThereOrNot() => await RunAsync(async series =>
    {
        foreach (var kind in OfToday([.. PlanRegistry.All.Where(p => p.PointOfNoReturn > 0).Select(p => p.Kind.Name).Order(StringComparer.Ordinal)]))
        {
            await series.CrashInCancelAsync(new FailpointPoint("commit-before", kind, "command"));
            await series.CrashInCancelAsync(new FailpointPoint("commit-after", kind, "command"));
        }
    });

    /// <summary>Of every kind that can be canceled at all: one that is past its point of no return from the start never commits a cancel.</summary>
    [Fact]
    [Trait("Category", "Full")]
    public async Task Kill_AroundTheCancelOfEveryKind_CancelIsThereOrNot() => await RunAsync(async series =>
    {
        var kinds = PlanRegistry.All.Where(p => p.PointOfNoReturn > 0).Select(p => p.Kind.Name).Order(StringComparer.Ordinal).ToList();
        Assert.Contains("create", kinds);
        foreach (var name in new[] { "commit-before", "commit-after" })
        {
            foreach (var kind in kinds)
            {
                await series.CrashInCancelAsync(new FailpointPoint(name, kind, "command"));
            }
        }
    });

    [Fact]
    public async Task Kill_WhileACanceledCreateIsUndone_NothingIsLeftOver() => await RunAsync(async series =>
    {
        var steps = PlanRegistry.Find(TaskKinds.Create)!.Steps.Where(s => s.OnHost).ToList();
        foreach (var (step, _) in steps.Select((s, n) => (s, n)).Where(s => s.n % 2 == Today % 2))
        {
            await series.CrashInUndoAsync(new FailpointPoint("effect-before", "create", step.Name, Hit: 2), steps[^1].Name);
            await series.CrashInUndoAsync(new FailpointPoint("effect-after", "create", step.Name, Hit: 2), steps[^1].Name);
        }
    });

    [Fact]
    public void Failpoints_EveryKind_IsInOneOfTheSeries()
    {
        string[] covered =
        [
            "create", "delete", "stop", "start", "reboot", "hard-reboot", "pause", "unpause", "suspend", "resume", "rescue", "unrescue", "force-stop", "change-password",
            "create-image", "rebuild", "shelve", "shelve-offload", "shelve-and-offload", "unshelve", "resize", "confirm-resize", "revert-resize", "lock", "unlock",
        ];
        string[] records = ["update", "metadata", "reset-to-active", "reset-to-error"]; // as lock and unlock: one commit, the same code, no step
        Assert.Equal(covered.Concat(records).Order(StringComparer.Ordinal), PlanRegistry.All.Select(p => p.Kind.Name).Order(StringComparer.Ordinal));
        Assert.Equal("INSTANCETASKS_FAILPOINT", Failpoints.Variable);
    }

    private static int Today => (int)TimeProvider.System.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).TotalDays;

    /// <summary>A few of them, others every day.</summary>
    private static IEnumerable<string> OfToday(IReadOnlyList<string> kinds)
    {
        const int Some = 3;
        return Enumerable.Range(Today * Some, Some).Select(n => kinds[n % kinds.Count]);
    }

    // One after the other of each kind, since most leave a server that the other kind needs: only whole pairs are left out.
    private Task CrashAsync(string first, string second, Func<int, bool> pairs) => RunAsync(async series =>
    {
        var points = Interleave(FailpointPoint.Of(first, prepared.StepCommits(first)), FailpointPoint.Of(second, prepared.StepCommits(second)));
        foreach (var point in points.Where((_, n) => pairs(n / 2)))
        {
            await series.CrashAsync(point);
        }
    });

    private static List<FailpointPoint> Interleave(IReadOnlyList<FailpointPoint> first, IReadOnlyList<FailpointPoint> second)
    {
        var all = new List<FailpointPoint>();
        for (var n = 0; n < Math.Max(first.Count, second.Count); n++)
        {
            all.AddRange(first.Skip(n).Take(1));
            all.AddRange(second.Skip(n).Take(1));
        }

        return all;
    }

    private async Task RunAsync(Func<CrashSeries, Task> run)
    {
        using var data = new TempDirectory("failpoint");
        data.CopyFrom(prepared.Path);
        await using var series = new CrashSeries(data.Path, output);
        await run(series);
        await series.FinishAsync();
        Assert.True(series.Problems.Count == 0, string.Join(Environment.NewLine, series.Problems.Take(20)));
        Assert.True(series.Tried > 0);
    }
}
