using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>Servers of a group are placed with a view to each other, whatever happens at once.</summary>
public sealed class GroupTests
{
    private readonly Cluster _cluster = new();
    private readonly Guid _group = Guid.NewGuid();

    [Fact]
    public async Task Create_InAnAntiAffineGroup_GetsAHostOfItsOwnOrNone()
    {
        await GroupAsync(GroupPolicy.AntiAffinity);

        var tasks = new List<TaskId>();
        for (var i = 0; i < 3; i++)
        {
            tasks.Add(await CreateAsync());
        }

        await _cluster.RunToRestAsync();

        Assert.Equal(["h1", "h2"], HostsOf(tasks).Order(StringComparer.Ordinal));
        var failed = _cluster.Task(Assert.Single(tasks, t => _cluster.Task(t).State == "failed"));
        Assert.Equal(FailureKinds.NoValidHost, failed.Failure!.Kind);
        Assert.All(failed.RefusedHosts.Values, r => Assert.Contains("server group g", r, StringComparison.Ordinal));
        Invariants.CheckWorld(_cluster);
    }

    [Fact]
    public async Task Create_InAnAntiAffineGroupWithRoomForTwo_SharesAHost()
    {
        await GroupAsync(GroupPolicy.AntiAffinity, maxPerHost: 2);

        var tasks = new[] { await CreateAsync(), await CreateAsync(), await CreateAsync(), await CreateAsync() };
        await _cluster.RunToRestAsync();

        Assert.Equal(["h1", "h1", "h2", "h2"], HostsOf(tasks).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Create_InAnAffineGroup_FollowsThoseThatAreThere()
    {
        await GroupAsync(GroupPolicy.Affinity);
        var first = await CreateAsync();
        await _cluster.RunToRestAsync();
        // The other host would be better now.
        _cluster.Journal.Hosts[Some.Host2] = _cluster.Journal.Hosts[Some.Host2] with { Capacity = new(100, 100_000, 1000) };

        var others = new[] { await CreateAsync(), await CreateAsync() };
        await _cluster.RunToRestAsync();

        Assert.Equal(["h1", "h1", "h1"], HostsOf([first, .. others]));
    }

    [Fact]
    public async Task Create_WhereTheHostOfItsAffineGroupIsFull_FindsNone()
    {
        await GroupAsync(GroupPolicy.Affinity);
        await CreateAsync();
        await _cluster.RunToRestAsync();
        _cluster.Journal.Hosts[Some.Host1] = _cluster.Journal.Hosts[Some.Host1] with { Capacity = new(1, 512, 1) };

        var task = await CreateAsync();
        await _cluster.RunToRestAsync();

        Assert.Equal(("failed", FailureKinds.NoValidHost), (_cluster.Task(task).State, _cluster.Task(task).Failure!.Kind));
    }

    [Theory]
    [InlineData(GroupPolicy.SoftAffinity, "h1 h1 h1 h2")]
    [InlineData(GroupPolicy.SoftAntiAffinity, "h1 h1 h2 h2")]
    public async Task Create_InASoftGroup_DoesWhatRoomAllows(GroupPolicy policy, string expected)
    {
        await GroupAsync(policy);
        _cluster.Journal.Hosts[Some.Host1] = _cluster.Journal.Hosts[Some.Host1] with { Capacity = new(3, 8192, 80) };

        var tasks = new List<TaskId>();
        for (var i = 0; i < 4; i++)
        {
            tasks.Add(await CreateAsync());
            await _cluster.RunToRestAsync();
        }

        Assert.Equal(expected, string.Join(' ', HostsOf(tasks).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task Create_AnotherChoosesTheSameHostMeanwhile_OneSeesTheOther()
    {
        await GroupAsync(GroupPolicy.AntiAffinity);
        var (other, raced) = (_cluster.Add(VmState.Stopped), 0);
        _cluster.Documents.BeforePut = () =>
        {
            if (raced++ == 0)
            {
                // On the host that is the best one for the other, too.
                var document = _cluster.Documents.GetDocumentAsync(ServerGroup.DocumentKind, _group.ToString()).Result!;
                var group = EngineJson.Read<ServerGroup>(document.Body);
                Assert.True(_cluster.Documents.PutDocumentAsync(document with { Body = EngineJson.Write(group with { Members = new() { [other.Id.Value] = new(Some.Start, "h1") } }) }).Result);
            }
        };

        var task = await CreateAsync();
        await _cluster.RunToRestAsync();

        Assert.True(raced > 2);
        Assert.Equal(["h2"], HostsOf([task]));
        Assert.Contains("server group g", _cluster.Task(task).RefusedHosts["h1"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_AfterAMemberIsGone_GetsItsHost()
    {
        await GroupAsync(GroupPolicy.AntiAffinity);
        var tasks = new[] { await CreateAsync(), await CreateAsync() };
        await _cluster.RunToRestAsync();
        await _cluster.SubmitAsync(Some.Request(TaskKinds.Delete, _cluster.Task(tasks[0]).Instance));
        await _cluster.RunToRestAsync();

        var third = await CreateAsync();
        await _cluster.RunToRestAsync();

        Assert.Equal("succeeded", _cluster.Task(third).State);
        Assert.Equal(["h1", "h2"], HostsOf([third, tasks[1]]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Unshelve_OfAMember_KeepsApartFromTheOthers()
    {
        await GroupAsync(GroupPolicy.AntiAffinity);
        var tasks = new[] { await CreateAsync(), await CreateAsync() };
        await _cluster.RunToRestAsync();
        var (shelved, stays) = (_cluster.Task(tasks[0]).Instance, _cluster.Instance(_cluster.Task(tasks[1]).Instance).Host!.Value);
        await _cluster.SubmitAsync(Some.Request(TaskKinds.ShelveAndOffload, shelved));
        await _cluster.RunToRestAsync();
        // Where the other is, is the most room.
        _cluster.Journal.Hosts[stays] = _cluster.Journal.Hosts[stays] with { Capacity = new(100, 100_000, 1000) };

        await _cluster.SubmitAsync(Some.Request(TaskKinds.Unshelve, shelved));
        await _cluster.RunToRestAsync();

        Assert.Equal(VmState.Active, _cluster.Instance(shelved).VmState);
        Assert.NotEqual(stays, _cluster.Instance(shelved).Host!.Value);
    }

    [Fact]
    public async Task Create_WhoseGroupIsDeleted_IsPlacedAsAnyOther()
    {
        var task = await CreateAsync();
        await _cluster.RunToRestAsync();

        Assert.Equal("succeeded", _cluster.Task(task).State);
    }

    private IEnumerable<string> HostsOf(IEnumerable<TaskId> tasks) => tasks.Select(t => _cluster.Instance(_cluster.Task(t).Instance).Host?.Value).OfType<string>();

    private async Task<TaskId> CreateAsync()
    {
        var id = InstanceId.New();
        var request = Some.Request(TaskKinds.Create, id) with { NewInstance = Some.NewInstance(id) with { ServerGroup = _group } };
        await _cluster.SubmitAsync(request);
        // As the API does before it asks.
        var document = await _cluster.Documents.GetDocumentAsync(ServerGroup.DocumentKind, _group.ToString());
        if (document is not null && _cluster.Documents.BeforePut is null)
        {
            var group = EngineJson.Read<ServerGroup>(document.Body);
            group.Members.TryAdd(id.Value, new(Some.Start));
            await _cluster.Documents.PutDocumentAsync(document with { Body = EngineJson.Write(group) });
        }

        return request.Task;
    }

    private Task GroupAsync(GroupPolicy policy, int? maxPerHost = null) => _cluster.Documents.PutDocumentAsync(new(ServerGroup.DocumentKind, _group.ToString(), EngineJson.Write(new ServerGroup
    {
        Id = _group, Project = Some.Project, User = Some.Owner.User, Name = "g", Policy = policy, MaxPerHost = maxPerHost,
    })));
}
