using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class ServerListTests : ApiTest
{
    [Fact]
    public async Task List_Brief_HasThreeFields()
    {
        Api.Add(Sample.Server());

        var answer = await Api.GetAsync("/v2.1/servers");

        Assert.Equal(["id", "name", "links"], Assert.Single(answer.List("servers"))!.AsObject().Select(p => p.Key));
        Assert.False(answer.Body!.ContainsKey("servers_links"));
    }

    [Fact]
    public async Task List_PagesByLink_UntilAnEmptyPage()
    {
        for (var i = 0; i < 4; i++)
        {
            Api.Add(Sample.Server($"s{i}") with { CreatedAt = Sample.Time.AddSeconds(i) });
        }

        var seen = new List<string>();
        var next = "/v2.1/servers?limit=2&name=s";
        var pages = 0;
        while (next is not null)
        {
            var answer = await Api.GetAsync(next);
            pages++;
            seen.AddRange(answer.List("servers").Select(s => (string)s!["name"]!));
            next = (string?)answer.Body!["servers_links"]?[0]?["href"];
        }

        Assert.Equal(["s3", "s2", "s1", "s0"], seen);
        Assert.Equal(3, pages);
    }

    [Fact]
    public async Task List_NextLink_KeepsAllParametersSorted()
    {
        var server = Api.Add(Sample.Server("a"));

        var answer = await Api.GetAsync("/v2.1/demo-project/servers?name=a&limit=1");

        Assert.Equal($"{Api.BaseUrl}/v2.1/demo-project/servers?limit=1&marker={server.Id}&name=a", (string)answer.List("servers_links")[0]!["href"]!);
    }

    [Theory]
    [InlineData("limit=-1", "2.1")]
    [InlineData("limit=x", "2.1")]
    [InlineData("marker=x", "2.1")]
    [InlineData("marker=00000000-0000-0000-0000-000000000000", "2.1")]
    [InlineData("sort_key=nope", "2.1")]
    [InlineData("sort_dir=up", "2.1")]
    [InlineData("sort_key=uuid&sort_dir=asc&sort_dir=asc", "2.1")]
    [InlineData("sort_dir=asc&sort_dir=asc", "2.1")]
    [InlineData("name=%2Afoo", "2.1")]
    [InlineData("status=NOPE", "2.38")]
    [InlineData("changes-since=yesterday", "2.1")]
    [InlineData("changes-since=May%201", "2.1")]
    [InlineData("changes-since=2026-01-02T00:00:00Z&changes-before=2026-01-01T00:00:00Z", "2.66")]
    [InlineData("_private=1", "2.1")]
    [InlineData("unknown=1", "2.75")]
    [InlineData("locked=maybe", "2.73")]
    [InlineData("all_tenants=maybe", "2.1")]
    [InlineData("kernel_id=x", "2.1")]
    [InlineData("created_at=May%201", "2.83")]
    public async Task List_BadQuery_400(string query, string version)
    {
        var answer = await Api.GetAsync($"/v2.1/servers?{query}", version);

        Assert.Equal(400, answer.Status);
        Assert.NotEmpty(answer.Fault("badRequest"));
    }

    [Fact]
    public async Task List_UnknownMarker_NamesIt() =>
        Assert.Equal("marker [x] not found", (await Api.GetAsync("/v2.1/servers?marker=x")).Fault("badRequest"));

    [Theory]
    [InlineData("unknown=1", "2.74")]
    [InlineData("locked=maybe", "2.72")]
    [InlineData("status=NOPE", "2.37")]
    [InlineData("changes-before=nonsense", "2.65")]
    public async Task List_NotYetChecked_200(string query, string version) =>
        Assert.Equal(200, (await Api.GetAsync($"/v2.1/servers?{query}", version)).Status);

    [Fact]
    public async Task List_ByStatus_IsCaseBlindAndUnknownIsEmpty()
    {
        Api.Add(Sample.Server("up"));
        Api.Add(Sample.Server("off", VmState.Stopped));

        Assert.Equal("off", (string)Assert.Single((await Api.GetAsync("/v2.1/servers?status=shutoff")).List("servers"))!["name"]!);
        Assert.Equal(2, (await Api.GetAsync("/v2.1/servers?status=ACTIVE&status=SHUTOFF")).List("servers").Count);
        Assert.Empty((await Api.GetAsync("/v2.1/servers?status=nope")).List("servers"));
    }

    [Fact]
    public async Task List_Deleted_ForAdministratorsOnly()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        Api.Add(Sample.Server("gone", VmState.Deleted));

        Assert.Empty((await Api.GetAsync("/v2.1/servers")).List("servers"));
        Assert.Single((await Api.GetAsync("/v2.1/servers?deleted=True")).List("servers"));
        Assert.Single((await Api.GetAsync("/v2.1/servers?status=deleted")).List("servers"));
        Assert.Equal(403, (await forUser.GetAsync("/v2.1/servers?status=deleted")).Status);
    }

    [Fact]
    public async Task List_Projects_OwnUnlessAdministratorAsksForAll()
    {
        await using var forUser = await ApiHost.StartAsync(admin: false);
        Api.Add(Sample.Server("own"));
        Api.Add(Sample.Server("other") with { Project = new("other") });

        Assert.Single((await Api.GetAsync("/v2.1/servers")).List("servers"));
        Assert.Equal(2, (await Api.GetAsync("/v2.1/servers?all_tenants=True")).List("servers").Count);
        Assert.Equal(2, (await Api.GetAsync("/v2.1/servers?all_tenants")).List("servers").Count);
        Assert.Equal("other", (string)Assert.Single((await Api.GetAsync("/v2.1/servers?project_id=other")).List("servers"))!["name"]!);
        Assert.Equal(403, (await forUser.GetAsync("/v2.1/servers?all_tenants=1")).Status);
    }

    [Fact]
    public async Task List_UserFilters_AreDroppedUntil83()
    {
        await using var api = await ApiHost.StartAsync(admin: false);

        await api.GetAsync("/v2.1/servers?key_name=k&host=h", "2.82");
        var before = api.Cloud.LastFilter!;
        await api.GetAsync("/v2.1/servers?key_name=k&host=h", "2.83");
        var after = api.Cloud.LastFilter!;

        Assert.Equal((null, null), (before.KeyName, before.Host));
        Assert.Equal(("k", null), (after.KeyName, after.Host));
    }

    [Fact]
    public async Task List_Filters_ReachTheStore()
    {
        var id = InstanceId.New();

        await Api.GetAsync(
            $"/v2.1/servers?flavor=1&image=i&uuid={id}&vm_state=active&task_state=None&host=h&reservation_id=r&availability_zone=z&user_id=u&locked=true&tags=a,b&not-tags-any=c" +
            "&changes-since=2026-01-01T00:00:00Z&sort_key=display_name&sort_dir=asc&sort_key=uuid",
            "2.73");

        var filter = Api.Cloud.LastFilter!;
        Assert.Equal(("1", "i", id, new HostName("h"), "r", "z", new UserId("u"), true), (filter.FlavorId, filter.ImageId, filter.Id, filter.Host, filter.ReservationId, filter.AvailabilityZone, filter.User, filter.Locked));
        Assert.Equal([VmState.Active], filter.VmStates!);
        Assert.Equal([""], filter.TaskStates!);
        Assert.Equal(["a", "b"], filter.Tags!);
        Assert.Equal(["c"], filter.NotTagsAny!);
        Assert.Equal([("display_name", false), ("uuid", false)], filter.Sort);
        Assert.Null(filter.Deleted);
    }

    [Fact]
    public async Task List_FilterThatTheStoreDoesNotKnow_IsAppliedOverItsPages()
    {
        Api.Add(Sample.Server("on"));
        Api.Add(Sample.Server("off", VmState.Stopped) with { Power = PowerState.Shutdown });

        Assert.Equal("off", (string)Assert.Single((await Api.GetAsync("/v2.1/servers?power_state=4")).List("servers"))!["name"]!);
        Assert.Equal("on", (string)Assert.Single((await Api.GetAsync("/v2.1/servers?power_state=running")).List("servers"))!["name"]!);
        Assert.Empty((await Api.GetAsync("/v2.1/servers?ip=10")).List("servers"));
    }

    [Theory]
    [InlineData("", "created_at desc")]
    [InlineData("?sort_dir=asc", "created_at asc")]
    [InlineData("?sort_key=uuid&sort_key=host", "uuid desc, host desc")]
    [InlineData("?sort_key=uuid&sort_key=host&sort_dir=asc", "uuid asc, host asc")]
    [InlineData("?sort_key=uuid&sort_key=host&sort_dir=asc&sort_dir=desc", "uuid asc, host desc")]
    public async Task List_Sorting_AKeyWithoutADirectionHasTheFirst(string query, string order)
    {
        Assert.Equal(200, (await Api.GetAsync($"/v2.1/servers{query}")).Status);

        Assert.Equal(order, string.Join(", ", Api.Cloud.LastFilter!.Sort.Select(s => $"{s.Item1} {(s.Item2 ? "desc" : "asc")}")));
    }

    [Theory]
    [InlineData("servers", "limit=3&sort_key=created_at&sort_dir=asc")]
    [InlineData("servers/detail", "limit=4")]
    [InlineData("servers/detail", "limit=2&status=ACTIVE")]
    public async Task List_FollowingItsLinks_MeetsEveryServerOnceInOrder(string path, string query)
    {
        Exactness.World.Plant(Api);
        var whole = await Api.GetAsync($"/v2.1/{path}?{query.Replace("limit=", "limit=10", StringComparison.Ordinal)}");

        var met = new List<string>();
        for (var next = $"/v2.1/{path}?{query}"; next is not null;)
        {
            var page = await Api.GetAsync(next);
            met.AddRange(page.List("servers").Select(s => (string)s!["id"]!));
            next = (string?)page.Body!["servers_links"]?[0]!["href"];
        }

        Assert.True(met.Count > 4);
        Assert.Equal(whole.List("servers").Select(s => (string)s!["id"]!), met);
    }

    // 10:11:12.345 and 10:11:17.345, deleted at 10:11:20.5.
    [Theory]
    [InlineData("created_at=2026-01-31T10:11:12Z", "2.83", true)]
    [InlineData("created_at=2026-01-31T10:11:12.345000", "2.83", true)]
    [InlineData("created_at=2026-01-31T10:11:12.344999", "2.83", false)]
    [InlineData("created_at=2026-01-31T10:11:13Z", "2.83", false)]
    [InlineData("created_at=2026-01-31T11:11:12%2B01:00", "2.83", true)]
    [InlineData("launched_at=2026-01-31T10:11:17", "2.83", true)]
    [InlineData("launched_at=2026-01-31T10:11:16", "2.83", false)]
    [InlineData("terminated_at=2026-01-31T10:11:20&deleted=true", "2.83", true)]
    [InlineData("terminated_at=2026-01-31T10:11:20.500000&deleted=true", "2.1", true)]
    [InlineData("terminated_at=2026-01-31T10:11:21&deleted=true", "2.83", false)]
    public async Task List_ByATime_FindsThatSecond_OrThatMoment(string query, string version, bool found)
    {
        var server = Sample.Server(state: query.Contains("deleted", StringComparison.Ordinal) ? VmState.Deleted : VmState.Active);
        Api.Add(server with { TerminatedAt = server.VmState == VmState.Deleted ? new(2026, 1, 31, 10, 11, 20, 500, TimeSpan.Zero) : null });

        Assert.Equal(found ? 1 : 0, (await Api.GetAsync($"/v2.1/servers?{query}", version)).List("servers").Count);
    }

    // For users these filters begin with 2.83; before, they are dropped without a word.
    [Theory]
    [InlineData("2.82", 1)]
    [InlineData("2.83", 0)]
    public async Task List_ByATime_ForAUser_CountsFrom83(string version, int count)
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        api.Add(Sample.Server());

        Assert.Equal(count, (await api.GetAsync("/v2.1/servers?launched_at=2020-01-01T00:00:00", version)).List("servers").Count);
    }

    [Fact]
    public async Task List_LimitZero_Empty()
    {
        Api.Add(Sample.Server());

        var answer = await Api.GetAsync("/v2.1/servers?limit=0");

        Assert.Equal("""{"servers":[]}""", answer.Body!.ToJsonString());
    }
}
