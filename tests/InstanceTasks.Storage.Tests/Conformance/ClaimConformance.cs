using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Capacity, quota, secrets and housekeeping.</summary>
public abstract class ClaimConformance : StoreTest
{
    private static readonly HostName Host = new("h1");

    [Fact]
    public async Task Take_UntilTheHostIsFull_NextIsCapacityExceeded()
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(2, 2048, 100));
        await ApplyAsync(Some.Take(InstanceId.New(), TaskId.New(), "h1", Some.Small));
        await ApplyAsync(Some.Take(InstanceId.New(), TaskId.New(), "h1", Some.Small));

        var result = await Journal.CommitAsync(Some.Take(InstanceId.New(), TaskId.New(), "h1", Some.Small));

        Assert.Equal(CommitVerdict.CapacityExceeded, result.Verdict);
        await AssertTakenAsync(new(2, 1024, 2));
    }

    [Theory]
    [InlineData(3, 1, 1)]
    [InlineData(1, 4096, 1)]
    [InlineData(1, 1, 101)]
    public async Task Take_OneResourceTooMuch_IsCapacityExceeded(int vcpus, int memory, int disk)
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(2, 2048, 100));

        var result = await Journal.CommitAsync(Some.Take(InstanceId.New(), TaskId.New(), "h1", new(vcpus, memory, disk)));

        Assert.Equal(CommitVerdict.CapacityExceeded, result.Verdict);
        await AssertTakenAsync(default);
    }

    [Fact]
    public async Task Take_HundredRaceForTenPlaces_TenWin()
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(10, 100_000, 100_000));

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ =>
        {
            var task = Some.Task();
            return Task.Run(() => Journal.CommitAsync(Some.Commit(task) with { Claims = [new(task.Instance, task.Id, Host, Some.Small, Take: true)] }));
        }));

        Assert.Equal(10, results.Count(r => r.Applied));
        Assert.Equal(90, results.Count(r => r.Verdict == CommitVerdict.CapacityExceeded));
        Assert.Equal(10, (await Queries.ListTasksAsync(new())).Count);
        await AssertTakenAsync(new(10, 5120, 10));
    }

    [Fact]
    public async Task Take_TwiceByTheSameTask_CountsOnce()
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(1, 512, 1));
        var (instance, task) = (InstanceId.New(), TaskId.New());

        await ApplyAsync(Some.Take(instance, task, "h1", Some.Small));
        await ApplyAsync(Some.Take(instance, task, "h1", Some.Small));

        await AssertTakenAsync(Some.Small);
    }

    [Fact]
    public async Task Take_ByAnotherTaskForTheSameMachine_CountsTheDifference()
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(3, 5000, 100));
        var instance = InstanceId.New();
        await ApplyAsync(Some.Take(instance, TaskId.New(), "h1", new(2, 1000, 10)));

        await ApplyAsync(Some.Take(instance, TaskId.New(), "h1", new(3, 2000, 5)));

        await AssertTakenAsync(new(3, 2000, 5));
    }

    [Fact]
    public async Task Take_OnAnUnknownHost_IsCapacityExceeded() =>
        Assert.Equal(CommitVerdict.CapacityExceeded, (await Journal.CommitAsync(Some.Take(InstanceId.New(), TaskId.New(), "nowhere", Some.Small))).Verdict);

    [Fact]
    public async Task Release_GivesBackWhatTheRowSays_OnOneHostOrOnAll()
    {
        var other = new HostName("h2");
        await Store.Hosts.RegisterAsync(Host, "z", new(10, 10_000, 100));
        await Store.Hosts.RegisterAsync(other, "z", new(10, 10_000, 100));
        var (a, b) = (InstanceId.New(), InstanceId.New());
        await ApplyAsync(Some.Take(a, TaskId.New(), "h1", new(1, 100, 1)));
        await ApplyAsync(Some.Take(a, TaskId.New(), "h2", new(2, 200, 2)));
        await ApplyAsync(Some.Take(b, TaskId.New(), "h1", new(4, 400, 4)));

        await ApplyAsync(Some.Release(a, "h1"));
        Assert.Equal((new Resources(4, 400, 4), new Resources(2, 200, 2)), (await TakenAsync(Host), await TakenAsync(other)));
        await ApplyAsync(Some.Release(a, "h1"));
        Assert.Equal(new Resources(4, 400, 4), await TakenAsync(Host));
        await ApplyAsync(Some.Take(b, TaskId.New(), "h2", new(1, 1, 1)));
        await ApplyAsync(Some.Release(b));

        Assert.Equal((default(Resources), new Resources(2, 200, 2)), (await TakenAsync(Host), await TakenAsync(other)));
        Assert.Equal(new Resources(2, 200, 2), Assert.Single(await Store.SumClaimsAsync()).Value);
    }

    [Fact]
    public async Task Register_Again_KeepsWhatIsTaken()
    {
        await Store.Hosts.RegisterAsync(Host, "z", new(2, 2048, 100));
        await ApplyAsync(Some.Take(InstanceId.New(), TaskId.New(), "h1", Some.Small));

        await Store.Hosts.RegisterAsync(Host, "z2", new(8, 4096, 50));

        var view = Assert.Single(await Queries.ListHostsAsync());
        Assert.Equal(new HostView(Host, "z2", new(8, 4096, 50), Some.Small, null), view);
        Assert.Equal(new Resources(7, 3584, 49), view.Free);
    }

    [Fact]
    public async Task Quota_TwoDeltasForOneRowInOneBatch_BothCount()
    {
        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => Task.Run(() => ApplyAsync(Some.Quota(1, 2, 3)))));

        Assert.Equal(new QuotaUsage(40, 80, 120), await Queries.GetUsageAsync(Some.Project));
        Assert.Equal(new QuotaUsage(0, 0, 0), await Queries.GetUsageAsync(new("nobody")));
    }

    [Fact]
    public async Task Quota_TwoDeltasForOneRowInOneCommit_AreJudgedTogether()
    {
        await Store.SetLimitsAsync(Some.Project, 3, -1, -1);

        var result = await Journal.CommitAsync(Some.Quota(2) with { Quota = [new(Some.Project, 2, 0, 0), new(Some.Project, 2, 0, 0)] });

        Assert.Equal(CommitVerdict.QuotaExceeded, result.Verdict);
        Assert.Equal(0, (await Queries.GetUsageAsync(Some.Project)).Instances);
    }

    [Fact]
    public async Task Quota_OverTheLimit_SaysWhatNovaSays()
    {
        await Store.SetLimitsAsync(Some.Project, 10, -1, 1000);
        await ApplyAsync(Some.Quota(10, 100, 900));

        Assert.Equal("Quota exceeded for instances: Requested 1, but already used 10 of 10 instances", (await Journal.CommitAsync(Some.Quota(1))).Detail);
        Assert.Equal("Quota exceeded for instances, ram: Requested 1, 200, but already used 10, 900 of 10, 1000 instances, ram", (await Journal.CommitAsync(Some.Quota(1, 50, 200))).Detail);
        await ApplyAsync(Some.Quota(-1, 1000, 100));
        await ApplyAsync(Some.Quota(1));
        Assert.Equal(new QuotaUsage(10, 1100, 1000, 10, -1, 1000), await Queries.GetUsageAsync(Some.Project));
    }

    [Fact]
    public async Task Quota_LoweredBelowUsage_GivingBackStillWorks()
    {
        await ApplyAsync(Some.Quota(5));
        await Store.SetLimitsAsync(Some.Project, 1, 1, 1);

        await ApplyAsync(Some.Quota(-2));

        Assert.Equal(3, (await Queries.GetUsageAsync(Some.Project)).Instances);
    }

    [Fact]
    public async Task Quota_HundredRaceForTen_TenWin()
    {
        await Store.SetLimitsAsync(Some.Project, 10, -1, -1);

        var results = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => Journal.CommitAsync(Some.Quota(1)))));

        Assert.Equal(10, results.Count(r => r.Applied));
        Assert.Equal(10, (await Queries.GetUsageAsync(Some.Project)).Instances);
    }

    [Fact]
    public async Task Secret_ThatDiesWithTheInstance_IsErasedByTheCommitThatDeletesIt()
    {
        var instance = Some.Instance();
        var task = Some.Task(instance.Id);
        await ApplyAsync(Some.Commit(task) with
        {
            Instance = new(instance, 0),
            Secrets = [new(instance.Id.Value, "user_data", [1], true), new(task.Id.Value, "key", [2], true), new(task.Id.Value, "password", [3], false)],
        });
        Assert.Equal([1], await Queries.ReadSecretAsync(instance.Id.Value, "user_data"));

        await ApplyAsync(Some.Commit(instance with { Version = 2, VmState = VmState.Deleted, TerminatedAt = Some.Start }));

        Assert.Null(await Queries.ReadSecretAsync(instance.Id.Value, "user_data"));
        Assert.Null(await Queries.ReadSecretAsync(task.Id.Value, "key"));
        Assert.Equal([3], await Queries.ReadSecretAsync(task.Id.Value, "password"));
    }

    [Fact]
    public async Task Housekeeping_RemovesWhatIsOverAndNothingElse()
    {
        var instance = Some.Instance();
        var (running, ended) = (Some.Task(instance.Id), Some.Task(instance.Id));
        await Store.Leases.JoinAsync("old", TimeSpan.FromSeconds(1));
        await ApplyAsync(Some.Commit(running, ended) with
        {
            Instance = new(instance, 0), Idempotency = Some.Key("old"),
            Secrets = [new(running.Id.Value, "s", [1], false), new(ended.Id.Value, "s", [2], false), new(instance.Id.Value, "s", [3], true)],
        });
        await Store.MoveClockAsync(TimeSpan.FromHours(10));
        await ApplyAsync(Some.Commit(ended.Ended()));
        await ApplyAsync(new() { Name = "key", Kind = new("none"), Idempotency = Some.Key("young") });

        await Store.MoveClockAsync(TimeSpan.FromHours(26));
        Assert.Equal(new HousekeepingReport(Secrets: 0, IdempotencyKeys: 1, Silos: 1), await Store.HousekeepingAsync());
        Assert.NotNull(await Queries.ReadSecretAsync(ended.Id.Value, "s"));
        await Store.MoveClockAsync(TimeSpan.FromHours(35));
        Assert.Equal(new HousekeepingReport(Secrets: 1, IdempotencyKeys: 1, Silos: 0), await Store.HousekeepingAsync());

        Assert.Null(await Queries.ReadSecretAsync(ended.Id.Value, "s"));
        Assert.NotNull(await Queries.ReadSecretAsync(running.Id.Value, "s"));
        Assert.NotNull(await Queries.ReadSecretAsync(instance.Id.Value, "s"));
    }

    private async Task<Resources> TakenAsync(HostName host) => (await Queries.ListHostsAsync()).Single(h => h.Host == host).Taken;

    private async Task AssertTakenAsync(Resources expected)
    {
        Assert.Equal(expected, await TakenAsync(Host));
        Assert.Equal(expected, (await Store.SumClaimsAsync()).GetValueOrDefault(Host));
    }
}
