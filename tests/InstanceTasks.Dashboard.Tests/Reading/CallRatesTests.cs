using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Dashboard.Tests.Reading;

public sealed class CallRatesTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();

    [Fact]
    public void Rate_OfTwoRenewals_IsByTheTimeBetweenThem()
    {
        var rates = new CallRates(_time);
        rates.Note([Silo(1, 3.0, 100)]);
        Assert.Null(rates.Of(1));

        // Read 2.5 s later, and renewed 2 s after the first time.
        _time.Advance(2.5 * Second);
        rates.Note([Silo(1, 2.5, 150)]);

        Assert.Equal(25, rates.Of(1)!.Value, 6);
    }

    [Fact]
    public void Rate_OfTheSameRenewalReadTwice_StaysUnknown()
    {
        var rates = new CallRates(_time);
        rates.Note([Silo(1, 3.0, 100)]);
        _time.Advance(0.4 * Second);
        rates.Note([Silo(1, 2.6, 100)]);

        Assert.Null(rates.Of(1));
    }

    [Fact]
    public void Rate_AfterLong_IsThatOfTheLastSeconds()
    {
        var rates = new CallRates(_time);
        for (var i = 0; i <= 60; i++)
        {
            rates.Note([Silo(1, 3, i < 40 ? i * 1000 : 40_000)]);
            _time.Advance(Second);
        }

        Assert.Equal(0.0, rates.Of(1)!.Value, 6);
    }

    [Fact]
    public void Rate_OfSilosThatCountNotOrAreGone_IsUnknown()
    {
        var rates = new CallRates(_time);
        rates.Note([Silo(1, 3, 1), Silo(2, 3, 1) with { Calls = null }]);
        _time.Advance(Second);
        rates.Note([Silo(2, 3, 1) with { Calls = null }]);
        _time.Advance(Second);
        rates.Note([Silo(1, 3, 9), Silo(2, 3, 1) with { Calls = null }]);

        Assert.Null(rates.Of(1));
        Assert.Null(rates.Of(2));
        Assert.Null(rates.Of(3));
    }

    private static LiveGeneration Silo(long generation, double remaining, long calls) => new(generation, "silo", TimeSpan.FromSeconds(remaining)) { Calls = new(calls, 0) };
}
