namespace Orleans.Polyfill.Tests;

/// <summary>What a call costs.</summary>
public sealed class CallSpeedTests
{
    [Fact]
    public async Task Call_InProcess_TakesFarLessThanTwentyMicroseconds()
    {
        await using var silo = await TestSilo.StartAsync();
        var grain = silo.Services.GetService(typeof(IGrainFactory)) is IGrainFactory factory ? factory.GetGrain<ITurnGrain>("turn-speed") : throw new InvalidOperationException();
        for (var i = 0; i < 5000; i++)
        {
            await grain.Add(i, i);
        }

        // The best of several rounds: other processes share the machine.
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 5; round++)
        {
            var start = TimeProvider.System.GetTimestamp();
            for (var i = 0; i < 5000; i++)
            {
                await grain.Add(i, i);
            }

            var elapsed = TimeProvider.System.GetElapsedTime(start);
            best = elapsed < best ? elapsed : best;
        }

        Assert.True(best.TotalMicroseconds / 5000 < 40, $"{best.TotalMicroseconds / 5000} us per call");
    }
}
