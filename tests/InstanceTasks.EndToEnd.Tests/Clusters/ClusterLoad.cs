using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Strict clients at work on a cluster of which something is about to die: one that has lost a call waits until that is seen, and goes on.</summary>
internal sealed class ClusterLoad : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly ApiClient _api;
    private readonly Func<Task<bool>> _isSeen;
    private readonly CancellationTokenSource _stop = new();
    private Task _clients = Task.CompletedTask;

    private ClusterLoad(Uri url, Func<Task<bool>> isSeen) => (_api, _isSeen) = (new(url), isSeen);

    /// <summary>What they see.</summary>
    public RequestLedger Ledger { get; } = new();

    /// <summary>Starts them.</summary>
    /// <param name="url">The cluster.</param>
    /// <param name="clients">How many.</param>
    /// <param name="isSeen">Whether the death has been seen by whoever keeps calls away from it.</param>
    public static async Task<ClusterLoad> StartAsync(Uri url, int clients, Func<Task<bool>> isSeen)
    {
        var load = new ClusterLoad(url, isSeen);
        var image = await load._api.ReadImageAsync();
        load._clients = Task.WhenAll(Enumerable.Range(0, clients).Select(n => new StrictClient(load._api, load.Ledger, image, n, load.SeenAsync).RunAsync(load._stop.Token)));
        return load;
    }

    /// <summary>Waits until the death has been seen.</summary>
    public Task SeenAsync() => Eventually.TrueAsync(_isSeen, Patience, "the death is seen", pause: Glance);

    /// <summary>Waits until so many more requests have got their answers.</summary>
    public async Task GrowAsync(int requests, TimeSpan patience)
    {
        var until = Ledger.Count + requests;
        await Eventually.TrueAsync(() => Ledger.Count >= until || _clients.IsCompleted, patience, $"{requests} more requests", () => string.Join(Environment.NewLine, Ledger.Failures));
    }

    /// <summary>Lets them finish what they have begun.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _clients.WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _api.Dispose();
    }
}
