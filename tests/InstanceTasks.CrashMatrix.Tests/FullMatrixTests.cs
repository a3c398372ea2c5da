using System.Diagnostics;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Reporting;
using InstanceTasks.CrashMatrix.Running;
using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.CrashMatrix.Tests;

/// <summary>The whole matrix, a kind and a store at a time. A shard that is finished is not run again by the same program; the last one to finish writes the page.</summary>
[Trait("Category", "Full")]
public sealed class FullMatrixTests(ITestOutputHelper output)
{
    private static readonly string[] Kinds = [.. PlanRegistry.All.Select(p => p.Kind.Name).Order(StringComparer.Ordinal)];

    public static TheoryData<string> AllKinds() => [.. Kinds];

    [Theory]
    [MemberData(nameof(AllKinds))]
    public Task Kind_OnSqlite_EveryCellIsRight(string kind) => RunAsync(MatrixStore.Sqlite, kind);

    [Theory]
    [Trait("Requires", "postgresql")]
    [MemberData(nameof(AllKinds))]
    public Task Kind_OnPostgres_EveryCellIsRight(string kind) => RunAsync(MatrixStore.Postgres, kind);

    private async Task RunAsync(MatrixStore store, string kind)
    {
        if (ShardFile.Read(store, kind) is { } finished)
        {
            output.WriteLine($"report: {kind}: {MatrixReport.Summary(store, finished.Results, TimeSpan.FromSeconds(finished.Seconds))} (kept)");
            WritePage();
            return;
        }

        var cells = MatrixGenerator.Of(PlanRegistry.Find(new TaskKind(kind))!).ToList();
        var runnable = cells.Where(c => c.NotApplicable is null).ToList();
        var watch = Stopwatch.StartNew();
        await using var rig = await MatrixRig.StartAsync(store);
        var results = runnable.Count == 0 ? [] : await new MatrixRun(rig).RunAsync(runnable);
        List<CellResult> all = [.. results, .. cells.Where(c => c.NotApplicable is not null).Select(c => CellResult.Of(c, c.NotApplicable!))];
        ShardFile.Write(new Shard(store, kind, watch.Elapsed.TotalSeconds, all));
        output.WriteLine($"report: {kind}: {MatrixReport.Summary(store, all, watch.Elapsed)}{string.Concat(MatrixReport.RuleLines(all).Select(l => $"; {l}"))}");
        Assert.Equal(runnable.Count, results.Count);
        Report.Assert(results, rig, output);
        WritePage();
    }

    private static void WritePage()
    {
        List<Shard> shards = [];
        foreach (var (store, kind) in Enum.GetValues<MatrixStore>().SelectMany(s => Kinds.Select(k => (s, k))))
        {
            if (ShardFile.Read(store, kind) is not { } shard)
            {
                return;
            }

            shards.Add(shard);
        }

        File.WriteAllText(Path.Combine(RepoRoot.Path, "docs", "crash-matrix.md"), MatrixReport.Page(shards));
    }
}
