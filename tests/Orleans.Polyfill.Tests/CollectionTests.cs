using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;

namespace Orleans.Polyfill.Tests;

/// <summary>Which idle activations end, and when (orleans-api.md 2.6, 3.9).</summary>
public sealed class CollectionTests
{
    public interface IKeptGrain : IGrainWithStringKey
    {
        Task Delay(TimeSpan time);
    }

    public interface IDelayedGrain : IKeptGrain;

    [Theory]
    [InlineData(typeof(ShortLimit), 1)]
    [InlineData(typeof(HoursLimit), 120)]
    public void CollectionAgeLimit_PropertyForm_IsAtLeastAMinute(Type type, int minutes) =>
        Assert.Equal(TimeSpan.FromMinutes(minutes), new GrainClassInfo(type).CollectionAge);

    [Fact]
    public void CollectionAgeLimit_TextForm_IsTakenAsItIs() => Assert.Equal(TimeSpan.FromSeconds(5), new GrainClassInfo(typeof(TextLimit)).CollectionAge);

    [Fact]
    public void CollectionAgeLimit_AlwaysActive_IsForEver() => Assert.Equal(TimeSpan.MaxValue, new GrainClassInfo(typeof(ActiveLimit)).CollectionAge);

    [Fact]
    public async Task KeepAliveClass_IsNeverCollected()
    {
        await using var silo = await StartAsync();
        await silo.Grains.GetGrain<IKeptGrain>("co-kept", typeof(KeptGrain).FullName).Delay(TimeSpan.Zero);
        silo.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, Catalog(silo).Count);
    }

    [Fact]
    public async Task DelayDeactivation_HoldsTheActivationThatLong()
    {
        await using var silo = await StartAsync();
        await silo.Grains.GetGrain<IDelayedGrain>("co-delay").Delay(TimeSpan.FromMinutes(30));
        silo.Time.Advance(TimeSpan.FromMinutes(29));
        Assert.Equal(1, Catalog(silo).Count);
        await Wait.Until(() => Catalog(silo).Count == 0 || AdvanceMinute(silo), "the end of the activation");
    }

    // Within the wait: the turn that asked for the delay may still be ending when its answer has come.
    private static bool AdvanceMinute(TestSilo silo)
    {
        silo.Time.Advance(TimeSpan.FromMinutes(1));
        return false;
    }

    private static Catalog Catalog(TestSilo silo) => silo.Services.GetRequiredService<SiloRuntime>().Catalog;

    private static Task<TestSilo> StartAsync() => TestSilo.StartOnFakeTimeAsync(
        silo => silo.Configure<GrainCollectionOptions>(o => (o.CollectionAge, o.CollectionQuantum) = (TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(1))));

    [KeepAlive]
    public class KeptGrain : Grain, IKeptGrain
    {
        public Task Delay(TimeSpan time) => Task.CompletedTask;
    }

    public class DelayedGrain : Grain, IDelayedGrain
    {
        public Task Delay(TimeSpan time)
        {
            DelayDeactivation(time);
            return Task.CompletedTask;
        }
    }

    [NotInManifest]
    [CollectionAgeLimit(Minutes = 0.1)]
    private sealed class ShortLimit;

    [NotInManifest]
    [CollectionAgeLimit(Hours = 2)]
    private sealed class HoursLimit;

    [NotInManifest]
    [CollectionAgeLimit("00:00:05")]
    private sealed class TextLimit;

    [NotInManifest]
    [CollectionAgeLimit(AlwaysActive = true)]
    private sealed class ActiveLimit;
}
