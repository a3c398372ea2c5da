using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.TestKit;
using Npgsql;

namespace InstanceTasks.Storage.Tests.Postgres;

[Trait("Requires", "postgresql")]
public sealed class PostgresStreamTests : StreamConformance
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private PostgresFixture Postgres => (PostgresFixture)Store;

    protected override async Task<StoreFixture> CreateAsync() => await PostgresFixture.CreateAsync();

    // Of two transactions the one that got its number first becomes visible last. The second case shows that the test would find it if the numbers
    // of a sequence were read like that.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ReadStream_CommitThatBecomesVisibleLate_IsNotMissed_UnlessASequenceNumbers(bool plainSequence)
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var place = (await Store.Events.ReadStreamAsync(0, 100)).Last;
        if (plainSequence)
        {
            await NumberBySequenceAsync(place);
        }

        await using var holder = await ConnectAsync();
        await holder.ExecuteAsync("BEGIN;");
        var late = await InsertAsync(holder, task.Id);
        var next = Some.Task();
        var commit = Journal.CommitAsync(Some.Commit(next));
        await Eventually.TrueAsync(async () => commit.IsCompleted || await CountWaitingAsync() > 0, Deadline, "the second is committed, or waits");
        Assert.Equal(plainSequence, commit.IsCompleted);

        var between = await Store.Events.ReadStreamAsync(place, 100);
        await holder.ExecuteAsync("COMMIT;");
        Assert.True((await commit).Applied);
        var after = await Store.Events.ReadStreamAsync(between.Last, 100);

        var seen = between.Rows.Concat(after.Rows).Select(r => r.Subject.Task).ToList();
        Assert.Equal(plainSequence ? [next.Id] : [late, next.Id], seen);
    }

    [Fact]
    public async Task ReadStream_NumberThatIsTakenBack_LeavesNoGapAndNothingBehind()
    {
        var task = Some.Task();
        await ApplyAsync(Some.Commit(task));
        var place = (await Store.Events.ReadStreamAsync(0, 100)).Last;
        await using (var holder = await ConnectAsync())
        {
            await holder.ExecuteAsync("BEGIN;");
            await InsertAsync(holder, task.Id);
            await holder.ExecuteAsync("ROLLBACK;");
        }

        Assert.Equal(place, (await Store.Events.ReadStreamAsync(place, 100)).Last);
        await ApplyAsync(Some.Commit(task.Next()));

        Assert.Equal([place + 1], (await Store.Events.ReadStreamAsync(place, 100)).Rows.Select(r => r.Stored.StreamId));
    }

    [Fact]
    public async Task ReadStream_WhileSeveralStoresCommit_EachRowOnceInOrder()
    {
        const int Writers = 3;
        const int Steps = 40;
        await using var second = await PostgresFixture.OpenAsync(Postgres.Options);
        await using var third = await PostgresFixture.OpenAsync(Postgres.Options);
        var writing = Task.WhenAll(new IJournal[] { Postgres.Store, second, third }.SelectMany(journal => Enumerable.Range(0, 4).Select(_ => WriteAsync(journal, Steps))));

        var (seen, place, reads) = (new List<(TaskId, long, long)>(), 0L, 0);
        while (seen.Count < Writers * 4 * Steps)
        {
            // Asked before the read: a write that ends behind it is no row that this page could have had.
            var written = writing.IsCompleted;
            var page = await second.ReadStreamAsync(place, 50);
            seen.AddRange(page.Rows.Select(r => (r.Subject.Task, r.Stored.Seq, r.Stored.StreamId)));
            place = page.Last;
            reads++;
            Assert.False(written && !page.IsFull && seen.Count < Writers * 4 * Steps, $"{seen.Count} rows seen when all had been written");
        }

        await writing;
        Assert.Equal(await Store.ReadStreamAsync(), seen);
        Assert.True(reads > 3, "the reader must have read while others wrote");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task NextCommit_OfAnotherProcess_IsNotifiedOrPolled(bool notified)
    {
        var options = PostgresFixture.NewOptions(Postgres.Options.ConnectionString);
        (options.Notifications, options.PollInterval) = notified ? (true, TimeSpan.FromMinutes(10)) : (false, TimeSpan.FromMilliseconds(50));
        await using var other = await PostgresFixture.OpenAsync(options);
        await Eventually.TrueAsync(
            () => Postgres.Store.OnConnectionAsync(c => c.QuerySingleAsync<bool>(
                "SELECT count(*) >= @listeners FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'", new { listeners = notified ? 2 : 1 })),
            Deadline, "those who shall listen do");
        var place = await other.ReadLastPlaceAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                var next = other.NextCommit();
                await ApplyAsync(Some.Commit(Some.Task()));
                await next.WaitAsync(Deadline);
                return (await other.ReadStreamAsync(place, 100)).Rows.Count > 0;
            },
            Deadline, "the other sees it");
    }

    private static async Task WriteAsync(IJournal journal, int steps)
    {
        var task = Some.Task();
        for (var i = 0; i < steps; i++)
        {
            Assert.True((await journal.CommitAsync(Some.Commit(task))).Applied);
            task = task.Next();
        }
    }

    private Task<int> NumberBySequenceAsync(long place) => Postgres.Store.OnConnectionAsync(c => c.ExecuteAsync(
        $"""
        CREATE SEQUENCE plain START {place + 1};
        CREATE OR REPLACE FUNCTION number_stream(count_of int, base bigint) RETURNS bigint LANGUAGE sql AS
            $$ SELECT max(n) - count_of FROM (SELECT nextval('plain') AS n FROM generate_series(1, count_of)) x $$;
        """));

    /// <summary>What a commit does to the stream: the next number, and a row of a new task that is otherwise like another.</summary>
    private static async Task<TaskId> InsertAsync(NpgsqlConnection connection, TaskId like)
    {
        var id = TaskId.New();
        await connection.ExecuteAsync(
            """
            CREATE TEMP TABLE held AS SELECT * FROM tasks WHERE id = @like;
            UPDATE held SET id = @id;
            INSERT INTO tasks SELECT * FROM held;
            INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events)
            SELECT @id, 1, number_stream(1, 1::bigint << 40) + 1, types, version, at, events FROM task_events WHERE task_id = @like AND seq = 1;
            DROP TABLE held;
            """,
            new { id = id.ToString(), like = like.ToString() });
        return id;
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(Postgres.Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    private Task<int> CountWaitingAsync() => Postgres.Store.OnConnectionAsync(c => c.QuerySingleAsync<int>(
        "SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"));
}
