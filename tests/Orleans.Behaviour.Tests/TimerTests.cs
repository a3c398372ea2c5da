namespace Orleans.Behaviour.Tests;

/// <summary>Grain timers and idle collection (orleans-api.md 3.1, 3.9). Where something must not happen, the ticks of a second timer tell that there was time for it.</summary>
public partial class TimerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);

    [Fact]
    public void TimerOptions_DefaultHasZeroTimesAndNoInterleaving()
    {
        GrainTimerCreationOptions options = default;
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero, false, false), (options.DueTime, options.Period, options.Interleave, options.KeepAlive));
    }

    [Fact]
    public async Task RealTimer_InfinitePeriod_FiresOnce_AndCanBeChangedAndStopped()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITimerGrain>("rt-once");
        await grain.Start(Soon, Timeout.InfiniteTimeSpan, false, false);
        await Wait.Until(() => Ticks("rt-once") == 1, "the tick");
        await OthersTickAsync(silo, "rt-once-other");
        Assert.Equal(1, Ticks("rt-once"));
        await grain.Change(Soon, Soon);
        await Wait.Until(() => Ticks("rt-once") >= 3, "more ticks");
        await grain.Stop();
        var ticks = Ticks("rt-once");
        await OthersTickAsync(silo, "rt-once-last");
        Assert.Equal(ticks, Ticks("rt-once"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RealTimer_DuringARequest_TicksOnlyWhenInterleaving(bool interleave)
    {
        var key = $"rt-interleave-{interleave}";
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITimerGrain>(key);
        await grain.Start(Soon, Timeout.InfiniteTimeSpan, interleave, false);
        await Wait.Until(() => Ticks(key) == 1, "the first tick");
        var hold = grain.Hold();
        await Wait.Until(() => Probe.Of(key).Log.Contains("held"), "the request runs");
        await grain.ChangeMeanwhile(Soon, Soon);
        if (interleave)
        {
            await Wait.Until(() => Ticks(key) > 1, "a tick during the request");
        }
        else
        {
            await OthersTickAsync(silo, $"{key}-other");
            Assert.Equal(1, Ticks(key));
        }

        Probe.Of(key).Gate.SetResult();
        await hold;
        await Wait.Until(() => Ticks(key) > 1, "a tick");
    }

    [Fact]
    public async Task RealTimer_FailingTick_GoesOn()
    {
        await using var silo = await TestSilo.StartAsync();
        await silo.Grains.GetGrain<ITimerGrain>("rt-fail").StartFailing(Soon);
        await Wait.Until(() => Ticks("rt-fail") >= 3, "ticks after the failing ones");
    }

    [Fact]
    public async Task RealTimer_EndsWithItsActivation()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITimerGrain>("rt-end");
        var first = await grain.Instance();
        await grain.Start(Soon, Soon, false, false);
        await Wait.Until(() => Ticks("rt-end") > 0, "a tick");
        await grain.Leave();
        Assert.NotEqual(first, await grain.Instance());
        var ticks = Ticks("rt-end");
        await OthersTickAsync(silo, "rt-end-other");
        Assert.Equal(ticks, Ticks("rt-end"));
    }

    private static int Ticks(string key) => Probe.Of(key).Log.Count(l => l is "tick" or "failing" or "constructor");

    /// <summary>Comes back when a timer of another grain has ticked five times.</summary>
    private static async Task OthersTickAsync(TestSilo silo, string key)
    {
        await silo.Grains.GetGrain<ITimerGrain>(key).Start(Soon, Soon, false, false);
        await Wait.Until(() => Ticks(key) >= 5, "ticks of another");
    }
}
