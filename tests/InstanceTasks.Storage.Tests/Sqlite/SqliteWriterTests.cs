using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>Group commit and what happens when SQLite itself fails.</summary>
public sealed class SqliteWriterTests : IAsyncLifetime
{
    private SqliteFixture _fixture = null!;

    private SqliteStore Store => _fixture.Store;

    public async Task InitializeAsync() => _fixture = await SqliteFixture.CreateAsync();

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task Commit_ManyAtOnce_ShareTransactions()
    {
        var before = Store.Counters.Transactions;
        using var blocked = new ManualResetEventSlim();
        var blocker = Store.OnWriterAsync(_ =>
        {
            blocked.Wait();
            return 0;
        });
        var commits = Enumerable.Range(0, 256).Select(_ => Store.CommitAsync(Some.Commit(Some.Task()))).ToArray();
        blocked.Set();

        Assert.All(await Task.WhenAll(commits), r => Assert.True(r.Applied));
        await blocker;
        Assert.InRange(Store.Counters.Transactions - before, 2, 4);
    }

    [Fact]
    public async Task Commit_PoisonInsideABatch_FailsAloneInThatVeryBatch()
    {
        var poison = Some.Commit(Some.Task() with { Kind = new(null!) });
        var before = Store.Counters.Transactions;
        using var blocked = new ManualResetEventSlim();
        var blocker = Store.OnWriterAsync(_ =>
        {
            blocked.Wait();
            return 0;
        });
        var commits = Enumerable.Range(0, 50).Select(i => Store.CommitAsync(i == 25 ? poison : Some.Commit(Some.Task()))).ToArray();
        blocked.Set();
        await blocker;

        await Assert.ThrowsAsync<CommitFailedException>(() => commits[25]);
        Assert.All(await Task.WhenAll(commits.Where((_, i) => i != 25)), r => Assert.True(r.Applied));
        Assert.InRange(Store.Counters.Transactions - before, 1, 3);
        Assert.Equal(49, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task Commit_OutcomeOfTheTransactionUnknown_EveryCallerIsToldAndTheStoreGoesOn()
    {
        var fired = 0;
        Store.BeforeCommit(() =>
        {
            fired++;
            Store.BeforeCommit(null);
            throw new IOException("injected");
        });
        var task = Some.Task();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => Store.CommitAsync(Some.Commit(task)));

        Assert.Equal(1, fired);
        Assert.Null(await Store.ReadTaskAsync(task.Id));
        Assert.True((await Store.CommitAsync(Some.Commit(task))).Applied);
        Assert.Equal(1, (await Store.ReadTaskAsync(task.Id))!.Record.Seq);
    }

    [Fact]
    public async Task Write_ItemThatEndsTheTransactionItself_FailsAloneAndTheOthersRunAgain()
    {
        var first = Some.Task();
        using var blocked = new ManualResetEventSlim();
        var blocker = Store.OnWriterAsync(_ =>
        {
            blocked.Wait();
            return 0;
        });
        var before = Store.CommitAsync(Some.Commit(first));
        var breaker = Store.OnWriterAsync<int>(c =>
        {
            c.Execute("ROLLBACK");
            throw new InvalidOperationException("injected");
        });
        var after = Store.CommitAsync(Some.Commit(first.Next()));
        blocked.Set();
        await blocker;

        await Assert.ThrowsAsync<CommitFailedException>(() => breaker);
        Assert.True((await before).Applied);
        Assert.True((await after).Applied);
        Assert.Equal(2, (await Store.ReadTaskAsync(first.Id))!.Record.Seq);
    }

    [Fact]
    public async Task Commit_DiskFull_IsADefiniteFailureAndSmallOnesStillGoThrough()
    {
        var pages = await Store.OnWriterAsync(c => c.QuerySingle<long>("PRAGMA page_count"));
        await Store.OnWriterAsync(c => c.ExecuteScalar<long>($"PRAGMA max_page_count = {pages + 40}"));
        using var blocked = new ManualResetEventSlim();
        var blocker = Store.OnWriterAsync(_ =>
        {
            blocked.Wait();
            return 0;
        });
        var small = Enumerable.Range(0, 4).Select(_ => Some.Task()).ToArray();
        var big = Some.Task() with { WaitReason = new string('x', 1_000_000) };
        var commits = small.Take(2).Append(big).Concat(small.Skip(2)).Select(t => Store.CommitAsync(Some.Commit(t))).ToArray();
        blocked.Set();
        await blocker;

        await Assert.ThrowsAsync<CommitFailedException>(() => commits[2]);
        Assert.All(await Task.WhenAll(commits.Where((_, i) => i != 2)), r => Assert.True(r.Applied));
        Assert.Null(await Store.ReadTaskAsync(big.Id));
        Assert.Equal(4, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task Commit_WhileAnotherProcessHoldsTheFile_WaitsForIt()
    {
        await using var patient = await SqliteFixture.CreateAsync();
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(patient.Options.DataDirectory, SqliteStore.DatabaseFileName)};Pooling=False");
        other.Open();
        other.Execute("BEGIN IMMEDIATE");
        var commit = patient.Store.CommitAsync(Some.Commit(Some.Task()));
        Assert.False(commit.IsCompleted);
        other.Execute("COMMIT");

        Assert.True((await commit.WaitAsync(TimeSpan.FromSeconds(30))).Applied);
    }

    [Fact]
    public async Task Commit_FileHeldTooLong_IsADefiniteFailure()
    {
        await using var hasty = await SqliteFixture.CreateAsync(o => o.BusyTimeout = TimeSpan.FromMilliseconds(50));
        using var other = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(hasty.Options.DataDirectory, SqliteStore.DatabaseFileName)};Pooling=False");
        other.Open();
        other.Execute("BEGIN IMMEDIATE");
        var task = Some.Task();

        await Assert.ThrowsAsync<CommitFailedException>(() => hasty.Store.CommitAsync(Some.Commit(task)));

        other.Execute("COMMIT");
        Assert.True((await hasty.Store.CommitAsync(Some.Commit(task))).Applied);
    }

    [Fact]
    public async Task Dispose_WithCommitsWaiting_FinishesThem()
    {
        var commits = Enumerable.Range(0, 100).Select(_ => Store.CommitAsync(Some.Commit(Some.Task()))).ToArray();
        await _fixture.ReopenAsync();

        Assert.All(await Task.WhenAll(commits), r => Assert.True(r.Applied));
        Assert.Equal(100, (await _fixture.ReadStreamAsync()).Count);
    }

    [Fact]
    public async Task Commit_AfterDispose_Fails()
    {
        var closed = Store;
        await _fixture.ReopenAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => closed.CommitAsync(Some.Commit(Some.Task())));
    }

