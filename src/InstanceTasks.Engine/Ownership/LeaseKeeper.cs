using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>
/// Takes this process's generation, renews its lease, and knows which others live. A lapsed lease is never renewed: the process takes a new
/// generation, and everything begun under the old one is dropped by whoever finds out (actors before they commit, runners before they begin).
/// </summary>
internal sealed partial class LeaseKeeper(ILeases leases, IOptions<LeaseOptions> options, SiloName silo, TimeProvider time, ILogger<LeaseKeeper> logger, ICallCounts? calls = null)
    : IOwnership, IAsyncDisposable
{
    // A lease that ends now has ended then.
    private static readonly TimeSpan PastTheEnd = TimeSpan.FromMilliseconds(10);

    private readonly LeaseOptions _options = options.Value;
    private readonly TokenLedger _tokens = new();
    private int _disposed;
    private readonly CancellationTokenSource _stop = new();
    private volatile LeaseView _view = LeaseView.None;
    private volatile Announcement? _announcement;
    private Announced _announced = new(0, null);
    private TimeSpan? _nextEnd;
    private Task _loop = Task.CompletedTask;
    private TimeSpan _patience = Timeout.InfiniteTimeSpan;

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
    public bool MayWorkFor(long generation, HostName host) => !_view.Hosts.TryGetValue(generation, out var hosts) || hosts.Contains(host);

    /// <summary>
    /// Says for which hosts this process may hold work, from now on and under every later generation; the others read it within two renewals.
    /// Say of a host before its first poll, and take it back when nothing runs any more: nobody waits for a generation that cannot have work.
    /// </summary>
    public void Announce(IEnumerable<HostName> hosts) => _announcement = new([.. hosts]);

    /// <summary>Writes at once what was announced. When that fails, the next renewal does.</summary>
    public async Task TellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WriteAnnouncementAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogAnnounceFailed(e, Generation);
        }
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

        await WriteAnnouncementAsync(cancellationToken);
        await ReadLiveAsync(cancellationToken);
        _patience = _options.Length;
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
                await SeeNextEndAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            LogStopped(Generation);
        }
    }

    /// <summary>Another's lease that ends before the next renewal is seen to end when it does: all that it left behind waits for that.</summary>
    private async Task SeeNextEndAsync(CancellationToken stop)
    {
        if (_nextEnd is not { } left || left >= _options.RenewEvery)
        {
            return;
        }

        await Task.Delay(left + PastTheEnd, time, stop);
        try
        {
            await ReadLiveAsync(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            // The next renewal reads it.
            LogReadFailed(e, Generation);
        }
    }

    private async Task RenewAsync(CancellationToken stop)
    {
        _nextEnd = null;
        try
        {
            var sent = time.GetTimestamp();
            if (await WithinLeaseAsync(late => leases.RenewAsync(Generation, _options.Length, calls?.Read(), late), stop))
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

            await WriteAnnouncementAsync(stop);
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
        var generation = await WithinLeaseAsync(late => leases.JoinAsync(silo.Value, _options.Length, late), cancellationToken);
        var old = _view;
        _view = new LeaseView(generation, SafeUntil(sent), old.Live, old.Hosts, Math.Max(old.Newest, generation), old.Failing ? sent + Ticks(_options.Length) : old.TrustFrom, Failing: false);
        LogJoined(generation);
        Changed?.Invoke(this, new LeaseChange("a new generation joined"));
    }

    private async Task WriteAnnouncementAsync(CancellationToken cancellationToken)
    {
        var wanted = new Announced(Generation, _announcement);
        if (wanted.What is { } announcement && wanted != _announced)
        {
            await WithinLeaseAsync(
                async late =>
                {
                    await leases.AnnounceAsync(wanted.Generation, announcement.Hosts, late);
                    return true;
                },
                cancellationToken);
            _announced = wanted;
        }
    }

    private async Task ReadLiveAsync(CancellationToken cancellationToken)
    {
        var rows = await WithinLeaseAsync(leases.ReadLiveAsync, cancellationToken);
        var live = rows.Select(l => l.Generation).ToHashSet();
        _nextEnd = rows.Where(l => l.Generation != Generation).Select(l => (TimeSpan?)l.Remaining).Min();
        var hosts = rows.Where(l => l.Hosts is not null).ToDictionary(l => l.Generation, l => l.Hosts!);
        var old = _view;
        _view = old with { Live = live, Hosts = hosts, Newest = Math.Max(old.Newest, live.DefaultIfEmpty(0).Max()) };
        if (old.Live.Except(live).Any())
        {
            Changed?.Invoke(this, new LeaseChange("a lease ended"));
        }
    }

    // Once it runs, the answer to a renewal is worth nothing when the lease has run out, and a connection that has gone silent may never give one: the next is asked on another.
    private async Task<T> WithinLeaseAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken stop)
    {
        var late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var asked = ask(late.Token);
        try
        {
            return await asked.WaitAsync(_patience, time, CancellationToken.None);
        }
        catch (TimeoutException e) when (!asked.IsCompleted)
        {
            throw new TimeoutException($"The store did not answer within the length of a lease, {_options.Length.TotalSeconds} s.", e);
        }
        finally
        {
            _ = LetGoAsync(asked, late);
        }
    }

    // What is given up must give its connection back. That may take long, and nobody waits for it.
    private static async Task LetGoAsync(Task asked, CancellationTokenSource late)
    {
        if (!asked.IsCompleted)
        {
            await late.CancelAsync();
            await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        late.Dispose();
    }

    private long SafeUntil(long sent) => sent + Ticks(_options.Length - _options.Margin);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private sealed record LeaseView(long Generation, long SafeUntil, HashSet<long> Live, Dictionary<long, IReadOnlyCollection<HostName>> Hosts, long Newest, long TrustFrom, bool Failing)
    {
        public static LeaseView None { get; } = new(0, 0, [], [], 0, 0, Failing: false);

        public LeaseView Renewed(long safeUntil, long trustFrom) =>
            this with { SafeUntil = safeUntil, TrustFrom = Failing ? trustFrom : TrustFrom, Failing = false };
    }

    private sealed class Announcement(HostName[] hosts)
    {
        public HostName[] Hosts { get; } = hosts;
    }

    // What was written last, and in whose row.
    private readonly record struct Announced(long Generation, Announcement? What);
}

/// <summary>The name of this silo, for people who look at leases.</summary>
internal sealed record SiloName(string Value);

/// <summary>Counts what this process's grains are called for. What it says goes along with each renewal, which is written anyway.</summary>
internal interface ICallCounts
{
    /// <summary>The counts now; they only grow.</summary>
    CallCounts Read();
}

/// <summary>What changed about the leases.</summary>
internal sealed class LeaseChange(string cause) : EventArgs
{
    /// <summary>For people.</summary>
    public string Cause { get; } = cause;
}
