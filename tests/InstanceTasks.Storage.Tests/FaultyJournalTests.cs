using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using InstanceTasks.Storage.Tests.Sqlite;
using InstanceTasks.TestKit.Faults;

namespace InstanceTasks.Storage.Tests;

/// <summary>The journal decorator that the fault tests of other projects rely on, around the real store.</summary>
public sealed class FaultyJournalTests : IAsyncLifetime
{
    private SqliteFixture _fixture = null!;
    private FaultyJournal _journal = null!;

    public async Task InitializeAsync()
    {
        _fixture = await SqliteFixture.CreateAsync();
        _journal = new(_fixture.Store);
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task AcknowledgementLost_IsAppliedAndUnknown()
    {
        var rule = _journal.OnCommit(JournalFault.AcknowledgementLost, "accept", "stop");
        var task = Some.Task();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => _journal.CommitAsync(Some.Commit(task)));

        Assert.NotNull(await _journal.ReadTaskAsync(task.Id));
        Assert.Equal((1, 1), (rule.Seen, rule.Fired));
        await rule.WhenFired;
        Assert.Equal(CommitVerdict.TaskConflict, (await _journal.CommitAsync(Some.Commit(task))).Verdict);
        _journal.AssertAllFired();
    }

    [Fact]
    public async Task NotApplied_WritesNothingAndIsUnknown()
    {
        var rule = _journal.OnCommit(JournalFault.NotApplied, commit => commit.Tasks.Count == 1);
        var task = Some.Task();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => _journal.CommitAsync(Some.Commit(task)));

        Assert.Null(await _journal.ReadTaskAsync(task.Id));
        Assert.Equal(1, rule.Fired);
        Assert.True((await _journal.CommitAsync(Some.Commit(task))).Applied);
    }

    [Fact]
    public async Task AppliedLate_IsAppliedWhenReleased_OrLosesAgainstATombstone()
    {
        var rule = _journal.OnCommit(JournalFault.AppliedLate, "accept", times: 2);
        var (first, second) = (Some.Task(), Some.Task());
        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => _journal.CommitAsync(Some.Commit(first)));
        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => _journal.CommitAsync(Some.Commit(second)));
        Assert.Null(await _journal.ReadTaskAsync(first.Id));
        Assert.True(await _journal.RefuseAsync(second.Id));

        Assert.True(await rule.ReleaseAsync());
        Assert.False(await rule.ReleaseAsync());

        Assert.NotNull(await _journal.ReadTaskAsync(first.Id));
        Assert.Equal((2, 0), (rule.Fired, rule.Late));
        await Assert.ThrowsAsync<InvalidOperationException>(rule.ReleaseAsync);
    }

    [Fact]
    public async Task DefiniteFailure_OnTheSecondMatch_LeavesTheOthersAlone()
    {
        var rule = _journal.OnCommit(JournalFault.DefiniteFailure, "accept", nth: 2);
        Assert.True((await _journal.CommitAsync(Some.Commit(Some.Task()))).Applied);
        await Assert.ThrowsAsync<CommitFailedException>(() => _journal.CommitAsync(Some.Commit(Some.Task())));
        Assert.True((await _journal.CommitAsync(Some.Commit(Some.Task()))).Applied);

        Assert.Equal((3, 1), (rule.Seen, rule.Fired));
    }

    [Fact]
    public async Task Refuse_Unknown_CanBeRepeated()
    {
        var rule = _journal.OnRefuse(JournalFault.AcknowledgementLost);
        var id = TaskId.New();

        await Assert.ThrowsAsync<CommitOutcomeUnknownException>(() => _journal.RefuseAsync(id));

        Assert.True(await _journal.RefuseAsync(id));
        Assert.Equal(1, rule.Fired);
    }

    [Fact]
    public async Task AssertAllFired_RuleThatNeverMatched_Throws()
    {
        _journal.OnCommit(JournalFault.NotApplied, "settle");
        await _journal.CommitAsync(Some.Commit(Some.Task()));

        Assert.Throws<InvalidOperationException>(_journal.AssertAllFired);
        _journal.Heal();
        _journal.AssertAllFired();
    }
}
