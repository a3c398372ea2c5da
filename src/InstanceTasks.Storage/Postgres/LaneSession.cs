using System.Data;
using System.Diagnostics.CodeAnalysis;
using InstanceTasks.Engine;
using Npgsql;
using NpgsqlTypes;

namespace InstanceTasks.Storage;

/// <summary>The lane's connection with the prepared call of the commit function. Used by one batch at a time.</summary>
internal sealed class LaneSession : IDisposable
{
    private readonly BatchTasks _tasks = new();
    private readonly BatchInstances _instances = new();
    private readonly BatchKeys _keys = new();
    private readonly BatchQuota _quota = new();
    private readonly BatchClaims _claims = new();
    private readonly BatchWakes _wakes = new();
    private readonly BatchSecrets _secrets = new();
    private readonly BatchImages _images = new();
    private readonly NpgsqlParameter<int> _count = new() { NpgsqlDbType = NpgsqlDbType.Integer };
    private readonly BatchTable[] _tables;
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlCommand _commit;
    private readonly NpgsqlCommand _ping;

    [SuppressMessage("Security", "CA2100", Justification = "The text is made of names in this file; values are parameters.")]
    private LaneSession(NpgsqlConnection connection, int clusterEpoch)
    {
        _tables = [_tasks, _instances, _keys, _quota, _claims, _wakes, _secrets, _images];
        _connection = connection;
        _ping = new("SELECT 1", connection);
        _commit = new() { Connection = connection };
        var arguments = new List<string>();
        AddParameter(arguments, "p_count", _count);
        AddParameter(arguments, "p_stream_base", new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = StreamIds.Base(clusterEpoch) });
        AddParameter(arguments, "p_event_version", new NpgsqlParameter<int> { NpgsqlDbType = NpgsqlDbType.Integer, TypedValue = EventTypes.Version });
        AddParameter(arguments, "k_lifetime", new NpgsqlParameter<long> { NpgsqlDbType = NpgsqlDbType.Bigint, TypedValue = UnixMicros.Of(IdempotencyRows.Lifetime) });
        foreach (var column in _tables.SelectMany(table => table.Columns))
        {
            AddParameter(arguments, column.Name, column.Parameter);
        }

        _commit.CommandText = $"SELECT lost, verdict, usage, stored_hash, stored_answer FROM commit_batch_4({string.Join(", ", arguments)})";
    }

    /// <summary>The server's process that works for this connection.</summary>
    public int ServerProcess => _connection.ProcessID;

    public static async Task<LaneSession> OpenAsync(PostgresConnections connections, int clusterEpoch, CancellationToken cancellationToken)
    {
        var connection = await connections.OpenSingleAsync(cancellationToken);
        var session = new LaneSession(connection, clusterEpoch);
        try
        {
            await session._ping.PrepareAsync(cancellationToken);
            await session._commit.PrepareAsync(cancellationToken);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Fails when the connection has died, as long as nothing depends on it.</summary>
    public void Ping() => _ping.ExecuteNonQuery();

    /// <summary>Applies the commits in one round trip. Returns when the server has said that the transaction is durable.</summary>
    public CommitResult[] Commit(IReadOnlyList<PreparedCommit> commits)
    {
        Fill(commits);
        var results = new CommitResult[commits.Count];
        Array.Fill(results, new(CommitVerdict.Applied));
        using var reader = _commit.ExecuteReader(CommandBehavior.Default);
        while (reader.Read())
        {
            results[reader.GetInt32(0) - 1] = ReadLost(reader);
        }

        // The rows come before the server commits; this reads on to its word that it is ready again, which comes after.
        reader.NextResult();
        return results;
    }

    public void Dispose()
    {
        _commit.Dispose();
        _ping.Dispose();
        _connection.Dispose();
    }

    private CommitResult ReadLost(NpgsqlDataReader reader)
    {
        var verdict = (CommitVerdict)reader.GetInt32(1);
        return verdict switch
        {
            CommitVerdict.QuotaExceeded => new(verdict, QuotaDetail(reader.GetFieldValue<int[]>(2))),
            CommitVerdict.KeyExists => new(verdict, Stored: new(reader.GetFieldValue<byte[]>(3), EngineJson.Read<StoredAnswer>(reader.GetString(4)))),
            _ => new(verdict),
        };
    }

    private string? QuotaDetail(int[] usage) =>
        QuotaRules.Refusal(new(usage[1], usage[2], usage[3], usage[4], usage[5], usage[6]), _quota[usage[0]]);

    private void Fill(IReadOnlyList<PreparedCommit> commits)
    {
        foreach (var table in _tables)
        {
            table.Clear();
        }

        _quota.Reset();
        _count.TypedValue = commits.Count;
        for (var i = 0; i < commits.Count; i++)
        {
            Add(i + 1, commits[i]);
        }
    }

    private void Add(int number, PreparedCommit prepared)
    {
        var commit = prepared.Commit;
        foreach (var task in prepared.Tasks)
        {
            _tasks.Add(number, task, commit.Guard);
        }

        if (prepared.Instance is { } instance)
        {
            _instances.Add(number, instance);
        }

        if (commit.Idempotency is { } key)
        {
            _keys.Add(number, key, prepared.IdempotencyAnswer!);
        }

        AddSideRows(number, commit);
        foreach (var image in prepared.Images)
        {
            _images.Add(number, image);
        }
    }

    private void AddSideRows(int number, Commit commit)
    {
        foreach (var change in commit.Quota)
        {
            _quota.Add(number, change);
        }

        foreach (var change in commit.Claims)
        {
            _claims.Add(number, change);
        }

        foreach (var wake in commit.Wakes)
        {
            _wakes.Add(number, wake);
        }

        foreach (var secret in commit.Secrets)
        {
            _secrets.Add(number, secret);
        }
    }

    private void AddParameter(List<string> arguments, string name, NpgsqlParameter parameter)
    {
        _commit.Parameters.Add(parameter);
        arguments.Add($"{name} => ${_commit.Parameters.Count}");
    }
}

/// <summary>Places in the event stream.</summary>
internal static class StreamIds
{
    /// <summary>Every place of an epoch is greater, and smaller than the next epoch's.</summary>
    public static long Base(int clusterEpoch) => (long)clusterEpoch << 40;
}
