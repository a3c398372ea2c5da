using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>The stream of all events is read in pages, in commit order, each commit once, from wherever a reader was.</summary>
public abstract class StreamConformance : StoreTest
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task ReadStream_Rows_SayWhoseTheyAreAndWhatHappened()
    {
        var parent = Some.Task(new InstanceId(Guid.Empty), "bulk");
        var child = Some.Task(kind: "stop") with { Parent = parent.Id, PlanVersion = 7, Parameters = new() { ["x"] = "\"planVersion\":3," } };
        await ApplyAsync(Some.Commit(parent));
        await ApplyAsync(Some.Commit(child));
        await ApplyAsync(Some.Commit(child.Ended(TaskOutcome.Failed)));

        var page = await Store.Events.ReadStreamAsync(0, 100);

        Assert.Equal([parent.Id, child.Id, child.Id], page.Rows.Select(r => r.Subject.Task));
        Assert.Equal([1L, 1L, 2L], page.Rows.Select(r => r.Stored.Seq));
        Assert.Equal(new(child.Id, new("stop"), 7, child.Instance, Some.Project, Some.User, parent.Id), page.Rows[1].Subject);
        Assert.Equal(new(parent.Id, new("bulk"), 1, default, Some.Project, Some.User, null), page.Rows[0].Subject);
        Assert.Equal("no", Assert.IsType<TaskEnded>(Assert.Single(page.Rows[2].Stored.Events)).Failure!.Message);
        Assert.Equal((page.Rows[2].Stored.StreamId, false), (page.Last, page.IsFull));
        Assert.Equal(page.Last, await Store.Events.ReadLastPlaceAsync());
    }

    [Fact]
    public async Task ReadStream_InPages_GivesEachRowOnceInCommitOrder_AlsoAfterReopening()
    {
        var task = Some.Task();
        var other = Some.Task();
        foreach (var commit in new[] { task, other, task.Next(), other.Next(), task.Next().Next(), task.Next().Next().Ended() })
        {
            await ApplyAsync(Some.Commit(commit));
        }

        var first = await Store.Events.ReadStreamAsync(0, 4);
        await Store.ReopenAsync();
        await ApplyAsync(Some.Commit(other.Next().Ended()));
        var second = await Store.Events.ReadStreamAsync(first.Last, 4);
        var end = await Store.Events.ReadStreamAsync(second.Last, 4);

        Assert.Equal((true, false, 0), (first.IsFull, second.IsFull, end.Rows.Count));
        Assert.Equal(second.Last, end.Last);
        Assert.Equal((await Store.ReadStreamAsync()).Select(r => (r.Task, r.Seq, r.StreamId)), first.Rows.Concat(second.Rows).Select(r => (r.Subject.Task, r.Stored.Seq, r.Stored.StreamId)));
        Assert.Equal(7, first.Rows.Count + second.Rows.Count);
    }

    [Fact]
    public async Task ReadStream_Tombstones_AreNotShownButPassed()
    {
        await ApplyAsync(Some.Commit(Some.Task()));
        var before = await Store.Events.ReadLastPlaceAsync();

        Assert.True(await Journal.RefuseAsync(TaskId.New()));

        var page = await Store.Events.ReadStreamAsync(before, 10);
        Assert.Empty(page.Rows);
        Assert.True(page.Last > before);
        Assert.Equal(await Store.Events.ReadLastPlaceAsync(), page.Last);
    }

    [Fact]
    public async Task ReadStream_RowThatCannotBeRead_IsShownWithoutEvents_AndStopsNobody()
    {
        var (bad, good) = (Some.Task(), Some.Task());
        await ApplyAsync(Some.Commit(bad));
        await ApplyAsync(Some.Commit(good));
        await Store.CorruptTaskAsync(bad.Id);
        await Store.CorruptEventsAsync(bad.Id);

        var page = await Store.Events.ReadStreamAsync(0, 10);

        Assert.Equal([(bad.Id, 0), (good.Id, 1)], page.Rows.Select(r => (r.Subject.Task, r.Stored.Events.Count)));
    }

    [Fact]
    public async Task ReadStreamOf_OneTask_GivesItsRowsBehindThePlace()
    {
        var (task, other) = (Some.Task(), Some.Task());
        foreach (var commit in new[] { task, other, task.Next(), other.Ended(), task.Next().Next() })
        {
            await ApplyAsync(Some.Commit(commit));
        }

        var first = await Store.Events.ReadStreamOfAsync(task.Id, 0, 2);
        var second = await Store.Events.ReadStreamOfAsync(task.Id, first.Last, 2);
        var end = await Store.Events.ReadStreamOfAsync(task.Id, second.Last, 2);

        Assert.Equal([1L, 2L], first.Rows.Select(r => r.Stored.Seq));
        Assert.Equal([3L], second.Rows.Select(r => r.Stored.Seq));
        Assert.Equal((true, false, second.Last), (first.IsFull, second.IsFull, end.Last));
        Assert.All(first.Rows.Concat(second.Rows), r => Assert.Equal(task.Id, r.Subject.Task));
    }

    [Fact]
    public async Task NextCommit_Commit_CompletesIt_AndTheRowIsThere()
    {
        var before = await Store.Events.ReadLastPlaceAsync();
        var next = Store.Events.NextCommit();
        Assert.Same(next, Store.Events.NextCommit());
        Assert.False(next.IsCompleted);

        await ApplyAsync(Some.Commit(Some.Task()));

        await next.WaitAsync(Deadline);
        Assert.Single((await Store.Events.ReadStreamAsync(before, 10)).Rows);
        Assert.NotSame(next, Store.Events.NextCommit());
    }
}
