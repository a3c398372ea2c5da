using System.Reflection;
using InstanceTasks.Api.Actions;
using InstanceTasks.Api.Aggregates;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tests;

/// <summary>The table of who may do what, and that it decides.</summary>
public sealed class PolicyTests
{
    private static readonly string[] Reader = ["reader"];

    [Fact]
    public async Task Table_Lines_AreExactlyTheCallsActionsAndKinds()
    {
        using var users = new UsersOfTest(UsersOfTest.OnePerRole);
        await using var api = await ApiHost.StartAsync(o => (o.Auth, o.UsersFile) = (AuthMode.Identity, users.Path));
        var actions = ActionParsers.Names.Select(n => $"POST servers/{{id}}/action#{n}");
        var commands = Enum.GetValues<TaskCommandKind>().Select(k => $"POST tasks/{{task}}/action#{CommandNames.Of(k)}");
        var others = AggregateResource.ActionNames.Select(n => $"POST os-aggregates/{{aggregate}}/action#{n}").Concat(FlavorAccess.ActionNames.Select(n => $"POST flavors/{{flavor}}/action#{n}"));
        var kinds = PlanRegistry.All.Select(p => p.Kind).Append(TaskKinds.Bulk).Select(k => $"kind {k.Name}");

        var expected = api.AllRoutes.Select(r => r.Name).Distinct().Concat(actions).Concat(commands).Concat(others).Concat(kinds);

        Assert.Equal(expected.Order(StringComparer.Ordinal), PolicyTable.Default.Whats.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Table_RulesAskedInsideCalls_AreThere()
    {
        var asked = typeof(Rules).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetRawConstantValue()!).ToList();

        Assert.NotEmpty(asked);
        Assert.All(asked, rule => Assert.Equal(LeastRole.Admin, PolicyTable.Default.Get(rule).Least));
    }

    [Fact]
    public void Table_KindsForAdministrators_AreThoseOfTheEngine()
    {
        var byTable = PlanRegistry.All.Where(p => PolicyTable.Default.Of(p.Kind).Least == LeastRole.Admin).Select(p => (p.Kind.Name, (string?)$"os_compute_api:{PolicyTable.Default.Of(p.Kind).Name}"));

        Assert.Equal(PlanRegistry.All.Where(p => p.AdminRule is not null).Select(p => (p.Kind.Name, p.AdminRule)), byTable);
    }

    [Fact]
    public void Table_KindWithoutALine_IsForAdministrators() => Assert.Equal(LeastRole.Admin, PolicyTable.Default.Of(new TaskKind("no-such")).Least);

    [Theory]
    [InlineData("a reader")]
    [InlineData("a king GET x")]
    [InlineData("a 3 GET x")]
    [InlineData("a reader GET x\na member GET y")]
    [InlineData("a reader GET x\nb reader GET x")]
    public void Parse_WrongLine_IsRefused(string text) => Assert.Throws<FormatException>(() => PolicyTable.Parse(text));

    [Fact]
    public async Task CheckComplete_CallWithoutALine_DoesNotStart()
    {
        await using var api = await ApiHost.StartAsync();
        var check = new PolicyCheck(PolicyTable.Parse("a reader GET servers"), null!, null!, null!);

        var problem = Assert.Throws<InvalidOperationException>(() => check.CheckComplete(api.AllRoutes));

        Assert.Contains("POST servers/{id}/action", problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("GET servers,", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LeastRole.User)]
    [InlineData(LeastRole.User, "unheard-of")]
    [InlineData(LeastRole.Reader, "reader")]
    [InlineData(LeastRole.Member, "reader", "Member")]
    [InlineData(LeastRole.Manager, "manager")]
    [InlineData(LeastRole.Admin, "reader", "ADMIN")]
    internal void Standing_Roles_HighestCounts(LeastRole expected, params string[] roles) =>
        Assert.Equal(expected, new Identity(new("u"), new("p"), roles).Standing);

    [Fact]
    public async Task Write_ByReader_IsForbiddenInItsProjectAndUnknownElsewhere()
    {
        await using var api = await StartAsync(Reader);
        var own = api.Add(Sample.Server());
        var other = api.Add(Sample.Server() with { Project = new("other") });

        var refused = await api.PostAsync($"/v2.1/servers/{own.Id}/action", """{"os-stop":null}""");
        var hidden = await api.PostAsync($"/v2.1/servers/{other.Id}/action", """{"os-stop":null}""");

        Assert.Equal((403, "Policy doesn't allow os_compute_api:servers:stop to be performed."), (refused.Status, refused.Fault("forbidden")));
        Assert.Equal((404, $"Instance {other.Id} could not be found."), (hidden.Status, hidden.Fault("itemNotFound")));
        Assert.Empty(api.Commands.Submitted);
    }

    [Fact]
    public async Task AdminsAction_ByMember_IsForbiddenInItsProjectAndUnknownElsewhere()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var own = api.Add(Sample.Server(state: VmState.ShelvedOffloaded));
        var other = api.Add(Sample.Server(state: VmState.ShelvedOffloaded) with { Project = new("other") });
        string[] bodies = ["""{"os-resetState":{"state":"error"}}""", """{"unshelve":{"host":"host-1"}}"""];
        foreach (var body in bodies)
        {
            Assert.Equal(403, (await api.PostAsync($"/v2.1/servers/{own.Id}/action", body, "2.91")).Status);
            Assert.Equal(404, (await api.PostAsync($"/v2.1/servers/{other.Id}/action", body, "2.91")).Status);
        }
    }

    [Fact]
    public async Task Kinds_ByReader_AreForbiddenWhereverTheyAreAskedFor()
    {
        await using var api = await StartAsync(Reader);
        var server = api.Add(Sample.Server());
        var task = Sample.Task(server, "stop").Ended(TaskOutcome.Failed);
        api.Cloud.Tasks[task.Id] = task;

        var single = await api.PostAsync($"/v2.1/servers/{server.Id}/tasks", """{"task":{"kind":"delete"}}""");
        var bulk = await api.PostAsync("/v2.1/tasks", $$"""{"task":{"kind":"delete","selector":{"ids":["{{server.Id}}"] } } }""");
        var retry = await api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":null}""");

        Assert.Equal((403, 403, 403), (single.Status, bulk.Status, retry.Status));
        Assert.Empty(api.Commands.Submitted);
    }

