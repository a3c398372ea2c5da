using InstanceTasks.Verifier.Model;
using InstanceTasks.Verifier.Search;
using Xunit.Abstractions;

namespace InstanceTasks.Verifier.Tests;

/// <summary>The product holds, within the bounds that are printed.</summary>
public sealed class VerificationTests(ITestOutputHelper output)
{
    [Fact]
    public void AllPairs_WithinTheBounds_HoldAndReachEverything()
    {
        var report = Verification.Run(new Rules(), Bounds.OfTests);

        output.WriteLine(report.Summary());
        Assert.True(report.Violation is null, report.Violation is { } violation ? Story.Tell(violation) : "");
        Assert.Empty(report.Unreached);
        Assert.Empty(report.Stale);
        Assert.True(report.Holds);
        Assert.Equal(0, report.Results.Sum(r => r.Cut));
        Assert.True(report.Results.Sum(r => r.Situations) > 1_000_000);
    }
}
