using Dapper;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.TestKit;
using Npgsql;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>Several processes on one database: the stream's order, waking each other, and one that is stopped in the middle.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresProcessTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private PostgresFixture _fixture = null!;

    private PostgresStore Store => _fixture.Store;

    public async Task InitializeAsync() => _fixture = await PostgresFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    // A reader that goes on behind the last id it has seen must not miss anything. In the middle a transaction is held open between numbering
    // and commit; the second case shows that this finds the numbering which everyone writes first.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stream_TwoProcessesAndATransactionHeldAfterNumbering_ReaderMissesNothingUnlessASequenceNumbers(bool plainSequence)
    {
        if (plainSequence)
        {
            await Store.OnConnectionAsync(c => c.ExecuteAsync(
                """
                CREATE SEQUENCE plain MINVALUE 1099511627777;
                CREATE OR REPLACE FUNCTION number_stream(count_of int, base bigint) RETURNS bigint LANGUAGE sql AS
                    $$ SELECT max(n) - count_of FROM (SELECT nextval('plain') AS n FROM generate_series(1, count_of)) x $$;
                """));
        }

        using var first = Start();
        using var second = Start();
        await using var reader = await ConnectAsync();
        var (seen, last) = (new List<long>(), 0L);
        await Eventually.TrueAsync(async () => await FollowAsync() > 200, Deadline, "both processes write", () => first.Output + second.Output);
        for (var round = 0; round < 3; round++)
        {
            await using var holder = await ConnectAsync();
            await holder.ExecuteAsync("BEGIN;");
            Assert.True(await holder.QuerySingleAsync<bool>("SELECT refuse_task_1(@id, @streamBase, 1, '[]')", new { id = $"{Guid.NewGuid()}", streamBase = 1L << 40 }));
            var given = await holder.QuerySingleAsync<long>("SELECT max(stream_id) FROM task_events WHERE types = 'ended'");
            await Eventually.TrueAsync(
                async () => await FollowAsync() >= 0 && (last > given || await CountWaitingAsync() >= 2), Deadline, "the others wait for the counter, or have passed it");
            await holder.ExecuteAsync("COMMIT;");
            await Eventually.TrueAsync(async () => await FollowAsync() >= 0 && last > given, Deadline, "the others go on");
        }

        await EndAsync(first);
        await EndAsync(second);
        await FollowAsync();
        var all = (await _fixture.ReadStreamAsync()).Select(s => s.StreamId).ToArray();
        var missed = all.Except(seen).ToArray();
        Assert.Equal(plainSequence, missed.Length > 0);
        Assert.Equal(seen.Order(), seen);

        async Task<int> FollowAsync()
        {
            var page = (await reader.QueryAsync<long>("SELECT stream_id FROM task_events WHERE stream_id > @last ORDER BY stream_id", new { last })).AsList();
            seen.AddRange(page);
            last = seen.Count == 0 ? 0 : seen[^1];
            return seen.Count;
        }
    }

    [Fact]
    public async Task Stop_OfAProcessInTheMiddle_DoesNotStopTheOthers()
    {
        using var writer = Start();
        for (var round = 0; round < 15; round++)
        {
            var lines = CountLines(writer);
            await Eventually.TrueAsync(() => CountLines(writer) > lines + 20, Deadline, "the process writes", () => writer.Output);
            writer.Signal(PosixSignalNumber.Stop);

            // It writes the same project's row with every commit, and the stream's counter: a lock that it held would end this commit at the lock limit.
            var result = await Store.CommitAsync(Some.Commit(Some.Task()) with { Quota = [new(Some.Project, 1, 0, 0)] }).WaitAsync(Deadline);

            Assert.True(result.Applied);
            writer.Signal(PosixSignalNumber.Continue);
        }

        await EndAsync(writer);
        var rows = await Store.OnConnectionAsync(c => c.QuerySingleAsync<long>("SELECT count(*) FROM task_events"));
        Assert.Equal(rows, (await Store.GetUsageAsync(Some.Project)).Instances);
    }

    [Fact]
    public async Task Kill_InTheMiddleOfCommits_LosesNothingThatWasAcknowledged()
    {
        using var writer = Start();
        await Eventually.TrueAsync(() => CountLines(writer) > 300, Deadline, "the process writes", () => writer.Output);
        await EndAsync(writer);

        foreach (var task in writer.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).Where(parts => parts.Length == 2).GroupBy(parts => parts[0]))
        {
            Assert.True((await Store.ReadTaskAsync(TaskId.Parse(task.Key)))!.Record.Seq >= task.Max(parts => long.Parse(parts[1])));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WaitForRest_EndInAnotherProcess_IsNotifiedOrFoundByPolling(bool notified)
    {
        // One of the two at a time: no notification, or no look within the test's time.
        var options = PostgresFixture.NewOptions(_fixture.Options.ConnectionString);
        (options.Notifications, options.PollInterval) = notified ? (true, TimeSpan.FromMinutes(10)) : (false, TimeSpan.FromMilliseconds(50));
        await using var other = await PostgresFixture.OpenAsync(options);
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(task));
        if (notified)
        {
            await Eventually.TrueAsync(() => Store.OnConnectionAsync(c => c.QuerySingleAsync<bool>(
                "SELECT count(*) >= 2 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")), Deadline, "both listen");
        }

        var wait = other.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(10));
        Assert.False(wait.IsCompleted);
        await Eventually.TrueAsync(() => other.Counters.Waiting == 1, Deadline, "somebody waits");

        await Store.CommitAsync(Some.Commit(task.Next()));
        await Store.CommitAsync(Some.Commit(task.Next().Ended()));

        Assert.Equal(3, (await wait.WaitAsync(Deadline))!.Seq);
    }

    [Fact]
    public async Task WaitForRest_ListeningConnectionCut_IsFoundAgain()
    {
        await using var other = await PostgresFixture.OpenAsync(_fixture.Options);
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(task));
        var wait = other.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(10));
        await Store.OnConnectionAsync(c => c.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"));

        await Store.CommitAsync(Some.Commit(task.Next()));
        await Store.CommitAsync(Some.Commit(task.Next().Ended()));

        Assert.Equal(3, (await wait.WaitAsync(Deadline))!.Seq);
    }

    private ChildProcess Start() => ChildProcess.Start(
        Environment.ProcessPath!, ["exec", typeof(PostgresProcessTests).Assembly.Location, "write-postgres", _fixture.Options.ConnectionString, _fixture.Options.SecretKeyFile]);

    private static async Task EndAsync(ChildProcess process)
    {
        process.Signal(PosixSignalNumber.Kill);
        await process.WaitForExitAsync(Deadline);
    }

    private static int CountLines(ChildProcess process) => process.StandardOutput.Count(c => c == '\n');

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(_fixture.Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private Task<int> CountWaitingAsync() => Store.OnConnectionAsync(c => c.QuerySingleAsync<int>(
        "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"));
}
