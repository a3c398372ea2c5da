using InstanceTasks.Engine.Tests.Support;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Engine.Tests.Actors;

public sealed class HoldTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static TheoryData<string> Scopes => new() { "host", "project", "kind" };

    [Theory]
    [MemberData(nameof(Scopes))]
    public async Task Hold_KeepsTheNextStepFromStarting_UntilItIsRemoved(string scope)
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("shut-down-guest", Act.Hang);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunAsync();

        cluster.Holds.All.Add(Hold(scope));
        cluster.Worker.Finish(Act.Succeed);
        await cluster.RunForAsync(TimeSpan.FromMinutes(30));
        var held = cluster.Task(task);
        Assert.Equal(("waiting", 1), (held.State, held.Step));
        Assert.Equal($"held by an operator: repairs (hold {cluster.Holds.All[0].Id})", held.WaitReason);
        var commits = cluster.Journal.Commits.Count;
        await cluster.RunForAsync(TimeSpan.FromMinutes(30));
        Assert.Equal(commits, cluster.Journal.Commits.Count);

        cluster.Holds.All.Clear();
        await cluster.RunForAsync(TimeSpan.FromSeconds(2));

        Assert.Equal(("succeeded", (string?)null), (cluster.Task(task).State, cluster.Task(task).WaitReason));
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public async Task Hold_OfOthers_HoldsNothing()
    {
        var cluster = new Cluster();
        cluster.Holds.All.AddRange(
        [
            Hold("host") with { Host = Some.Host2 }, Hold("project") with { Project = new("p9") }, Hold("kind") with { Kind = TaskKinds.Delete },
            Hold("host") with { Kind = TaskKinds.Delete },
        ]);
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;

        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Hold_AnAttemptThatNoWorkerHasBegun_IsTakenOutOfTheHostsQueue()
    {
        var cluster = new Cluster();
        cluster.Worker.Room = 0;
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, cluster.Add().Id)).Task;
        await cluster.RunAsync();
        Assert.Equal(1, cluster.HostOf(Some.Host1).QueueLength);

        cluster.Holds.All.Add(Hold("kind"));
        cluster.Worker.Room = 10;
        await cluster.RunForAsync(TimeSpan.FromSeconds(10));

        Assert.Empty(cluster.World.Effects);
        Assert.Equal("waiting", cluster.Task(task).State);
        cluster.Holds.All.Clear();
        await cluster.RunToRestAsync();
        Assert.Equal("succeeded", cluster.Task(task).State);
    }

    [Fact]
    public async Task Hold_OfAHost_IsNotChosenByACreate()
    {
        var cluster = new Cluster();
        cluster.Holds.All.Add(Hold("host"));

        var task = (await cluster.AcceptAsync(TaskKinds.Create, InstanceId.New())).Task;
        await cluster.RunToRestAsync();

        Assert.Equal(("succeeded", Some.Host2), (cluster.Task(task).State, cluster.Task(task).Host!.Value));
        Assert.Equal("disabled: held: repairs", cluster.Task(task).RefusedHosts["h1"]);
    }

    [Fact]
    public async Task Hold_AHeldTask_CanBeCanceledOnceItMayUndo()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.Holds.All.Add(Hold("kind"));
        var task = (await cluster.AcceptAsync(TaskKinds.Stop, instance.Id)).Task;
        await cluster.RunForAsync(TimeSpan.FromSeconds(3));

        await cluster.CommandAsync(task, TaskCommandKind.Cancel);
        await cluster.RunForAsync(TimeSpan.FromSeconds(3));

        // Nothing was done, so there is no step to undo that a hold could keep from starting.
        Assert.Equal("canceled", cluster.Task(task).State);
    }

    [Fact]
    public async Task Book_ReadsAgainEverySecond_AndKeepsWhatItKnowsWhileTheStoreCannotBeRead()
    {
        var (store, time) = (new Shelf(), new ManualTime());
        var book = new HoldBook(store, time, NullLogger<HoldBook>.Instance);
        using var stop = new CancellationTokenSource();
        var task = Some.Task(TaskKinds.Stop);
        store.Holds = [Hold("kind")];
        await book.RefreshAsync();
        Assert.NotNull(book.Find(task));

        var running = book.RunAsync(stop.Token);
        store.Broken = true;
        await Eventually.TrueAsync(() => Next(time) && store.Reads > 3, Patience, "it has asked in vain");
        Assert.NotNull(book.Find(task));
        (store.Broken, store.Holds) = (false, []);
        await Eventually.TrueAsync(() => Next(time) && book.Find(task) is null, Patience, "it has asked again");
        await stop.CancelAsync();
        await running;
    }

    private static bool Next(ManualTime time)
    {
        time.AdvanceToNext(time.Now.AddSeconds(2));
        return true;
    }

    private static Hold Hold(string scope) => new()
    {
        Id = Guid.NewGuid(), Reason = "repairs", By = Some.Admin.User, Host = scope == "host" ? Some.Host1 : null, Project = scope == "project" ? Some.Project : null,
        Kind = scope == "kind" ? TaskKinds.Stop : null,
    };

    private sealed class Shelf : IHoldStore
    {
        public List<Hold> Holds { get; set; } = [];

        public bool Broken { get; set; }

        public int Reads { get; private set; }

        public Task<IReadOnlyList<Hold>> ListHoldsAsync(bool withRemoved = false, CancellationToken cancellationToken = default)
        {
            Reads++;
            return Broken ? throw new TimeoutException("broken") : Task.FromResult<IReadOnlyList<Hold>>([.. Holds]);
        }

        public Task<Hold> AddHoldAsync(Hold hold, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> RemoveHoldAsync(Guid id, UserId by, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
