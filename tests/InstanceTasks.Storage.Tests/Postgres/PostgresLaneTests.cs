using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.TestKit;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>Group commit: what shares a transaction, what fails alone, and what happens when the connection or the database does not play along.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresLaneTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private PostgresFixture _fixture = null!;

    private PostgresStore Store => _fixture.Store;

    public async Task InitializeAsync() => _fixture = await PostgresFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task Commit_ManyAtOnce_ShareOneTransaction()
    {
        var before = Store.Lane.Transactions;

        var results = await TogetherAsync(Enumerable.Range(0, 200).Select(_ => Some.Commit(Some.Task())));

        Assert.All(results, r => Assert.True(r.Applied));
        Assert.Equal(1, Store.Lane.Transactions - before);
        Assert.Equal(Enumerable.Range(1, 200).Select(n => (1L << 40) + n), (await _fixture.ReadStreamAsync()).Select(s => s.StreamId));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("a\0b")]
    public async Task Commit_PoisonInsideABatchOfFifty_FailsAlone(string? kind)
    {
        var poison = Some.Task() with { Kind = new(kind!) };
        var before = Store.Lane.Transactions;
        var commits = Enumerable.Range(0, 50).Select(i => Some.Commit(i == 25 ? poison : Some.Task())).ToArray();
        var release = Hold();
        var running = commits.Select(c => Store.CommitAsync(c)).ToArray();
        release.SetResult();

        Assert.False((await Assert.ThrowsAsync<CommitFailedException>(() => running[25])).StoreUnavailable);

        Assert.All(await Task.WhenAll(running.Where((_, i) => i != 25)), r => Assert.True(r.Applied));
        Assert.Equal(49, Store.Lane.Transactions - before);
        Assert.Equal(49, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task Commit_FortyDeltasForOneRowInOneTransaction_AreJudgedInOrderAndWrittenOnce()
    {
        await Store.SetLimitsAsync(Some.Project, 25, -1, -1);
        await Store.RegisterAsync(new("h1"), "z", new(30, 100_000, 1000));
        var before = Store.Lane.Transactions;

        var results = await TogetherAsync(Enumerable.Range(0, 40).Select(_ => Some.Take(InstanceId.New(), TaskId.New(), "h1", Some.Small) with { Quota = [new(Some.Project, 1, 2, 3)] }));

        Assert.Equal(Enumerable.Range(0, 40).Select(i => i < 25 ? CommitVerdict.Applied : CommitVerdict.QuotaExceeded), results.Select(r => r.Verdict));
        Assert.Equal("Quota exceeded for instances: Requested 1, but already used 25 of 25 instances", results[30].Detail);
        Assert.Equal(new QuotaUsage(25, 50, 75, 25), await Store.GetUsageAsync(Some.Project));
        Assert.Equal(25, (await Store.ListHostsAsync()).Single().Taken.Vcpus);
        Assert.Equal(1, Store.Lane.Transactions - before);
        // A row's place tells how often it was written: once when made, once by the batch.
        Assert.Equal("(0,2) (0,2)", await Store.OnConnectionAsync(c => c.QuerySingleAsync<string>("SELECT (SELECT ctid FROM hosts)::text || ' ' || (SELECT ctid FROM quota)::text")));
    }

    [Fact]
    public async Task Commit_AboutOneTaskTwiceInABatch_RunsOneAfterTheOther()
    {
        var task = Some.Task();
        var before = Store.Lane.Transactions;

        var results = await TogetherAsync([Some.Commit(task), Some.Commit(task.Next()), Some.Commit(task.Next() with { WaitReason = "late" })]);

        Assert.Equal([CommitVerdict.Applied, CommitVerdict.Applied, CommitVerdict.TaskConflict], results.Select(r => r.Verdict));
        Assert.Equal(3, Store.Lane.Transactions - before);
    }

    [Fact]
    public async Task Commit_MoreThanABatchMayHold_IsSplit()
    {
        var before = Store.Lane.Transactions;
        var big = new string('x', 3_000_000);

        var results = await TogetherAsync(Enumerable.Range(0, 6).Select(_ => Some.Commit(Some.Task() with { WaitReason = big })));

        Assert.All(results, r => Assert.True(r.Applied));
        Assert.True(Store.Lane.Transactions - before >= 3);
    }

    [Fact]
    public async Task Commit_TwoLanesLockRowsInOppositeOrder_NeverDeadlock()
    {
        await using var other = await PostgresFixture.OpenAsync(_fixture.Options);
        for (var round = 0; round < 40; round++)
        {
            var tasks = Enumerable.Range(0, 10).Select(_ => Some.Task()).ToArray();
            var instances = tasks.Select(t => Some.Instance(id: t.Instance)).ToArray();
            await Store.CommitAsync(Some.Commit(tasks));
            await Task.WhenAll(instances.Select(i => Store.CommitAsync(Some.Commit(i))));
            await RaceAsync(other, [.. tasks.Zip(instances, Step)]);
        }

        Assert.Equal(0, await CountDeadlocksAsync());

        static Commit Step(TaskRecord task, InstanceRecord instance) => Some.Commit(task.Next()) with { Instance = new(instance with { Version = 2 }, 1) };
    }

    // New rows wait for each other by their keys; the others by their locks.
    [Fact]
    public async Task Commit_TwoLanesTouchEveryKindOfRowInOppositeOrder_NeverDeadlock()
    {
        await using var other = await PostgresFixture.OpenAsync(_fixture.Options);
        for (var host = 0; host < 10; host++)
        {
            await Store.RegisterAsync(new($"h{host}"), "z", new(1000, 1_000_000, 1000));
        }

        for (var round = 0; round < 20; round++)
        {
            var tasks = Enumerable.Range(0, 10).Select(_ => Some.Task()).ToArray();
            await RaceAsync(other, [.. tasks.Select((t, i) => Touch(t, i) with { Instance = new(Some.Instance(id: t.Instance), 0), Idempotency = Some.Key($"{t.Id}") })]);
            await RaceAsync(other, [.. tasks.Select((t, i) => Touch(t.Next(), i) with { Wakes = [tasks[(i + 5) % 10].Id], Secrets = [new(t.Id.Value, "x", [1], false)] })]);
        }

        Assert.Equal(0, await CountDeadlocksAsync());
        // A task that takes what it has already takes nothing; quota is used twice in each round.
        Assert.All(await Store.ListHostsAsync(), h => Assert.Equal(20, h.Taken.Vcpus));
        Assert.Equal(40, (await Store.GetUsageAsync(new("q0"))).Instances);

        static Commit Touch(TaskRecord task, int i) => Some.Commit(task) with
        {
            Quota = [new(new($"q{i}"), 1, 1, 1)], Claims = [new(task.Instance, task.Id, new HostName($"h{i}"), Some.Small, Take: true)],
        };
    }

    [Fact]
    public async Task Commit_RowHeldTooLong_IsADefiniteFailureAndTheStoreGoesOn()
    {
        await using var hasty = await PostgresFixture.CreateAsync(o => o.LockTimeout = TimeSpan.FromMilliseconds(100));
        var task = Some.Task();
        await using (await LockCounterAsync(hasty))
        {
            var error = await Assert.ThrowsAsync<CommitFailedException>(() => hasty.Store.CommitAsync(Some.Commit(task)));
            Assert.True(error.StoreUnavailable);
        }

        Assert.True((await hasty.Store.CommitAsync(Some.Commit(task))).Applied);
    }

    [Fact]
    public async Task Commit_ConnectionCutWhileItWaits_IsUnknownAndWasNotApplied()
    {
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(Some.Task()));
        Task<CommitResult> commit;
        await using (await LockCounterAsync(_fixture))
        {
            commit = Store.CommitAsync(Some.Commit(task));
            await WaitsForLockAsync(_fixture);
            await Store.OnConnectionAsync(c => c.ExecuteAsync("SELECT pg_terminate_backend(@pid)", new { pid = Store.Lane.ServerProcess }));
            await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => commit);
        }

        Assert.Null(await Store.ReadTaskAsync(task.Id));
        Assert.True((await Store.CommitAsync(Some.Commit(task))).Applied);
    }

    [Fact]
    public async Task Commit_EveryConnectionCutWhileIdle_GoesOn()
    {
        await Store.CommitAsync(Some.Commit(Some.Task()));
        await Store.OnConnectionAsync(c => c.ExecuteAsync("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"));
        var task = Some.Task();

        await Eventually.TrueAsync(() => IsAppliedAsync(Store, task), Deadline, "a commit goes through");

        Assert.Equal(1, (await Store.ReadTaskAsync(task.Id))!.Record.Seq);
    }

    [Fact]
    public async Task Dispose_WithCommitsWaiting_FinishesThem()
    {
        var commits = Enumerable.Range(0, 100).Select(_ => Store.CommitAsync(Some.Commit(Some.Task()))).ToArray();
        var closed = Store;
        await _fixture.ReopenAsync();

        Assert.All(await Task.WhenAll(commits), r => Assert.True(r.Applied));
        await Assert.ThrowsAsync<InvalidOperationException>(() => closed.CommitAsync(Some.Commit(Some.Task())));
    }

    [Fact]
    public async Task Settings_OfEveryConnection_KeepWhatIsAcknowledged()
    {
        var (commit, isolation) = await Store.OnConnectionAsync(c => c.QuerySingleAsync<(string, string)>("SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')"));
        Assert.Equal(("on", "read committed"), (commit, isolation));

        var database = new Npgsql.NpgsqlConnectionStringBuilder(_fixture.Options.ConnectionString).Database;
        await Store.OnConnectionAsync(c => c.ExecuteAsync($"ALTER DATABASE {database} SET synchronous_commit = off"));
        await _fixture.ReopenAsync();

        Assert.Equal("on", await Store.OnConnectionAsync(c => c.QuerySingleAsync<string>("SELECT current_setting('synchronous_commit')")));
    }

    /// <summary>Whether a commit is there; repeats what is unknown or refused for the moment.</summary>
    internal static async Task<bool> IsAppliedAsync(PostgresStore store, TaskRecord task)
    {
        try
        {
            // A conflict: an earlier attempt whose outcome was not known was applied.
            return (await store.CommitAsync(Some.Commit(task))).Verdict is CommitVerdict.Applied or CommitVerdict.TaskConflict;
        }
        catch (Exception e) when (e is CommitOutcomeUnknownException or CommitFailedException { StoreUnavailable: true })
        {
            return false;
        }
    }

    /// <summary>Holds the stream's counter, so that every commit waits just before its end.</summary>
    internal static async Task<IAsyncDisposable> LockCounterAsync(PostgresFixture fixture)
    {
        var connection = new Npgsql.NpgsqlConnection(fixture.Options.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await connection.ExecuteAsync("BEGIN; SELECT * FROM stream_counter FOR UPDATE");
        return connection;
    }

    internal static Task WaitsForLockAsync(PostgresFixture fixture) => Eventually.TrueAsync(
        () => fixture.Store.OnConnectionAsync(c => c.QuerySingleAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = @pid AND wait_event_type = 'Lock')", new { pid = fixture.Store.Lane.ServerProcess })),
        Deadline,
        "the commit waits for the lock");

    // Both lanes want the same, one from the front and one from the back; each thing goes to one of them.
    private async Task RaceAsync(PostgresStore other, Commit[] commits)
    {
        var there = commits.Select(c => Store.CommitAsync(c)).ToArray();
        var back = commits.Reverse().Select(c => other.CommitAsync(c)).Reverse().ToArray();
        var verdicts = (await Task.WhenAll(there)).Zip(await Task.WhenAll(back));

        Assert.All(verdicts, v => Assert.NotEqual(v.First.Applied, v.Second.Applied));
    }

    private Task<long> CountDeadlocksAsync() =>
        Store.OnConnectionAsync(c => c.QuerySingleAsync<long>("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));

    private TaskCompletionSource Hold()
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Store.Lane.BeforeBatch = () => release.Task;
        return release;
    }

    // All of them wait before the lane takes the first.
    private async Task<CommitResult[]> TogetherAsync(IEnumerable<Commit> commits)
    {
        var release = Hold();
        var running = commits.Select(c => Store.CommitAsync(c)).ToArray();
        release.SetResult();
        return await Task.WhenAll(running);
    }
}
