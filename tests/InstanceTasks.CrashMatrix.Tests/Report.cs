using InstanceTasks.CrashMatrix.Running;
using Xunit.Abstractions;

namespace InstanceTasks.CrashMatrix.Tests;

/// <summary>Says which cells are wrong, and why.</summary>
internal static class Report
{
    public static void Assert(IReadOnlyList<CellResult> results, MatrixRig rig, ITestOutputHelper output)
    {
        var slowest = results.OrderByDescending(r => r.Milliseconds).Take(5);
        output.WriteLine($"slowest: {string.Join("; ", slowest.Select(r => $"{r.Id} {r.Milliseconds} ms"))}");
        var wrong = results.Where(r => !r.IsOk).ToList();
        foreach (var result in wrong)
        {
            output.WriteLine($"WRONG {result.Id} ({result.Milliseconds} ms){string.Concat(result.Problems.Select(p => $"{Environment.NewLine}    {p}"))}");
        }

        if (wrong.Count > 0)
        {
            output.WriteLine(rig.Log);
        }

        Xunit.Assert.True(wrong.Count == 0, $"{wrong.Count} of {results.Count} cells are wrong:{string.Concat(wrong.Take(10).Select(r => $"{Environment.NewLine}{r.Id}: {r.Problems[0]}"))}");
    }
}