    [Fact]
    public async Task WaitForRest_WhenOver_KeepsNothing()
    {
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(task));
        var waits = Enumerable.Range(0, 10).Select(_ => Store.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(5))).ToArray();
        await Store.CommitAsync(Some.Commit(task.Next()));
        Assert.Equal(1, Store.Counters.Waiting);
        await Store.CommitAsync(Some.Commit(task.Next().Ended()));
        await Task.WhenAll(waits);
        await Store.WaitForRestAsync(TaskId.New(), TimeSpan.FromMilliseconds(1));

        Assert.Equal(0, Store.Counters.Waiting);
    }

    [Fact]
    public async Task Read_WhileTheWriterIsInATransaction_DoesNotWaitAndSeesTheOldState()
    {
        var task = Some.Task();
        await Store.CommitAsync(Some.Commit(task));
        using var inside = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var write = Store.OnWriterAsync(c =>
        {
            c.Execute("UPDATE tasks SET wakes = 99");
            inside.Set();
            leave.Wait();
            return 0;
        });
        inside.Wait();

        Assert.Equal(0, (await Store.ReadTaskAsync(task.Id))!.Wakes);
        leave.Set();
        await write;
        Assert.Equal(99, (await Store.ReadTaskAsync(task.Id))!.Wakes);
    }

    [Fact]
    public async Task Renew_LeaseThatEndsDuringTheRenewal_IsLost()
    {
        var generation = await Store.JoinAsync("a", TimeSpan.FromSeconds(30));
        using var blocked = new ManualResetEventSlim();
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var blocker = Store.OnWriterAsync(_ =>
        {
            inside.SetResult();
            blocked.Wait();
            return 0;
        });
        await inside.Task;

        // Both run in the next transaction: the renewal looks at the clock before it moves, and becomes visible after.
        var renewal = Store.RenewAsync(generation, TimeSpan.FromMinutes(5));
        var move = Store.SetClockOffsetAsync(TimeSpan.FromSeconds(31));
        blocked.Set();
        await Task.WhenAll(blocker, move);

        Assert.False(await renewal);
        Assert.Empty(await Store.ReadLiveAsync());
    }
}
