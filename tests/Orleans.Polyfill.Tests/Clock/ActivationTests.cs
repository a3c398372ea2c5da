namespace Orleans.Behaviour.Tests;

public partial class ActivationTests
{
    [Fact]
    public async Task FailedActivation_CallersGetTheOriginalException_ForFiveSeconds()
    {
        await using var silo = await TestSilo.StartOnFakeTimeAsync();
        var grain = silo.Grains.GetGrain<IFailingGrain>("ac-fail");
        var probe = Probe.Of("ac-fail");
        Assert.Equal("not yet", (await Assert.ThrowsAsync<InvalidOperationException>(grain.Touch)).Message);
        probe.Gate.SetResult();
        Assert.Equal("not yet", (await Assert.ThrowsAsync<InvalidOperationException>(grain.Touch)).Message);
        silo.Time.Advance(TimeSpan.FromSeconds(5));
        await Wait.Until(async () => await Record.ExceptionAsync(grain.Touch) is null, "the failed activation is dropped");
        Assert.Equal(["activate", "activate"], probe.Log.Where(l => l == "activate").Take(2));
    }
}
