using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>
/// Takes this process's generation, renews its lease, and knows which others live. A lapsed lease is never renewed: the process takes a new
/// generation, and everything begun under the old one is dropped by whoever finds out (actors before they commit, runners before they begin).
/// </summary>
internal sealed partial class LeaseKeeper(ILeases leases, IOptions<LeaseOptions> options, SiloName silo, TimeProvider time, ILogger<LeaseKeeper> logger)
    : IOwnership, IAsyncDisposable
{
    private readonly LeaseOptions _options = options.Value;
    private readonly TokenLedger _tokens = new();
    private int _disposed;
    private readonly CancellationTokenSource _stop = new();
    private volatile LeaseView _view = LeaseView.None;
    private Task _loop = Task.CompletedTask;

    /// <summary>Raised, outside any lock, when a generation that lived lives no more, or this process has a new one.</summary>
    public event EventHandler<LeaseChange>? Changed;

    /// <inheritdoc/>
    public long Generation => _view.Generation;

    /// <inheritdoc/>
    public bool LeaseIsSafe => time.GetTimestamp() < _view.SafeUntil;

    /// <inheritdoc/>
    public IReadOnlyCollection<long> LiveGenerations => _view.Live;

    /// <inheritdoc/>
    public bool TrySpend(Guid token) => _tokens.TrySpend(token);

    /// <inheritdoc/>
    public bool IsOver(long generation)
    {
        var view = _view;
        return generation != view.Generation && generation <= view.Newest && !view.Live.Contains(generation) && time.GetTimestamp() >= view.TrustFrom;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // The container disposes it once for each service type under which a factory returned it.
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        EndLoop();
        await _loop;
        _stop.Dispose();
    }

    /// <summary>Stops renewing without leaving, as a process does that is cut off: for fault tests.</summary>
    internal Task HangAsync()
    {
        EndLoop();
        return Task.CompletedTask;
    }

    private void EndLoop() => _stop.Cancel();

    /// <summary>Takes a generation, and renews its lease from now on. Must return before anything else of the process begins.</summary>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        await JoinAsync(cancellationToken);
        if (_options.SoleOwner)
        {
            var ended = await leases.EndOthersAsync(Generation, cancellationToken);
            LogSoleOwner(Generation, ended);
        }

        await ReadLiveAsync(cancellationToken);
        _loop = LoopAsync(_stop.Token);
    }

    /// <summary>Renews no more and ends the lease at once: a clean stop, after everything else has stopped.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        EndLoop();
        await _loop;
        await leases.LeaveAsync(Generation, cancellationToken);
    }

    private async Task LoopAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_options.RenewEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await RenewAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogStopped(Generation);
        }
    }

    private async Task RenewAsync(CancellationToken stop)
    {
        try
        {
            var sent = time.GetTimestamp();
            if (await leases.RenewAsync(Generation, _options.Length, stop))
            {
                _view = _view.Renewed(SafeUntil(sent), sent + Ticks(_options.Length));
            }
            else
            {
                // Whatever kept this process from the database may have kept the others from it, too.
                LogLapsed(Generation);
                _view = _view with { Failing = true, TrustFrom = long.MaxValue };
                await JoinAsync(stop);
            }

            await ReadLiveAsync(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // The lease runs out by itself; until the first renewal after this, and one lease longer, nobody is declared over.
            _view = _view with { Failing = true, TrustFrom = long.MaxValue };
            LogRenewFailed(e, Generation);
        }
    }

    private async Task JoinAsync(CancellationToken cancellationToken)
    {
        var sent = time.GetTimestamp();
        var generation = await leases.JoinAsync(silo.Value, _options.Length, cancellationToken);
        var old = _view;
        _view = new LeaseView(generation, SafeUntil(sent), old.Live, Math.Max(old.Newest, generation), old.Failing ? sent + Ticks(_options.Length) : old.TrustFrom, Failing: false);
        LogJoined(generation);
        Changed?.Invoke(this, new LeaseChange("a new generation joined"));
    }

    private async Task ReadLiveAsync(CancellationToken cancellationToken)
    {
        var live = (await leases.ReadLiveAsync(cancellationToken)).Select(l => l.Generation).ToHashSet();
        var old = _view;
        _view = old with { Live = live, Newest = Math.Max(old.Newest, live.DefaultIfEmpty(0).Max()) };
        if (old.Live.Except(live).Any())
        {
            Changed?.Invoke(this, new LeaseChange("a lease ended"));
        }
    }

    private long SafeUntil(long sent) => sent + Ticks(_options.Length - _options.Margin);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private sealed record LeaseView(long Generation, long SafeUntil, HashSet<long> Live, long Newest, long TrustFrom, bool Failing)
    {
        public static LeaseView None { get; } = new(0, 0, [], 0, 0, Failing: false);

        public LeaseView Renewed(long safeUntil, long trustFrom) =>
            this with { SafeUntil = safeUntil, TrustFrom = Failing ? trustFrom : TrustFrom, Failing = false };
    }
}

/// <summary>The name of this silo, for people who look at leases.</summary>
internal sealed record SiloName(string Value);

/// <summary>What changed about the leases.</summary>
internal sealed class LeaseChange(string cause) : EventArgs
{
    /// <summary>For people.</summary>
    public string Cause { get; } = cause;
}
