using System.Collections.Concurrent;
using InstanceTasks.Engine;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>The table of leases, with what a database can do to a caller.</summary>
internal sealed class FakeLeases : ILeases
{
    private readonly Lock _gate = new();
    private readonly HashSet<long> _live = [];
    private readonly List<long> _renewals = [];
    private long _last;

    /// <summary>Every call fails.</summary>
    public bool IsDown { get; set; }

    /// <summary>Calls wait for this before they do anything.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>What the last renewal was given to hear that nobody waits for it any more.</summary>
    public CancellationToken RenewalToken { get; private set; }

    public int Reads { get; private set; }

    /// <summary>How long leases still live, as they are read.</summary>
    public TimeSpan Remaining { get; set; } = TimeSpan.FromSeconds(3);

    public List<string> Calls { get; } = [];

    /// <summary>How often something was called, whatever became of it.</summary>
    public int CountOf(string call)
    {
        lock (_gate)
        {
            return Calls.Count(c => c == call);
        }
    }

    public IReadOnlyList<long> Renewals
    {
        get
        {
            lock (_gate)
            {
                return [.. _renewals];
            }
        }
    }

    /// <summary>Another process joins.</summary>
    public long Join()
    {
        lock (_gate)
        {
            _live.Add(++_last);
            return _last;
        }
    }

    /// <summary>A lease ends.</summary>
    public void End(long generation)
    {
        lock (_gate)
        {
            _live.Remove(generation);
        }
    }

    public async Task<long> JoinAsync(string silo, TimeSpan lease, CancellationToken cancellationToken = default)
    {
        await EnterAsync("join");
        return Join();
    }

    public async Task<bool> RenewAsync(long generation, TimeSpan lease, CallCounts? calls = null, CancellationToken cancellationToken = default)
    {
        RenewalToken = cancellationToken;
        await EnterAsync("renew");
        lock (_gate)
        {
            _renewals.Add(generation);
            Counted[generation] = calls;
            return _live.Contains(generation);
        }
    }

    /// <summary>What came along with the last renewal of each generation.</summary>
    public ConcurrentDictionary<long, CallCounts?> Counted { get; } = [];

    /// <summary>Called when a lease is given up.</summary>
    public Action<long> Leaving { get; set; } = _ => { };

    /// <summary>What was announced, by generation.</summary>
    public Dictionary<long, IReadOnlyCollection<HostName>> Announced { get; } = [];

    public async Task AnnounceAsync(long generation, IReadOnlyCollection<HostName> hosts, CancellationToken cancellationToken = default)
    {
        await EnterAsync("announce");
        lock (_gate)
        {
            Announced[generation] = hosts;
        }
    }

    public async Task LeaveAsync(long generation, CancellationToken cancellationToken = default)
    {
        await EnterAsync("leave");
        Leaving(generation);
        End(generation);
    }

    public async Task<int> EndOthersAsync(long generation, CancellationToken cancellationToken = default)
    {
        await EnterAsync("end-others");
        lock (_gate)
        {
            return _live.RemoveWhere(g => g != generation);
        }
    }

    public async Task<IReadOnlyList<LiveGeneration>> ReadLiveAsync(CancellationToken cancellationToken = default)
    {
        await EnterAsync("read");
        lock (_gate)
        {
            Reads++;
            return [.. _live.Order().Select(g => new LiveGeneration(g, $"silo-{g}", Remaining) { Hosts = Announced.GetValueOrDefault(g) })];
        }
    }

    private async Task EnterAsync(string call)
    {
        lock (_gate)
        {
            Calls.Add(call);
        }

        await Gate;
        if (IsDown)
        {
            throw new IOException("The database is down.");
        }
    }
}
