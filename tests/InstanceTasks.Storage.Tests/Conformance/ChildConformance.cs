using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Parents and children: what every journal must count and check.</summary>
public abstract class ChildConformance : StoreTest
{
    [Fact]
    public async Task Children_AreCountedByTheCommitsThatAcceptAndEndThem()
    {
        var parent = await ParentAsync();
        var children = Enumerable.Range(0, 5).Select(_ => Some.Task() with { Parent = parent.Id }).ToArray();
        foreach (var child in children)
        {
            await ApplyAsync(Some.Commit(child));
        }

        await ApplyAsync(Some.Commit(children[0].Next()));
        await ApplyAsync(Some.Commit(children[1].Ended()));
        await ApplyAsync(Some.Commit(children[2].Ended(TaskOutcome.Failed)));
        await ApplyAsync(Some.Commit(children[3].Ended(TaskOutcome.Canceled), children[4].Ended()));

        var stored = await Journal.ReadTaskAsync(parent.Id);
        Assert.Equal(new ChildCounts(5, 2, 1, 1), stored!.Children);
        Assert.Equal((1, 4), (stored.Record.Seq, stored.Wakes));
        Assert.True(stored.DueIn <= TimeSpan.Zero);
    }

    [Fact]
    public async Task Child_ThatIsAcceptedEnded_IsCountedAsBoth()
    {
        var parent = await ParentAsync();

        await ApplyAsync(Some.Commit(Some.Task(kind: "lock").Ended() with { Seq = 1, Parent = parent.Id }));

        Assert.Equal(new ChildCounts(1, 1, 0, 0), (await Journal.ReadTaskAsync(parent.Id))!.Children);
    }

    [Fact]
    public async Task Accept_OfParentAndChildInOneCommit_CountsTheChild()
    {
        var parent = Some.Task(kind: "bulk");
        var child = Some.Task() with { Parent = parent.Id };

        await ApplyAsync(Some.Commit(parent, child));

        Assert.Equal(new ChildCounts(1, 0, 0, 0), (await Journal.ReadTaskAsync(parent.Id))!.Children);
    }

    [Fact]
    public async Task Accept_OfAChildOfAParentAsItWas_IsApplied()
    {
        var parent = await ParentAsync();
        await ApplyAsync(Some.Commit(parent.Next()));

        await ApplyAsync(Some.Commit(Some.Task() with { Parent = parent.Id }) with { Guard = new(parent.Id, 2) });

        Assert.Equal(1, (await Journal.ReadTaskAsync(parent.Id))!.Children!.Started);
    }

    [Theory]
    [InlineData("moved on")]
    [InlineData("ended")]
    [InlineData("never there")]
    public async Task Accept_OfAChildOfAParentThatIsNotAsItWas_IsParentConflictAndLeavesNothing(string what)
    {
        var parent = await ParentAsync();
        await ApplyAsync(Some.Commit(what == "ended" ? parent.Ended() : parent.Next()));
        var guard = new ParentGuard(what == "never there" ? TaskId.New() : parent.Id, what == "ended" ? 2 : 1);
        var child = Some.Task() with { Parent = guard.Parent };

        var result = await Journal.CommitAsync(Some.Commit(child) with
        {
            Guard = guard, Instance = new(Some.Instance(id: child.Instance), 0), Quota = [new(Some.Project, 1, 1, 1)], Idempotency = Some.Key("k"),
        });

        Assert.Equal(CommitVerdict.ParentConflict, result.Verdict);
        Assert.Null(await Journal.ReadTaskAsync(child.Id));
        Assert.Null(await Journal.ReadInstanceAsync(child.Instance));
        Assert.Null(await Journal.ReadIdempotencyAsync(Some.Project, Some.User, "k"));
        Assert.Equal(0, (await Queries.GetUsageAsync(Some.Project)).Instances);
        Assert.Equal(ChildCounts.None, (await Journal.ReadTaskAsync(parent.Id))!.Children);
    }

    [Fact]
    public async Task Children_ThatRaceWithAChangeOfTheirParent_AreBeforeItOrRefused()
    {
        var parent = await ParentAsync();
        var children = Enumerable.Range(0, 60).Select(_ => Some.Task() with { Parent = parent.Id }).ToArray();

        var commits = children.Select(c => Some.Commit(c) with { Guard = new(parent.Id, 1) }).ToList();
        commits.Insert(30, Some.Commit(parent.Next()));
        var results = await Task.WhenAll(commits.Select(c => Task.Run(() => Journal.CommitAsync(c))));

        Assert.True(results[30].Applied);
        var started = (await Journal.ReadTaskAsync(parent.Id))!.Children!.Started;
        Assert.Equal(results.Where((_, i) => i != 30).Count(r => r.Applied), started);
        Assert.All(results.Where(r => !r.Applied), r => Assert.Equal(CommitVerdict.ParentConflict, r.Verdict));
        // The stream tells the order: no child came after the change.
        var stream = new List<(TaskId Task, long Seq, long Id)>();
        foreach (var task in children.Append(parent))
        {
            stream.AddRange((await Journal.ReadEventsAsync(task.Id)).Select(e => (task.Id, e.Seq, e.StreamId)));
        }

        var change = stream.Single(s => s.Task == parent.Id && s.Seq == 2).Id;
        Assert.All(stream.Where(s => s.Task != parent.Id), s => Assert.True(s.Id < change));
    }

    [Fact]
    public async Task ListTasks_OfAParent_HasItsChildrenOnly()
    {
        var parent = await ParentAsync();
        var child = Some.Task() with { Parent = parent.Id };
        await ApplyAsync(Some.Commit(child, Some.Task()));

        Assert.Equal(child.Id, Assert.Single(await Queries.ListTasksAsync(new() { Parent = parent.Id })).Id);
    }

    private async Task<TaskRecord> ParentAsync()
    {
        var parent = Some.Task(kind: "bulk");
        await ApplyAsync(Some.Commit(parent));
        return parent;
    }
}
