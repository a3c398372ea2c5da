using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>What overviews look at.</summary>
public abstract class OverviewConformance : StoreTest
{
    [Fact]
    public async Task CountAttention_OfTasksThatNeedIt_CountsTheProjectsOwnUpToTheLimit()
    {
        TaskRecord[] stuck = [.. Enumerable.Range(0, 3).Select(i => Stuck() with { Project = new(i == 0 ? "p2" : "p1") })];
        await ApplyAsync(Some.Commit([.. stuck, Some.Task()]));
        await ApplyAsync(Some.Commit(stuck[2].Ended(TaskOutcome.Failed)));

        Assert.Equal(2, await Store.Overview.CountAttentionAsync(null, 20));
        Assert.Equal(1, await Store.Overview.CountAttentionAsync(new("p2"), 20));
        Assert.Equal(0, await Store.Overview.CountAttentionAsync(new("p3"), 20));
        Assert.Equal(1, await Store.Overview.CountAttentionAsync(null, 1));
    }

    [Fact]
    public async Task ListEnded_WithinTheWindow_HasTheLatestFirst()
    {
        TaskRecord[] tasks = [Some.Task(), Some.Task(), Some.Task() with { Project = new("p2") }, Some.Task()];
        await ApplyAsync(Some.Commit(tasks));
        await ApplyAsync(Some.Commit(tasks[0].Ended()));
        await Store.MoveClockAsync(TimeSpan.FromHours(2));
        await ApplyAsync(Some.Commit(tasks[1].Ended(TaskOutcome.Failed)));
        await Store.MoveClockAsync(TimeSpan.FromHours(2.5));
        await ApplyAsync(Some.Commit(tasks[2].Ended(TaskOutcome.Canceled)));
        await Store.Journal.RefuseAsync(TaskId.New());

        Assert.Equal(["canceled", "failed"], (await Store.Overview.ListEndedAsync(null, TimeSpan.FromHours(1), 10)).Select(t => t.State));
        Assert.Equal(["canceled"], (await Store.Overview.ListEndedAsync(null, TimeSpan.FromHours(1), 1)).Select(t => t.State));
        var own = Assert.Single(await Store.Overview.ListEndedAsync(Some.Project, TimeSpan.FromHours(1), 10));
        Assert.Equal(("failed", Some.Start), (own.State, own.CreatedAt));
        Assert.Equal(3, (await Store.Overview.ListEndedAsync(null, TimeSpan.FromHours(5), 10)).Count);
    }

    [Fact]
    public async Task NameServers_OfThoseThatAreThere_AlsoDeletedOnes_ButOfNoOtherProject()
    {
        InstanceRecord[] servers = [Some.Instance("a"), Some.Instance("b") with { VmState = VmState.Deleted, TerminatedAt = Some.Start }, Some.Instance("c", new("p2"))];
        foreach (var server in servers)
        {
            await ApplyAsync(Some.Commit(server));
        }

        InstanceId[] asked = [.. servers.Select(s => s.Id), InstanceId.New()];
        Assert.Equal(new Dictionary<InstanceId, string> { [servers[0].Id] = "a", [servers[1].Id] = "b" }, await Store.Overview.NameServersAsync(asked, Some.Project));
        Assert.Equal(3, (await Store.Overview.NameServersAsync(asked, null)).Count);
        Assert.Empty(await Store.Overview.NameServersAsync([], null));
    }

    private static TaskRecord Stuck() => Some.Task() with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention };
}
