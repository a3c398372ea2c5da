using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests;

/// <summary>What operators see and decide: services, hypervisors, aggregates, quotas, usage, migrations, access to flavors.</summary>
public sealed class OperatorTests : ApiTest
{
    [Fact]
    public async Task Service_Disabled_IsKeptFromPlacementAndShown()
    {
        var id = (string)(await Api.GetAsync("/v2.1/os-services?host=host-1", "2.53")).List("services")[0]!["id"]!;

        var answer = await PutAsync($"os-services/{id}", """{"status":"disabled","disabled_reason":"fan"}""", "2.53");

        Assert.Equal((200, "disabled", "fan"), (answer.Status, (string)answer["service"]["status"]!, (string)answer["service"]["disabled_reason"]!));
        Assert.Equal("fan", Api.Cloud.Hosts[0].Disabled);
        await PutAsync($"os-services/{id}", """{"status":"enabled"}""", "2.53");
        Assert.Null(Api.Cloud.Hosts[0].Disabled);
    }

    [Theory]
    [InlineData("os-services/enable", """{"host":"host-2","binary":"nova-compute"}""", "2.1", 200)]
    [InlineData("os-services/disable", """{"host":"host-2","binary":"nova-compute"}""", "2.1", 200)]
    [InlineData("os-services/disable-log-reason", """{"host":"host-2","binary":"nova-compute","disabled_reason":"x"}""", "2.1", 200)]
    [InlineData("os-services/disable-log-reason", """{"host":"host-2","binary":"nova-compute"}""", "2.1", 400)]
    [InlineData("os-services/disable", """{"host":"host-9","binary":"nova-compute"}""", "2.1", 404)]
    [InlineData("os-services/disable", """{"host":"host-2","binary":"nova-api"}""", "2.1", 404)]
    [InlineData("os-services/force-down", """{"host":"host-2","binary":"nova-compute","forced_down":true}""", "2.11", 200)]
    [InlineData("os-services/force-down", """{"host":"host-2","binary":"nova-compute","forced_down":true}""", "2.10", 404)]
    [InlineData("os-services/disable", """{"host":"host-2","binary":"nova-compute"}""", "2.53", 400)]
    [InlineData("os-services/5c1a5b1e-0000-4000-8000-000000000000", """{"status":"enabled"}""", "2.53", 404)]
    [InlineData("os-services/x", """{"status":"enabled"}""", "2.53", 400)]
    public async Task Service_Change_AnswersAsNova(string path, string body, string version, int status) => Assert.Equal(status, (await PutAsync(path, body, version)).Status);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"status":"off"}""")]
    [InlineData("""{"disabled_reason":"x"}""")]
    [InlineData("""{"status":"enabled","disabled_reason":"x"}""")]
    [InlineData("""{"status":"disabled","more":1}""")]
    public async Task Service_BadChange_IsRefused(string body)
    {
        var id = (string)(await Api.GetAsync("/v2.1/os-services", "2.53")).List("services")[0]!["id"]!;

        Assert.Equal(400, (await PutAsync($"os-services/{id}", body, "2.53")).Status);
    }

    [Fact]
    public async Task Service_ForcedDown_IsDownInEveryList()
    {
        await PutAsync("os-services/force-down", """{"host":"host-1","binary":"nova-compute","forced_down":true}""", "2.11");

        var service = (await Api.GetAsync("/v2.1/os-services?host=host-1", "2.11")).List("services")[0]!;
        var hypervisor = (await Api.GetAsync("/v2.1/os-hypervisors")).List("hypervisors")[0]!;

        Assert.Equal(("down", true, "down"), ((string)service["state"]!, (bool)service["forced_down"]!, (string)hypervisor["state"]!));
        Assert.Equal(System.Text.Json.JsonValueKind.Number, service["id"]!.GetValueKind());
    }

    [Fact]
    public async Task Service_Delete_IsRefusedWhileItsProcessRegistersIt()
    {
        var id = (string)(await Api.GetAsync("/v2.1/os-services", "2.53")).List("services")[0]!["id"]!;

        Assert.Equal(409, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/os-services/{id}", null, "2.53")).Status);
    }

    [Fact]
    public async Task Hypervisor_Numbers_AreClaimsAndServers()
    {
        var server = Api.Add(Sample.Server());
        Api.Cloud.Hosts[0] = Api.Cloud.Hosts[0] with { Taken = new(1, 512, 1) };

        var shown = (await Api.GetAsync("/v2.1/os-hypervisors/detail", "2.53")).List("hypervisors")[0]!.AsObject();
        var withServers = (await Api.GetAsync("/v2.1/os-hypervisors?with_servers=1", "2.53")).List("hypervisors")[0]!;
        var sums = (await Api.GetAsync("/v2.1/os-hypervisors/statistics"))["hypervisor_statistics"];

        Assert.Equal((64, 1, 65_024, 1), ((int)shown["vcpus"]!, (int)shown["vcpus_used"]!, (int)shown["free_ram_mb"]!, (int)shown["running_vms"]!));
        Assert.Equal(server.Id.ToString(), (string)withServers["servers"]![0]!["uuid"]!);
        Assert.Equal((1, 64, 1), ((int)sums["count"]!, (int)sums["vcpus"]!, (int)sums["running_vms"]!));
        Assert.Equal((string)shown["id"]!, (string)(await Api.GetAsync($"/v2.1/os-hypervisors/{shown["id"]}", "2.88"))["hypervisor"]["id"]!);
        Assert.False((await Api.GetAsync($"/v2.1/os-hypervisors/{shown["id"]}", "2.88"))["hypervisor"].ContainsKey("vcpus"));
    }

    [Theory]
    [InlineData("os-hypervisors/host-1/search", "2.1", 200)]
    [InlineData("os-hypervisors/nothing/search", "2.1", 404)]
    [InlineData("os-hypervisors/host/servers", "2.52", 200)]
    [InlineData("os-hypervisors/host/servers", "2.53", 404)]
    [InlineData("os-hypervisors?hypervisor_hostname_pattern=host", "2.53", 200)]
    [InlineData("os-hypervisors?hypervisor_hostname_pattern=x", "2.53", 404)]
    [InlineData("os-hypervisors?hypervisor_hostname_pattern=x&limit=1", "2.53", 400)]
    [InlineData("os-hypervisors?limit=1&marker=x", "2.33", 400)]
    [InlineData("os-hypervisors?unknown=1", "2.53", 400)]
    [InlineData("os-hypervisors/12", "2.53", 400)]
    [InlineData("os-hypervisors/12", "2.1", 404)]
    [InlineData("os-hypervisors/statistics", "2.88", 400)]
    public async Task Hypervisor_Reads_AnswerAsNova(string path, string version, int status) => Assert.Equal(status, (await Api.GetAsync($"/v2.1/{path}", version)).Status);

    [Fact]
    public async Task Hypervisors_Page_LinksToTheNext()
    {
        var page = await Api.GetAsync("/v2.1/os-hypervisors?limit=1", "2.53");

        var next = (string)page.List("hypervisors_links")[0]!["href"]!;
        Assert.Equal("host-2", (string)(await Api.GetAsync(next[Api.BaseUrl.Length..], "2.53")).List("hypervisors")[0]!["hypervisor_hostname"]!);
    }

    [Fact]
    public async Task Aggregate_WithAZone_PutsItsHostsIntoIt()
    {
        var id = await AggregateAsync("""{"name":"blue","availability_zone":"blue-zone"}""");

        var added = await ActAsync(id, """{"add_host":{"host":"host-1"}}""");

        Assert.Equal(("blue-zone", "host-1", "blue-zone"), (Api.Cloud.Hosts[0].Zone, (string)added["aggregate"]["hosts"]![0]!, (string)added["aggregate"]["metadata"]!["availability_zone"]!));
        Assert.Equal(400, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/os-aggregates/{id}", null)).Status);
        Assert.Equal(200, (await ActAsync(id, """{"remove_host":{"host":"host-1"}}""")).Status);
        Assert.Equal("nova", Api.Cloud.Hosts[0].Zone);
        Assert.Equal(200, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/os-aggregates/{id}", null)).Status);
        Assert.Equal(404, (await Api.GetAsync($"/v2.1/os-aggregates/{id}")).Status);
    }

    [Fact]
    public async Task Aggregate_HostWithServers_KeepsItsZone()
    {
        Api.Cloud.Hosts[0] = Api.Cloud.Hosts[0] with { Taken = new(1, 1, 1) };
        var id = await AggregateAsync("""{"name":"blue","availability_zone":"blue-zone"}""");

        Assert.Equal(409, (await ActAsync(id, """{"add_host":{"host":"host-1"}}""")).Status);

        Assert.Equal("nova", Api.Cloud.Hosts[0].Zone);
        Assert.Empty((await Api.GetAsync($"/v2.1/os-aggregates/{id}"))["aggregate"]["hosts"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"add_host":{"host":"nowhere"}}""", 404)]
    [InlineData("""{"remove_host":{"host":"host-1"}}""", 404)]
    [InlineData("""{"set_metadata":{"metadata":{"a":"b","c":null}}}""", 200)]
    [InlineData("""{"set_metadata":{"metadata":{"a":1}}}""", 400)]
    [InlineData("""{"set_metadata":{}}""", 400)]
    [InlineData("""{"add_host":{"host":"host-1"},"remove_host":{"host":"host-1"}}""", 400)]
    [InlineData("""{"jump":{}}""", 400)]
    [InlineData("""{}""", 400)]
    public async Task Aggregate_Act_AnswersAsNova(string body, int status)
    {
        var id = await AggregateAsync("""{"name":"green"}""");

        Assert.Equal(status, (await ActAsync(id, body)).Status);
    }

    [Fact]
    public async Task Aggregate_TwoOfOneName_OneIsRefused()
    {
        var id = await AggregateAsync("""{"name":"green"}""");

        Assert.Equal(409, (await Api.PostAsync("/v2.1/os-aggregates", """{"aggregate":{"name":"green"}}""")).Status);
        var renamed = await PutAsync($"os-aggregates/{id}", """{"aggregate":{"name":"red","availability_zone":null}}""");
        Assert.Equal((200, "red"), (renamed.Status, (string)renamed["aggregate"]["name"]!));
        Assert.Equal(400, (await PutAsync($"os-aggregates/{id}", """{"aggregate":{}}""")).Status);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/os-aggregates/x")).Status);
    }

    [Fact]
    public async Task Aggregate_TwoHostsAddedAtOnce_BothAreIn()
    {
        var id = await AggregateAsync("""{"name":"green"}""");
        var raced = 0;
        Api.Operators.BeforePut = d =>
        {
            if (d.Kind == "aggregate" && raced++ == 0)
            {
                // Somebody is faster than the first.
                ActAsync(id, """{"add_host":{"host":"host-2"}}""").GetAwaiter().GetResult();
            }
        };

        Assert.Equal(200, (await ActAsync(id, """{"add_host":{"host":"host-1"}}""")).Status);

        Assert.True(raced > 1);
        Assert.Equal(["host-2", "host-1"], (await Api.GetAsync($"/v2.1/os-aggregates/{id}"))["aggregate"]["hosts"]!.AsArray().Select(h => (string)h!));
    }

    [Fact]
    public async Task Quota_Update_SetsWhatAProjectHas()
    {
        var answer = await PutAsync("os-quota-sets/p2", """{"quota_set":{"instances":10,"cores":"20","ram":-1}}""", "2.57");

        Assert.Equal((200, 10, 20, -1, false), (answer.Status, (int)answer["quota_set"]["instances"]!, (int)answer["quota_set"]["cores"]!, (int)answer["quota_set"]["ram"]!, answer["quota_set"].ContainsKey("id")));
        var detail = (await Api.GetAsync("/v2.1/os-quota-sets/p2/detail", "2.57"))["quota_set"];
        Assert.Equal((10, 3, 0), ((int)detail["instances"]!["limit"]!, (int)detail["instances"]!["in_use"]!, (int)detail["instances"]!["reserved"]!));
        Assert.Equal(202, (await Api.SendAsync(HttpMethod.Delete, "/v2.1/os-quota-sets/p2", null)).Status);
        Assert.Equal(-1, Api.Cloud.Usage.MaxInstances);
    }

    [Theory]
    [InlineData("""{"quota_set":{"instances":2}}""", 400)]
    [InlineData("""{"quota_set":{"instances":2,"force":true}}""", 200)]
    [InlineData("""{"quota_set":{"instances":-2}}""", 400)]
    [InlineData("""{"quota_set":{"instances":"many"}}""", 400)]
    [InlineData("""{"quota_set":{"key_pairs":5}}""", 400)]
    [InlineData("""{"quota_set":{"key_pairs":100}}""", 200)]
    [InlineData("""{"quota_set":{"unknown":5}}""", 400)]
    public async Task Quota_Update_RefusesWhatCannotBe(string body, int status) => Assert.Equal(status, (await PutAsync("os-quota-sets/p2", body, "2.57")).Status);

    [Fact]
    public async Task Usage_OfAServer_IsFromItsLaunchToNowOrItsEnd()
    {
        Api.Add(Sample.Server("old") with { LaunchedAt = Sample.Time, TerminatedAt = Sample.Time.AddHours(2), VmState = VmState.Deleted });
        Api.Add(Sample.Server("never") with { LaunchedAt = null });
        Api.Add(Sample.Server("later") with { LaunchedAt = Sample.Time.AddDays(2) });

        var usage = (await Api.GetAsync("/v2.1/os-simple-tenant-usage/demo-project?start=2026-01-31T10:00:00&end=2026-01-31T11:11:12.345000"))["tenant_usage"];
        var all = await Api.GetAsync("/v2.1/os-simple-tenant-usage?start=2026-01-31T10:00:00&end=2026-01-31T11:11:12.345000&detailed=1", "2.40");

        Assert.Equal((1.0, 512.0, 1.0), ((double)usage["total_hours"]!, (double)usage["total_memory_mb_usage"]!, (double)usage["total_vcpus_usage"]!));
        var server = Assert.Single(usage["server_usages"]!.AsArray())!;
        Assert.Equal(("old", "terminated", 7200), ((string)server["name"]!, (string)server["state"]!, (int)server["uptime"]!));
        Assert.Equal("demo-project", (string)Assert.Single(all.List("tenant_usages"))!["tenant_id"]!);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/os-simple-tenant-usage?start=yesterday")).Status);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/os-simple-tenant-usage?start=2026-02-01T10:00:00&end=2026-01-31T10:00:00")).Status);
        Assert.Empty((await Api.GetAsync("/v2.1/os-simple-tenant-usage/nobody"))["tenant_usage"]);
        Assert.Equal(200, (await Api.GetAsync("/v2.1/os-simple-tenant-usage/demo-project?end=0001-01-02T00:00:00")).Status);
    }

    /// <summary>What was purged is not counted: who asks about such a time is told.</summary>
    [Theory]
    [InlineData("2026-01-31T10:00:00", true)]
    [InlineData("2026-01-31T10:30:00", false)]
    public async Task Usage_OfATimeOfWhichServersWerePurged_SaysFromWhenOnItIsComplete(string start, bool said)
    {
        Api.Retention.UsageFrom = new DateTimeOffset(2026, 1, 31, 10, 30, 0, TimeSpan.Zero);

        foreach (var path in new[] { "", "/demo-project" })
        {
            var answer = await Api.GetAsync($"/v2.1/os-simple-tenant-usage{path}?start={start}&end=2026-01-31T11:00:00");
            Assert.Equal((200, said ? "2026-01-31T10:30:00.000000" : null), (answer.Status, answer.Header("OpenStack-Usage-Complete-From")));
        }
    }

    [Theory]
    [InlineData(null, TaskOutcome.None, "finished")]
    [InlineData("confirm-resize", TaskOutcome.Succeeded, "confirmed")]
    [InlineData("revert-resize", TaskOutcome.Succeeded, "reverted")]
    [InlineData("confirm-resize", TaskOutcome.None, "confirming")]
    [InlineData("revert-resize", TaskOutcome.None, "reverting")]
    [InlineData("revert-resize", TaskOutcome.Failed, "finished")]
    public async Task Migration_OfAResize_HasTheStatusOfItsTasks(string? kind, TaskOutcome outcome, string status)
    {
        var server = Api.Add(Sample.Server());
        var resize = Add(Sample.Task(server, "resize") with { Outcome = TaskOutcome.Succeeded });
        if (kind is not null)
        {
            Add(Sample.Task(server, kind) with { Outcome = outcome, Run = outcome == TaskOutcome.None ? TaskRun.Running : TaskRun.Ended, CreatedAt = Sample.Time.AddMinutes(1) });
        }

        var migration = Assert.Single((await Api.GetAsync($"/v2.1/os-migrations?instance_uuid={server.Id}", "2.59")).List("migrations"))!;

        Assert.Equal((status, "resize", resize.Id.Value.ToString(), "host-1"), ((string)migration["status"]!, (string)migration["migration_type"]!, (string)migration["uuid"]!, (string)migration["source_compute"]!));
        Assert.Empty((await Api.GetAsync($"/v2.1/os-migrations?status=error", "2.59")).List("migrations"));
        Assert.Empty((await Api.GetAsync($"/v2.1/servers/{server.Id}/migrations", "2.23")).List("migrations"));
        Assert.Equal(404, (await Api.GetAsync($"/v2.1/servers/{server.Id}/migrations/1", "2.23")).Status);
    }

    [Fact]
    public async Task FlavorAccess_OfAPrivateFlavor_IsByProject()
    {
        Assert.Equal(200, (await Api.PostAsync("/v2.1/flavors/p/action", """{"addTenantAccess":{"tenant":"p2"}}""")).Status);

        Assert.Equal(409, (await Api.PostAsync("/v2.1/flavors/p/action", """{"addTenantAccess":{"tenant":"p2"}}""")).Status);
        var access = Assert.Single((await Api.GetAsync("/v2.1/flavors/p/os-flavor-access")).List("flavor_access"))!;
        Assert.Equal(("p", "p2"), ((string)access["flavor_id"]!, (string)access["tenant_id"]!));
        Assert.Equal(409, (await Api.PostAsync("/v2.1/flavors/1/action", """{"addTenantAccess":{"tenant":"p2"}}""")).Status);
        Assert.Equal(200, (await Api.PostAsync("/v2.1/flavors/p/action", """{"removeTenantAccess":{"tenant":"p2"}}""")).Status);
        Assert.Equal(404, (await Api.PostAsync("/v2.1/flavors/p/action", """{"removeTenantAccess":{"tenant":"p2"}}""")).Status);
        Assert.Equal(400, (await Api.PostAsync("/v2.1/flavors/p/action", """{"other":{"tenant":"p2"}}""")).Status);
    }

    [Theory]
    [InlineData(false, 404, "1 2 3")]
    [InlineData(true, 200, "1 2 3 p")]
    public async Task Flavor_PrivateOne_IsSeenByItsProjects(bool shared, int status, string list)
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        if (shared)
        {
            await api.Operators.PutDocumentAsync(new("flavor-access", "p", """{"flavor":"p","projects":["demo-project"]}"""));
        }

        Assert.Equal(status, (await api.GetAsync("/v2.1/flavors/p")).Status);
        Assert.Equal(list, string.Join(' ', (await api.GetAsync("/v2.1/flavors")).List("flavors").Select(f => (string)f!["id"]!)));
        var made = await api.PostAsync("/v2.1/servers", $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"p"}}""");
        Assert.Equal(shared ? 202 : 400, made.Status);
    }

    private TaskRecord Add(TaskRecord task)
    {
        Api.Cloud.Tasks[task.Id] = task;
        return task;
    }

    private Task<Answer> PutAsync(string path, string body, string? version = null) => Api.SendAsync(HttpMethod.Put, $"/v2.1/{path}", body, version);

    private Task<Answer> ActAsync(int aggregate, string body) => Api.PostAsync($"/v2.1/os-aggregates/{aggregate}/action", body);

    private async Task<int> AggregateAsync(string body)
    {
        var answer = await Api.PostAsync("/v2.1/os-aggregates", $$"""{"aggregate":{{body}} }""");
        Assert.Equal(200, answer.Status);
        return (int)answer["aggregate"]["id"]!;
    }
}
