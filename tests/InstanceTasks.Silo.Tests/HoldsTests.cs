using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Silo.Tests;

public sealed class HoldsTests : IDisposable
{
    private readonly TempDirectory _data = new();

    public void Dispose() => _data.Dispose();

    /// <summary>Found in review: silos that were started with --paused at once each made a hold, and removing the one that was shown let nothing go on.</summary>
    [Fact]
    public async Task Ensure_ManyAtOnce_LeaveOneHold()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStorageOptions { DataDirectory = _data.Path }, TimeProvider.System, NullLoggerFactory.Instance);

        var named = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Holds.EnsureAsync(store))));

        var standing = Assert.Single(await store.ListHoldsAsync());
        Assert.Contains(named, h => h.Id == standing.Id);
        Assert.True(await store.RemoveHoldAsync(standing.Id, standing.By));
        Assert.Null(await Holds.FindAsync(store));
    }

    [Fact]
    public async Task Ensure_SomebodysHoldOnEverythingStands_AddsNone()
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStorageOptions { DataDirectory = _data.Path }, TimeProvider.System, NullLoggerFactory.Instance);
        var theirs = await store.AddHoldAsync(Holds.OfAll("repairs", "root"));

        Assert.Equal(theirs.Id, (await Holds.EnsureAsync(store)).Id);
        Assert.Single(await store.ListHoldsAsync());
    }
}
