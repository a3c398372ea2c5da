using InstanceTasks.TestKit;
using Npgsql;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>What a row of the membership table says.</summary>
/// <param name="Address">The silo's address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Generation">Which process of it.</param>
/// <param name="Name">The name that its leases bear.</param>
/// <param name="Status">Its status.</param>
internal sealed record MemberRow(string Address, int Port, int Generation, string Name, int Status)
{
    /// <summary>It serves.</summary>
    public const int Active = 3;

    /// <summary>It has left or was voted dead.</summary>
    public const int Dead = 6;
}

/// <summary>A lease of a silo's generation.</summary>
/// <param name="Generation">The generation.</param>
/// <param name="Silo">The silo's name in the membership table.</param>
/// <param name="Left">How long it still lasts; negative: it has ended.</param>
internal sealed record LeaseRow(long Generation, string Silo, TimeSpan Left);

/// <summary>Looks at the cluster's tables five times a second and notes when which process was declared dead. Nobody writes there but the silos.</summary>
internal sealed class MembershipWatch(string connectionString, IReadOnlyList<SiloSlot> slots, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    private readonly Dictionary<(string, int, int), SiloLife> _lives = [];
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>How often it could not look, because the database was away.</summary>
    public int Missed { get; private set; }

    public void Start() => _loop = LoopAsync();

    /// <summary>The membership table.</summary>
    public Task<List<MemberRow>> ReadMembersAsync() => ReadAsync(
        $"SELECT Address, Port, Generation, SiloName, Status FROM OrleansMembershipTable WHERE DeploymentId = '{ChaosCluster.Id}' ORDER BY Generation",
        r => new MemberRow(r.GetString(0), r.GetInt32(1), r.GetInt32(2), r.GetString(3), r.GetInt32(4)));

    /// <summary>The newest row of a silo.</summary>
    public async Task<MemberRow?> FindAsync(SiloSlot slot) => (await ReadMembersAsync()).LastOrDefault(m => IsOf(m, slot));

    /// <summary>All leases.</summary>
    public Task<List<LeaseRow>> ReadLeasesAsync() => ReadAsync(
        "SELECT s.generation, s.name, s.lease_until - c.now FROM silos s, database_clock c ORDER BY s.generation",
        r => new LeaseRow(r.GetInt64(0), r.GetString(1), TimeSpan.FromMicroseconds(r.GetInt64(2))));

    /// <summary>When the database server was started.</summary>
    public async Task<DateTime> ReadDatabaseStartAsync() => (await ReadAsync("SELECT pg_postmaster_start_time()", r => r.GetDateTime(0)))[0];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private static bool IsOf(MemberRow row, SiloSlot slot) => row.Port == slot.SiloPort && row.Address == slot.Address.ToString();

    private async Task LoopAsync()
    {
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await LookAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the run.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            foreach (var row in await ReadMembersAsync())
            {
                Note(row);
            }
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            Missed++;
        }
    }

    private void Note(MemberRow row)
    {
        var key = (row.Address, row.Port, row.Generation);
        // A row that is dead when it is first seen is not that of a process that serves, but of an earlier one whose start has failed.
        if (!_lives.TryGetValue(key, out var life) && row.Status != MemberRow.Dead && slots.FirstOrDefault(s => IsOf(row, s)) is { IsUp: true } slot && !_lives.ContainsValue(slot.Life))
        {
            _lives[key] = life = slot.Life;
        }

        if (row.Status == MemberRow.Dead && life is { DeclaredDeadAt: null })
        {
            life.DeclaredDeadAt = time.GetUtcNow();
        }
    }

    private async Task<List<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(_stop.Token);
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Only constants of this project arrive here.
        command.CommandText = sql;
#pragma warning restore CA2100
        await using var reader = await command.ExecuteReaderAsync(_stop.Token);
        var rows = new List<T>();
        while (await reader.ReadAsync(_stop.Token))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
