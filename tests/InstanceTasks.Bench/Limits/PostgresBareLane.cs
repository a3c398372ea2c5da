using InstanceTasks.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace InstanceTasks.Bench.Limits;

/// <summary>One connection, one prepared call per batch, on the product's tables.</summary>
internal sealed class PostgresBareLane : IBareLane
{
    private const string Function =
        """
        CREATE FUNCTION bench_commit(t_id text[], t_seq bigint[], t_ended int[], t_instance text[], i_id text[], i_expected bigint[], t_body text, i_body text, e_body text)
        RETURNS int LANGUAGE plpgsql
        SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_generic_plan SET jit = off
        AS $$
        DECLARE
            streamed bigint;
            ts bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
            done int;
            more int;
        BEGIN
            PERFORM 1 FROM tasks t WHERE t.id = ANY (t_id) ORDER BY t.id FOR UPDATE;
            PERFORM 1 FROM instances i WHERE i.id = ANY (i_id) ORDER BY i.id FOR UPDATE;
            INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, generation, epoch, seq, shard, ended, is_fault, due_at, created_at, updated_at, body)
            SELECT w.id, w.instance, 'bench', 'bench', 'bench', 'running', 0, 'req-' || w.id, 1, 0, 1, 0, 0, 0, ts + 60000000, ts, ts, t_body
            FROM unnest(t_id, t_seq, t_instance) AS w (id, seq, instance) WHERE w.seq = 1;
            GET DIAGNOSTICS done = ROW_COUNT;
            UPDATE tasks t SET seq = w.seq, step = w.seq::int, ended = w.ended, due_at = CASE WHEN w.ended = 0 THEN t.due_at END, updated_at = ts, body = t_body
            FROM unnest(t_id, t_seq, t_ended) AS w (id, seq, ended) WHERE t.id = w.id AND w.seq > 1 AND t.seq = w.seq - 1;
            GET DIAGNOSTICS more = ROW_COUNT;
            done := done + more;
            UPDATE instances i SET version = w.expected + 1, updated_at = ts, body = i_body
            FROM unnest(i_id, i_expected) AS w (id, expected) WHERE i.id = w.id AND i.version = w.expected;
            GET DIAGNOSTICS more = ROW_COUNT;
            done := done + more;
            UPDATE stream_counter SET last_id = last_id + cardinality(t_id) WHERE id = 1 RETURNING last_id - cardinality(t_id) INTO streamed;
            INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events)
            SELECT w.id, w.seq, streamed + w.n, 'step_done', 1, ts, e_body FROM unnest(t_id, t_seq) WITH ORDINALITY AS w (id, seq, n);
            RETURN done;
        END
        $$
        """;

    private readonly NpgsqlConnection _connection;
    private readonly BareQueue _queue = new();
    private readonly NpgsqlCommand _call;
    private readonly NpgsqlParameter<string[]> _tasks = Array<string>(NpgsqlDbType.Text), _taskInstances = Array<string>(NpgsqlDbType.Text), _instances = Array<string>(NpgsqlDbType.Text);
    private readonly NpgsqlParameter<long[]> _seqs = Array<long>(NpgsqlDbType.Bigint), _expected = Array<long>(NpgsqlDbType.Bigint);
    private readonly NpgsqlParameter<int[]> _ended = Array<int>(NpgsqlDbType.Integer);
    private readonly Task _loop;

    private PostgresBareLane(NpgsqlConnection connection)
    {
        _connection = connection;
        _call = new("SELECT bench_commit($1, $2, $3, $4, $5, $6, $7, $8, $9)", connection);
        _call.Parameters.AddRange(new NpgsqlParameter[]
        {
            _tasks, _seqs, _ended, _taskInstances, _instances, _expected,
            new NpgsqlParameter<string> { TypedValue = BareRows.TaskBody }, new NpgsqlParameter<string> { TypedValue = BareRows.InstanceBody },
            new NpgsqlParameter<string> { TypedValue = BareRows.EventBody },
        });
        _loop = Task.Run(() => _queue.RunAsync(WriteAsync));
    }

    public static async Task<PostgresBareLane> OpenAsync(string connectionString, string directory)
    {
        var options = new PostgresStorageOptions { ConnectionString = connectionString, SecretKeyFile = Path.Combine(directory, "secret.key") };
        await using (var store = new PostgresStore(Options.Create(options), TimeProvider.System, NullLoggerFactory.Instance))
        {
            // The product's own tables and indexes.
            await store.OpenAsync();
        }

        var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand(Function, connection);
        await create.ExecuteNonQueryAsync();
        return new(connection);
    }

    public async Task AddInstanceAsync(string id)
    {
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO instances (id, project_id, user_id, name, vm_state, deleted, version, flavor_id, image_id, locked, reservation_id, zone, created_at, updated_at, body)
            VALUES ($1, 'bench', 'bench', 'bench', 'active', 0, 1, '1', 'image-1', 0, 'r-1', 'nova', 0, 0, $2)
            """,
            new NpgsqlConnection(_connection.ConnectionString));
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = BareRows.InstanceBody });
        await using (command.Connection)
        {
            await command.Connection!.OpenAsync();
            await command.ExecuteNonQueryAsync();
        }
    }

    public Task CommitAsync(BareCommit commit) => _queue.AddAsync(commit);

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _loop;
        await _call.DisposeAsync();
        await _connection.DisposeAsync();
    }

    private async Task WriteAsync(List<BareCommit> commits)
    {
        var instances = commits.Where(c => c.ExpectedVersion is not null).ToList();
        _tasks.TypedValue = [.. commits.Select(c => c.Task)];
        _seqs.TypedValue = [.. commits.Select(c => c.Seq)];
        _ended.TypedValue = [.. commits.Select(c => c.Ended ? 1 : 0)];
        _taskInstances.TypedValue = [.. commits.Select(c => c.Instance)];
        _instances.TypedValue = [.. instances.Select(c => c.Instance)];
        _expected.TypedValue = [.. instances.Select(c => c.ExpectedVersion!.Value)];
        if (!_call.IsPrepared)
        {
            await _call.PrepareAsync();
        }

        if (await _call.ExecuteScalarAsync() is not int done || done != commits.Count + instances.Count)
        {
            throw new InvalidOperationException("A commit lost without a rival.");
        }
    }

    private static NpgsqlParameter<T[]> Array<T>(NpgsqlDbType type) => new() { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = [] };
}
