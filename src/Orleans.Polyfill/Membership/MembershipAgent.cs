using System.Collections.Immutable;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>How a silo reaches the others, apart from the table.</summary>
internal interface IMembershipPeers
{
    /// <summary>Returns when the silo has answered.</summary>
    Task ProbeAsync(SiloAddress silo, CancellationToken token);

    /// <summary>Tells the silo, if it can be reached, that the table has this version.</summary>
    void Nudge(SiloAddress silo, int version);
}

/// <summary>
/// One silo's part in the cluster's membership: its own row, the picture it has of the others, and its votes on those that do not answer. The
/// table decides; a silo that finds itself dead there stops at once.
/// </summary>
internal sealed class MembershipAgent : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly IClusterTable table;
    private readonly IMembershipPeers peers;
    private readonly ClusterMembershipOptions options;
    private readonly TimeProvider clock;
    private readonly SiloLog log;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim refreshing = new(1, 1);
    private readonly CancellationTokenSource stopped = new();
    private readonly Dictionary<SiloAddress, int> missed = [];
    private readonly List<ITimer> timers = [];
    private Member self;
    private volatile ClusterSnapshot current = ClusterSnapshot.Empty;
    private bool probing;

    public MembershipAgent(Member self, IClusterTable table, IMembershipPeers peers, ClusterMembershipOptions options, TimeProvider clock, SiloLog log)
    {
        this.self = self;
        this.table = table;
        this.peers = peers;
        this.options = options;
        this.clock = clock;
        this.log = log;
    }

    /// <summary>A new picture, and the one before; told one after another.</summary>
    public event Action<ClusterSnapshot, ClusterSnapshot>? Changed;

    /// <summary>The others have declared this silo dead.</summary>
    public event Action<string>? Evicted;

    public ClusterSnapshot Current => current;

    private DateTime Now => clock.GetUtcNow().UtcDateTime;

    /// <summary>Puts the silo's row into the table, and ends earlier lives on the same endpoint.</summary>
    public async Task JoinAsync(CancellationToken token)
    {
        await table.InitAsync(token);
        await UntilJoined(async () =>
        {
            var read = await table.ReadAsync(token);
            return await table.InsertAsync(self with { Status = SiloStatus.Joining, Alive = Now }, read.Version, token);
        }, "its row could not be inserted", token);
        self = self with { Status = SiloStatus.Joining };
        await RefreshAsync(token);
        foreach (var earlier in current.Members.Where(m => m.Status != SiloStatus.Dead && m.Address.IsPredecessorOf(self.Address)))
        {
            await DeclareDeadAsync(earlier.Address, token);
        }

        // A silo that is about to serve waits until it and the others can reach each other; those that have long been silent are not waited for.
        await UntilJoined(() => CanReachOthersAsync(token), "not all active silos can be reached", token);
    }

    /// <summary>Changes the own row's status, and tells the others.</summary>
    public async Task SetStatusAsync(SiloStatus status, CancellationToken token)
    {
        if (status == SiloStatus.Dead)
        {
            StopTimers();
            self = self with { Status = status }; // what it then reads of itself is its own doing
        }

        await ChangeAsync(read => read.Find(self.Address) switch
        {
            null => throw new OrleansException($"The row of silo {self.Address} is gone from the membership table."),
            { Status: SiloStatus.Dead } => null,
            var row => row with { Status = status, Alive = Now },
        }, token);
        self = self with { Status = status };
        if (status == SiloStatus.Active)
        {
            StartTimers();
        }
    }

    public Task DeclareDeadAsync(SiloAddress silo, CancellationToken token) =>
        ChangeAsync(read => read.Find(silo) is { Status: not SiloStatus.Dead } row ? row with { Status = SiloStatus.Dead } : null, token);

    /// <summary>Looks into the table, unless what is known is new enough.</summary>
    public async Task RefreshAsync(int version, CancellationToken token)
    {
        await refreshing.WaitAsync(token);
        try
        {
            if (current.Version < version)
            {
                Adopt(await table.ReadAsync(token));
            }
        }
        finally
        {
            refreshing.Release();
        }
    }

    public Task RefreshAsync(CancellationToken token) => RefreshAsync(int.MaxValue, token);

    /// <summary>As <see cref="RefreshAsync(int, CancellationToken)"/>, for what need not succeed now.</summary>
    public async Task TryRefreshAsync(int version = int.MaxValue)
    {
        try
        {
            await RefreshAsync(version, stopped.Token);
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // the silo ends
        }
        catch (Exception error)
        {
            log.TableFailed(error);
        }
    }

    /// <summary>Ends all that goes on by itself; writes nothing.</summary>
    public void Stop()
    {
        StopTimers();
        stopped.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await table.DisposeAsync();
    }

    /// <summary>One round of probes; votes on those that have missed too many.</summary>
    internal async Task ProbeAsync()
    {
        lock (gate)
        {
            if (probing || !options.LivenessEnabled)
            {
                return;
            }

            probing = true;
        }

        try
        {
            var watched = DeathVote.Watched(current, self.Address, options);
            await Task.WhenAll(watched.Select(ProbeAsync));
            lock (gate)
            {
                foreach (var gone in missed.Keys.Except(watched).ToList())
                {
                    missed.Remove(gone);
                }
            }
        }
        finally
        {
            lock (gate)
            {
                probing = false;
            }
        }
    }

    private async Task ProbeAsync(SiloAddress silo)
    {
        if (await AnswersAsync(silo))
        {
            lock (gate)
            {
                missed.Remove(silo);
            }

            return;
        }

        int count;
        lock (gate)
        {
            count = missed[silo] = missed.GetValueOrDefault(silo) + 1;
        }

        log.ProbeMissed(silo.ToString(), count);
        if (count >= options.NumMissedProbesLimit && !stopped.IsCancellationRequested)
        {
            await SuspectAsync(silo);
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private async Task<bool> AnswersAsync(SiloAddress silo)
    {
        using var limit = new CancellationTokenSource(Shorter(options.ProbeTimeout, options.MaxProbeTimeout), clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopped.Token);
        try
        {
            await peers.ProbeAsync(silo, either.Token).WaitAsync(either.Token);
            return true;
        }
        catch (Exception error) when (error is OperationCanceledException or OrleansException or TimeoutException or IOException)
        {
            return false;
        }
    }

    private async Task SuspectAsync(SiloAddress silo)
    {
        try
        {
            var written = await ChangeAsync(read => DeathVote.Cast(read, self.Address, silo, Now, options), stopped.Token);
            if (written is not null)
            {
                log.Suspected(silo.ToString(), written.Status == SiloStatus.Dead);
            }
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // the silo ends
        }
        catch (Exception error)
        {
            log.TableFailed(error);
        }
    }

    /// <summary>Reads, decides and writes until nobody has written in between. Null decides to write nothing.</summary>
    private async Task<Member?> ChangeAsync(Func<ClusterSnapshot, Member?> decide, CancellationToken token)
    {
        while (true)
        {
            var read = await table.ReadAsync(token);
            if (decide(read) is not { } row)
            {
                await RefreshAsync(token);
                return null;
            }

            if (await table.UpdateAsync(row, read.Version, token))
            {
                await RefreshAsync(token);
                Gossip();
                return row;
            }
        }
    }

    private void Gossip()
    {
        if (options.UseLivenessGossip)
        {
            foreach (var member in current.Members.Where(m => m.IsFunctional && !m.Address.Equals(self.Address)))
            {
                peers.Nudge(member.Address, current.Version);
            }
        }
    }

    private void Adopt(ClusterSnapshot read)
    {
        var before = current;
        if (read.Version < before.Version)
        {
            return; // an answer that was overtaken
        }

        current = read;
        if (read.Version > before.Version)
        {
            Changed?.Invoke(read, before);
        }

        if (read.Find(self.Address) is { Status: SiloStatus.Dead } && self.Status is not (SiloStatus.Dead or SiloStatus.Created) && !stopped.IsCancellationRequested)
        {
            Evicted?.Invoke($"Silo {self.Address} has been declared dead by the others.");
        }
    }

    private async Task<bool> CanReachOthersAsync(CancellationToken token)
    {
        await RefreshAsync(token);
        var others = current.Members.Where(m => m.Status == SiloStatus.Active && !m.Address.Equals(self.Address) && !DeathVote.IsStale(m, Now, options));
        return (await Task.WhenAll(others.Select(m => AnswersAsync(m.Address)))).All(a => a);
    }

    private async Task UntilJoined(Func<Task<bool>> attempt, string why, CancellationToken token)
    {
        var start = clock.GetTimestamp();
        while (!await attempt())
        {
            if (clock.GetElapsedTime(start) > options.MaxJoinAttemptTime)
            {
                throw new OrleansException($"Silo {self.Address} could not join the cluster within {options.MaxJoinAttemptTime}: {why}.");
            }

            await Task.Delay(RetryDelay, clock, token);
        }
    }

    private async Task PublishAliveAsync()
    {
        try
        {
            await table.UpdateAliveAsync(self with { Alive = Now }, stopped.Token);
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // the silo ends
        }
        catch (Exception error)
        {
            log.TableFailed(error);
        }
    }

    private async Task CleanAsync()
    {
        try
        {
            await table.CleanAsync(Now - options.DefunctSiloExpiration, stopped.Token);
        }
        catch (OperationCanceledException) when (stopped.IsCancellationRequested)
        {
            // the silo ends
        }
        catch (Exception error)
        {
            log.TableFailed(error);
        }
    }

    private void StartTimers()
    {
        Every(options.TableRefreshTimeout, () => TryRefreshAsync());
        Every(options.IAmAliveTablePublishTimeout, PublishAliveAsync);
        Every(options.ProbeTimeout, ProbeAsync);
        if (options.DefunctSiloCleanupPeriod is { } period)
        {
            Every(period, CleanAsync);
        }
    }

    private void Every(TimeSpan period, Func<Task> work)
    {
        lock (gate)
        {
            timers.Add(clock.CreateTimer(static s => _ = ((Func<Task>)s!)(), work, period, period));
        }
    }

    private void StopTimers()
    {
        lock (gate)
        {
            timers.ForEach(t => t.Dispose());
            timers.Clear();
        }
    }
}
