namespace Orleans.Polyfill.Tests.Cluster;

/// <summary>A membership table in memory, shared by the silos of a test.</summary>
internal sealed class MemoryClusterTable : IClusterTable, IGatewayList
{
    private readonly Lock gate = new();
    private ClusterSnapshot rows = new(0, []);

    /// <summary>What the database answers instead, while it is set.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Somebody else's write just before the next one, once.</summary>
    public Func<ClusterSnapshot, Member>? Intruder { get; set; }

    public int Reads { get; private set; }

    public ClusterSnapshot Rows
    {
        get
        {
            lock (gate)
            {
                return rows;
            }
        }
    }

    public SiloStatus StatusOf(SiloAddress silo) => Rows.Find(silo)?.Status ?? SiloStatus.None;

    Task<IReadOnlyList<SiloAddress>> IGatewayList.ReadAsync(CancellationToken token) => Task.FromResult<IReadOnlyList<SiloAddress>>(
        [.. Rows.Members.Where(m => m is { Status: SiloStatus.Active, ProxyPort: > 0 }).Select(m => SiloAddress.New(m.Address.Endpoint.Address, m.ProxyPort, m.Address.Generation))]);

    public Task InitAsync(CancellationToken token) => Task.CompletedTask;

    public Task<ClusterSnapshot> ReadAsync(CancellationToken token)
    {
        Reads++;
        return Failure is { } failure ? Task.FromException<ClusterSnapshot>(failure) : Task.FromResult(Rows);
    }

    public Task<bool> InsertAsync(Member member, int version, CancellationToken token) => Change(version, all => all.Find(member.Address) is null ? member : null);

    public Task<bool> UpdateAsync(Member member, int version, CancellationToken token) => Change(version, all => all.Find(member.Address) is null ? null : member);

    public Task UpdateAliveAsync(Member member, CancellationToken token)
    {
        lock (gate)
        {
            rows = rows with { Members = [.. rows.Members.Select(m => m.Address.Equals(member.Address) ? m with { Alive = member.Alive } : m)] };
        }

        return Failure is { } failure ? Task.FromException(failure) : Task.CompletedTask;
    }

    public Task CleanAsync(DateTime before, CancellationToken token)
    {
        lock (gate)
        {
            rows = rows with { Members = [.. rows.Members.Where(m => m.Status != SiloStatus.Dead || m.Alive >= before)] };
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A row written by hand.</summary>
    public void Put(Member member)
    {
        lock (gate)
        {
            rows = new(rows.Version + 1, [.. rows.Members.Where(m => !m.Address.Equals(member.Address)), member]);
        }
    }

    private Task<bool> Change(int version, Func<ClusterSnapshot, Member?> change)
    {
        if (Failure is { } failure)
        {
            return Task.FromException<bool>(failure);
        }

        lock (gate)
        {
            if (Intruder is { } intruder)
            {
                Intruder = null;
                Put(intruder(rows));
            }

            if (rows.Version != version || change(rows) is not { } member)
            {
                return Task.FromResult(false);
            }

            Put(member);
            return Task.FromResult(true);
        }
    }
}