    [Fact]
    public async Task BulkAndRetry_KindForAdministrators_ByMember_IsForbidden()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var server = api.Add(Sample.Server());
        var task = Sample.Task(server, "shelve-offload").Ended(TaskOutcome.Failed);
        api.Cloud.Tasks[task.Id] = task;

        var bulk = await api.PostAsync("/v2.1/tasks", $$"""{"task":{"kind":"shelve-offload","selector":{"ids":["{{server.Id}}"] } } }""");
        var retry = await api.PostAsync($"/v2.1/tasks/{task.Id}/action", """{"retry":null}""");

        Assert.Equal((403, "Policy doesn't allow os_compute_api:os-shelve:shelve_offload to be performed."), (bulk.Status, bulk.Fault("forbidden")));
        Assert.Equal(403, retry.Status);
        Assert.Empty(api.Commands.Submitted);
    }

    [Fact]
    public async Task Retry_OfManyOfAKindForAdministrators_ByMember_IsForbidden()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var server = api.Add(Sample.Server());
        var parent = Sample.Task(server, "bulk").Ended(TaskOutcome.Failed) with { Children = new() { Kind = new("shelve-offload"), Total = 1, Concurrency = 1, Targets = [server.Id] } };
        api.Cloud.Tasks[parent.Id] = parent;

        Assert.Equal(403, (await api.PostAsync($"/v2.1/tasks/{parent.Id}/action", """{"retry":null}""")).Status);
        Assert.Empty(api.Commands.Submitted);
    }

    [Fact]
    public async Task Offers_ForReader_SayThatNothingIsAllowed()
    {
        await using var api = await StartAsync(Reader);
        var server = api.Add(Sample.Server());
        var task = Sample.Task(server, "stop");
        api.Cloud.Tasks[task.Id] = task;

        var kinds = (await api.GetAsync($"/v2.1/servers/{server.Id}/tasks?allowed=true")).List("allowed_tasks");
        var commands = (await api.GetAsync($"/v2.1/tasks/{task.Id}"))["task"]["allowed_commands"]!.AsObject();

        Assert.All(kinds, k => Assert.False((bool)k!["allowed"]!));
        Assert.Equal("Policy doesn't allow os_compute_api:servers:stop to be performed.", (string?)kinds.Single(k => (string)k!["kind"]! == "stop")!["reason"]);
        Assert.All(commands, c => Assert.False((bool)c.Value!["allowed"]!));
    }

    [Fact]
    public async Task Roles_Configured_ReplaceTheDefault()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Api:Roles:0", "reader")]).Build();
        var options = new ApiOptions();
        configuration.GetSection("Api").Bind(options);

        var who = await new NoAuth(Options.Create(options)).AuthenticateAsync(null!);

        Assert.Equal(LeastRole.Reader, who.Standing);
    }

    private static Task<ApiHost> StartAsync(string[] roles) => ApiHost.StartAsync(o => o.Roles = roles);
}
