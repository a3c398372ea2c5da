namespace Orleans.Behaviour.Tests;

/// <summary>Turns, re-entrancy, time-outs (orleans-api.md 3.1 and 3.2).</summary>
public class TurnTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(0.3);

    [Fact]
    public async Task Call_ValueTaskWithResult_AnswersFromTheGrain()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.Equal(5, await silo.Grains.GetGrain<ITurnGrain>("turn-add").Add(2, 3));
    }

    [Fact]
    public async Task Call_WhileAnotherAwaits_WaitsForItsEnd()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITurnGrain>("turn-order");
        var probe = Probe.Of("turn-order");
        var first = grain.Hold("first");
        await Wait.Until(() => !probe.Log.IsEmpty, "first begins");
        var second = grain.Note("second");
        await grain.Interleaved("between");
        probe.Gate.SetResult();
        await Task.WhenAll(first, second);
        Assert.Equal(["begin first", "between", "end first", "second"], probe.Log);
    }

    [Fact]
    public async Task ReadOnly_WhileReadOnlyRuns_Interleaves()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITurnGrain>("turn-read");
        var probe = Probe.Of("turn-read");
        var one = grain.HoldReading("a");
        var two = grain.HoldReading("b");
        await Wait.Until(() => probe.Log.Count == 2, "both readers run");
        var writer = grain.Note("writer");
        probe.Gate.SetResult();
        await Task.WhenAll(one, two, writer);
        Assert.Equal("writer", probe.Log.Last());
    }

    [Fact]
    public async Task Reentrant_SecondRequest_RunsAtTheAwaitOfTheFirst()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<IReentrantGrain>("turn-reentrant");
        var hold = grain.Hold();
        await grain.Open();
        await hold;
    }

    [Fact]
    public async Task CallSelf_WithoutPermission_TimesOut()
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: Short);
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("turn-self").CallSelf());
    }

    [Fact]
    public async Task CallSelf_WithinReentrancySection_Succeeds()
    {
        await using var silo = await TestSilo.StartAsync();
        await silo.Grains.GetGrain<ITurnGrain>("turn-self-allowed").CallSelfAllowed();
        Assert.Equal(["self"], Probe.Of("turn-self-allowed").Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CallCycle_IsADeadlockUnlessAllowed(bool allow)
    {
        await using var silo = await TestSilo.StartAsync(responseTimeout: allow ? null : Short);
        var call = silo.Grains.GetGrain<ITurnGrain>($"turn-a-{allow}").CallOther($"turn-b-{allow}", allow);
        if (allow)
        {
            await call;
        }
        else
        {
            await Assert.ThrowsAsync<TimeoutException>(() => call);
        }
    }

    [Fact]
    public async Task ResponseTimeout_OnTheInterfaceMethod_OverridesTheDefault()
    {
        await using var silo = await TestSilo.StartAsync();
        await Assert.ThrowsAsync<TimeoutException>(() => silo.Grains.GetGrain<ITurnGrain>("turn-brief").HoldBriefly());
        Probe.Of("turn-brief").Gate.SetResult();
        await Wait.Until(() => Probe.Of("turn-brief").Log.Contains("end briefly"), "the callee runs to its end all the same");
    }

    [Fact]
    public async Task OneWay_CallReturns_BeforeTheGrainIsDone()
    {
        await using var silo = await TestSilo.StartAsync();
        var probe = Probe.Of("turn-oneway");
        await silo.Grains.GetGrain<ITurnGrain>("turn-oneway").FireAndForget("x");
        await Wait.Until(() => probe.Log.Contains("begin x"), "it runs");
        Assert.DoesNotContain("end x", probe.Log);
        probe.Gate.SetResult();
        await Wait.Until(() => probe.Log.Contains("end x"), "it ends");
    }

    [Fact]
    public async Task CancelledToken_CompletesTheCallerAndFiresTheCalleesToken()
    {
        await using var silo = await TestSilo.StartAsync();
        var probe = Probe.Of("turn-cancel");
        using var cancel = new CancellationTokenSource();
        var call = silo.Grains.GetGrain<ITurnGrain>("turn-cancel").HoldWithToken(cancel.Token);
        await Wait.Until(() => probe.Log.Contains("begin"), "it runs");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await Wait.Until(() => probe.Log.Contains("token fired"), "the callee is told");
        Assert.Equal(["begin", "in context", "token fired"], probe.Log);
    }

    [Fact]
    public async Task Continuations_OfOneActivation_NeverRunInParallel()
    {
        await using var silo = await TestSilo.StartAsync();
        Assert.True(await silo.Grains.GetGrain<ITurnGrain>("turn-single").IsSingleThreaded(200));
    }

    [Fact]
    public async Task DeactivateOnIdle_NextCall_ReachesANewInstance()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Grains.GetGrain<ITurnGrain>("turn-deactivate");
        var first = await grain.Instance();
        await grain.Deactivate();
        Assert.NotEqual(first, await grain.Instance());
        Assert.Contains("deactivated ApplicationRequested", Probe.Of("turn-deactivate").Log);
    }

    [Fact]
    public async Task StopGracefully_DeactivatesGrainsWithShuttingDown()
    {
        await using var silo = await TestSilo.StartAsync();
        await silo.Grains.GetGrain<ITurnGrain>("turn-stop").Note("x");
        await silo.Cluster.StopAllSilosAsync();
        Assert.Contains("deactivated ShuttingDown", Probe.Of("turn-stop").Log);
    }
}
