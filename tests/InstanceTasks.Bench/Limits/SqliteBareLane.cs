using InstanceTasks.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Bench.Limits;

/// <summary>One connection and five prepared statements, on the product's tables.</summary>
internal sealed class SqliteBareLane : IBareLane
{
    private readonly SqliteConnection _connection;
    private readonly BareQueue _queue = new();
    private readonly Task _loop;
    private readonly SqliteCommand _insertTask, _updateTask, _updateInstance, _updateCounter, _insertEvent;
    private long _stream;

    private SqliteBareLane(SqliteConnection connection)
    {
        _connection = connection;
        _insertTask = Prepare(
            """
            INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, generation, epoch, seq, shard, ended, is_fault, due_at, created_at, updated_at, body)
            VALUES ($p1, $p2, 'bench', 'bench', 'bench', 'running', 0, 'req-' || $p1, 1, 0, 1, 0, 0, 0, $p3 + 60000000, $p3, $p3, $p4)
            """);
        _updateTask = Prepare("UPDATE tasks SET seq = $p2, step = $p2, ended = $p3, due_at = CASE WHEN $p3 = 0 THEN due_at END, updated_at = $p4, body = $p5 WHERE id = $p1 AND seq = $p2 - 1");
        _updateInstance = Prepare("UPDATE instances SET version = $p2 + 1, updated_at = $p3, body = $p4 WHERE id = $p1 AND version = $p2");
        _updateCounter = Prepare("UPDATE stream_counter SET last_id = $p1");
        _insertEvent = Prepare("INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events) VALUES ($p1, $p2, $p3, 'step_done', 1, $p4, $p5)");
        _loop = Task.Run(() => _queue.RunAsync(Write));
    }

    public static async Task<SqliteBareLane> OpenAsync(string directory)
    {
        await using (await SqliteStore.OpenAsync(new SqliteStorageOptions { DataDirectory = directory }, TimeProvider.System, NullLoggerFactory.Instance))
        {
            // The product's own tables and indexes.
        }

        var connection = new SqliteConnection($"Data Source={Path.Combine(directory, SqliteStore.DatabaseFileName)};Pooling=false");
        await connection.OpenAsync();
        Run(connection, "PRAGMA journal_mode = WAL");
        Run(connection, "PRAGMA synchronous = FULL");
        return new(connection);
    }

    // Before the first commit, so that nobody else uses the connection.
    public Task AddInstanceAsync(string id)
    {
        lock (_connection)
        {
            using var command = _connection.CreateCommand();
            command.CommandText =
                """
                INSERT INTO instances (id, project_id, user_id, name, vm_state, deleted, version, flavor_id, image_id, locked, reservation_id, zone, created_at, updated_at, body)
                VALUES ($id, 'bench', 'bench', 'bench', 'active', 0, 1, '1', 'image-1', 0, 'r-1', 'nova', 0, 0, $body)
                """;
            command.Parameters.AddWithValue("$id", id);
            command.Parameters.AddWithValue("$body", BareRows.InstanceBody);
            command.ExecuteNonQuery();
        }

        return Task.CompletedTask;
    }

    public Task CommitAsync(BareCommit commit) => _queue.AddAsync(commit);

    public async ValueTask DisposeAsync()
    {
        _queue.Close();
        await _loop;
        foreach (var command in new[] { _insertTask, _updateTask, _updateInstance, _updateCounter, _insertEvent })
        {
            await command.DisposeAsync();
        }

        await _connection.DisposeAsync();
    }

    private Task Write(List<BareCommit> commits)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() * 1000;
        Run(_connection, "BEGIN IMMEDIATE");
        foreach (var commit in commits)
        {
            Write(commit, now);
        }

        RunOne(_updateCounter, _stream);
        Run(_connection, "COMMIT");
        return Task.CompletedTask;
    }

    private void Write(BareCommit commit, long now)
    {
        RunOne(_insertEvent, commit.Task, commit.Seq, ++_stream, now, BareRows.EventBody);
        if (commit.Seq == 1)
        {
            RunOne(_insertTask, commit.Task, commit.Instance, now, BareRows.TaskBody);
        }
        else
        {
            RunOne(_updateTask, commit.Task, commit.Seq, commit.Ended ? 1 : 0, now, BareRows.TaskBody);
        }

        if (commit.ExpectedVersion is { } version)
        {
            RunOne(_updateInstance, commit.Instance, version, now, BareRows.InstanceBody);
        }
    }

    private SqliteCommand Prepare(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    private static void RunOne(SqliteCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            if (command.Parameters.Count <= i)
            {
                command.Parameters.AddWithValue($"$p{i + 1}", values[i]);
            }
            else
            {
                command.Parameters[i].Value = values[i];
            }
        }

        if (command.ExecuteNonQuery() != 1)
        {
            throw new InvalidOperationException("A commit lost without a rival.");
        }
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
