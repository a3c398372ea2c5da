using System.Diagnostics;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Reporting;
using InstanceTasks.CrashMatrix.Running;
using Xunit.Abstractions;

namespace InstanceTasks.CrashMatrix.Tests;

/// <summary>Another part of the matrix every day, on both stores; or the cells that are asked for by a part of their name.</summary>
public sealed class SampleTests(ITestOutputHelper output)
{
    private const string Seed = "INSTANCETASKS_MATRIX_SEED";
    private const string Names = "INSTANCETASKS_MATRIX_CELLS";
    private const int Size = 400;

    [Fact]
    public Task Sample_OnSqlite_EveryCellIsRight() => RunAsync(MatrixStore.Sqlite);

    [Fact]
    [Trait("Requires", "postgresql")]
    public Task Sample_OnPostgres_EveryCellIsRight() => RunAsync(MatrixStore.Postgres);

    private async Task RunAsync(MatrixStore store)
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable(Seed) ?? Today());
        var all = MatrixGenerator.All().Where(c => c.NotApplicable is null).ToList();
        var cells = Choose(all, seed);
        var watch = Stopwatch.StartNew();
        await using var rig = await MatrixRig.StartAsync(store);

        var results = await new MatrixRun(rig).RunAsync(cells);

        // What begins so is printed by test.sh.
        output.WriteLine($"report: {MatrixReport.Summary(store, results, watch.Elapsed)}, of {all.Count} (seed {seed}; {Seed} runs the same again)");
        Assert.NotEmpty(results);
        Report.Assert(results, rig, output);
    }

    private static List<MatrixCell> Choose(List<MatrixCell> all, int seed)
    {
        if (Environment.GetEnvironmentVariable(Names) is { } names)
        {
            return all.FindAll(c => names.Split(';').Any(n => c.Id.Contains(n, StringComparison.Ordinal)));
        }

        var shuffled = all.ToArray();
        new Random(seed).Shuffle(shuffled);
        return [.. shuffled.Take(Size)];
    }

    // New every day, and the same all day.
    private static string Today() => $"{(int)TimeProvider.System.GetUtcNow().Subtract(DateTimeOffset.UnixEpoch).TotalDays}";
}
