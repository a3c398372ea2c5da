using InstanceTasks.Chaos.Cluster;
using InstanceTasks.Chaos.Faults;
using InstanceTasks.Chaos.Running;
using InstanceTasks.TestKit;

namespace InstanceTasks.Chaos.Tests;

/// <summary>What a run counts: who found a dead silo, who was healthy and for how long, and what is a problem.</summary>
public sealed class ChaosResultTests
{
    private const string ToldDead = "fail: FatalErrorHandler I have been told I am dead, so this silo will stop!";
    private static readonly DateTimeOffset Began = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Detections_OthersFoundOut_CountsFromTheKill()
    {
        var life = Ended(SiloEnd.Killed, 10, 137, deadAt: 12);
        life.Succeeded(At(15));

        Assert.Equal([2.0], Of(life).Detections);
        Assert.Equal(0, Of(life).Undetected);
    }

    [Fact]
    public void Detections_SuccessorWasStartedBefore_CountsAsNotDetected()
    {
        var life = Ended(SiloEnd.Killed, 10, 137, deadAt: 12);
        life.Succeeded(At(11));

        Assert.Empty(Of(life).Detections);
        Assert.Equal(1, Of(life).Undetected);
    }

    [Fact]
    public void Detections_SuccessorsFirstStartFailed_CountsFromThatStart()
    {
        var life = Ended(SiloEnd.Killed, 10, 137, deadAt: 12);
        life.Succeeded(At(11));
        life.Succeeded(At(20));

        Assert.Equal(1, Of(life).Undetected);
    }

    [Fact]
    public void HealthyTime_FaultsOfItsOwnOfAllAndOfOthers_LeavesOutWhatTouchedItAndTwentySecondsMore()
    {
        // It serves from 1 to 200; it is disturbed from 50 to 80 and, by two faults that overlap, from 100 to 140.
        var result = Of(Ended(SiloEnd.Stopped, 200, 0)) with { Faults = [Fault(50, 60, "one"), Fault(100, 110), Fault(105, 120, "one"), Fault(150, 160, "two")] };

        Assert.Equal(49 + 20 + 60, result.HealthyTime.TotalSeconds);
    }

    [Fact]
    public void HealthyTime_DisturbedAtItsEndAndAfterwards_EndsWithTheProcess()
    {
        var result = Of(Ended(SiloEnd.Killed, 55, 137)) with { Faults = [Fault(50, 60, "one"), Fault(300, 310)] };

        Assert.Equal(49, result.HealthyTime.TotalSeconds);
    }

    [Fact]
    public void FalseEvictions_DeclaredDeadWhileItLivedAndNothingHadHappened_IsOne()
    {
        var result = Of(Ended(SiloEnd.ByItself, 50, 134, deadAt: 48)) with { Faults = [Fault(10, 20, "one"), Fault(45, 46, "two")] };

        Assert.Single(result.FalseEvictions);
        Assert.Equal(0, result.DisturbedEvictions);
    }

    [Fact]
    public void FalseEvictions_DeclaredDeadBeforeItWasAskedToStop_IsOne()
    {
        var life = Life();
        life.AskedToStop(At(50));
        life.DeclaredDeadAt = At(48);
        life.Ended(SiloEnd.Stopped, 134, At(51), "");

        Assert.Single(Of(life).FalseEvictions);
        Assert.Empty(Of(life).BadStops);
    }

    [Fact]
    public void FalseEvictions_SiloThatLeaves_IsNone()
    {
        var life = Life();
        life.AskedToStop(At(50));
        life.DeclaredDeadAt = At(54);
        life.Ended(SiloEnd.Stopped, 0, At(55), "");

        Assert.Empty(Of(life).FalseEvictions);
    }

    [Fact]
    public void Problems_StopEndsBadly_IsOne()
    {
        var problem = Assert.Single(Of(Ended(SiloEnd.Stopped, 50, 139)).Problems);

        Assert.Contains("139", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Problems_StopOfASiloWithoutMemoryEndsBadly_IsNone()
    {
        var starved = new FaultRecord(FaultKind.Memory, At(10), At(60), new(["one"], true, ""));

        Assert.Empty((Of(Ended(SiloEnd.Stopped, 50, 137)) with { Faults = [starved] }).Problems);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void Problems_KindOfFaultCannotBeHad_IsOneWhereAllAreRequired(bool required, int problems)
    {
        var result = Of() with { NeedsAll = required, Missing = new Dictionary<FaultKind, string> { [FaultKind.Clock] = "no library" } };

        Assert.Equal(problems, result.Problems.Count);
        Assert.Contains("without Clock: no library", ChaosReport.Lines(result));
    }

    [Theory]
    [InlineData(-5, 134, ToldDead, true)]
    [InlineData(5, 134, ToldDead, false)]
    [InlineData(-5, 139, ToldDead, false)]
    [InlineData(-5, null, ToldDead, false)]
    [InlineData(-5, 134, "Out of memory.", false)]
    public void IsOlderThanItself_StartFailed_OnlyForAClockBehindAndASiloThatWasToldSo(int offset, int? code, string said, bool expected) =>
        Assert.Equal(expected, ProcessFaults.IsOlderThanItself(TimeSpan.FromSeconds(offset), new SiloStartException($"The silo ended with {code} before it answered.\n{said}") { ExitCode = code }));

    [Fact]
    public void Lines_SilosSaidWhatTheyAreBuiltWith_NamesIt()
    {
        var life = Life();
        life.Ended(SiloEnd.Stopped, 0, At(50), "InstanceTasks is ready.\n  built with   Orleans packages 10.4.2\n");

        Assert.Contains("silos built with Orleans packages 10.4.2", ChaosReport.Lines(Of(life)));
    }

    private static DateTimeOffset At(double seconds) => Began.AddSeconds(seconds);

    private static SiloLife Life() => new("one", 1, Began, TimeSpan.FromSeconds(1));

    private static SiloLife Ended(SiloEnd end, double at, int code, double? deadAt = null)
    {
        var life = Life();
        life.DeclaredDeadAt = deadAt is { } dead ? At(dead) : null;
        life.Ended(end, code, At(at), "");
        return life;
    }

    private static FaultRecord Fault(double from, double until, params IReadOnlyList<string> silos) => new(FaultKind.Freeze, At(from), At(until), new(silos, true, ""));

    private static ChaosResult Of(params IReadOnlyList<SiloLife> lives) => new()
    {
        Options = new() { Seed = 1, Duration = TimeSpan.FromMinutes(1) },
        Network = false,
        History = new(),
        Violations = [],
        Faults = [],
        Missing = new Dictionary<FaultKind, string>(),
        NeedsAll = false,
        Lives = lives,
        FailedStarts = [],
        Surprises = [],
        Waits = [],
        Rest = TimeSpan.Zero,
        Compared = 0,
        Repeats = 0,
        Connections = 0,
    };
}
