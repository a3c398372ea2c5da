using System.Text.Json.Nodes;
using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>Tasks on many servers: <c>POST /tasks</c>, and <c>min_count</c> and <c>max_count</c>.</summary>
public sealed class BulkTests : ApiTest
{
    private const string Several = $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1","min_count":2,"max_count":5}}""";

    private readonly InstanceRecord[] _servers = [Sample.Server(), Sample.Server(), Sample.Server() with { Host = new HostName("host-2") }];

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        Array.ForEach(_servers, s => Api.Add(s));
    }

    [Fact]
    public async Task Post_WithIds_AsksForOneParentOfThem()
    {
        var answer = await PostAsync($$"""{"ids":["{{_servers[0].Id}}","{{_servers[2].Id}}"]}""", """, "concurrency": 2, "failure_budget": 1, "priority": 3""");

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((202, "bulk", 3), (answer.Status, request.Kind.Name, request.Priority));
        Assert.Equal(("stop", 2, 2, 1), (request.Children!.Kind.Name, request.Children.Total, request.Children.Concurrency, request.Children.FailureBudget));
        Assert.Equal([_servers[0].Id, _servers[2].Id], request.Children.Targets);
        Assert.Equal($"{Api.BaseUrl}/v2.1/tasks/{request.Task}", answer.Header("Location"));
        var task = answer["task"];
        Assert.Equal(("bulk", null, 2), ((string)task["kind"]!, (string?)task["server_id"], (int)task["progress"]!["total"]!));
        Assert.Equal($"{Api.BaseUrl}/v2.1/tasks?parent_id={request.Task}", (string)task["links"]![1]!["href"]!);
    }

    [Fact]
    public async Task Post_WithAFilter_SelectsWhatItFindsNow()
    {
        var answer = await PostAsync("""{"host":"host-2"}""");

        Assert.Equal(202, answer.Status);
        Assert.Equal(new HostName("host-2"), Api.Cloud.LastFilter!.Host);
        Assert.Equal(new ProjectId("demo-project"), Api.Cloud.LastFilter.Project);
        Assert.Equal([_servers[2].Id], Assert.Single(Api.Commands.Submitted).Children!.Targets);
    }

    [Theory]
    [InlineData("{}", "says nothing")]
    [InlineData("""{"all_projects":true}""", "says nothing")]
    [InlineData("""{"ids":["4d8b9c1e-0000-4000-8000-000000000000"]}""", "could not be found")]
    [InlineData("""{"ids":["x"]}""", "could not be found")]
    [InlineData("""{"ids":[1]}""", "It is not of type")]
    [InlineData("""{"host":"nowhere"}""", "finds no server")]
    [InlineData("""{"colour":"red"}""", "Additional properties")]
    public async Task Post_WithASelectorThatSelectsNothing_400(string selector, string words)
    {
        var answer = await PostAsync(selector);

        Assert.Equal(400, answer.Status);
        Assert.Contains(words, answer.Body!.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Theory]
    [InlineData("create")]
    [InlineData("no-such")]
    [InlineData("bulk")]
    public async Task Post_OfAKindThatHasAPlaceOfItsOwn_400(string kind) =>
        Assert.Equal(400, (await Api.PostAsync("/v2.1/tasks", $$$"""{"task":{"kind":"{{{kind}}}","selector":{"host":"host-2"} } }""")).Status);

    [Fact]
    public async Task Post_DryRun_SaysWhichServersAndAsksForNothing()
    {
        var answer = await Api.PostAsync("/v2.1/tasks?dry_run=true", """{"task":{"kind":"stop","selector":{"host":"host-2"}}}""");

        Assert.Equal((200, _servers[2].Id.ToString()), (answer.Status, (string)answer["dry_run"]["server_ids"]![0]!));
        Assert.Empty(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Post_Repeated_WithOneKey_IsOneParent()
    {
        var first = await Api.PostAsync("/v2.1/tasks", """{"task":{"kind":"stop","selector":{"host":"host-2"}}}""", null, ("Idempotency-Key", "k1"));
        var second = await Api.PostAsync("/v2.1/tasks", """{"task":{"kind":"stop","selector":{"host":"host-2"}}}""", null, ("Idempotency-Key", "k1"));

        Assert.Equal(first.Header("OpenStack-Task"), second.Header("OpenStack-Task"));
        Assert.Single(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Show_OfAParent_HasTheCounts()
    {
        var posted = await PostAsync($$"""{"ids":["{{_servers[0].Id}}"]}""");
        Api.Journal.Counts = new ChildCounts(7, 3, 2, 1);

        var progress = (await Api.GetAsync($"/v2.1/tasks/{posted.Header("OpenStack-Task")}"))["task"]["progress"]!;

        Assert.Equal((7, 1, 3, 2, 1), ((int)progress["started"]!, (int)progress["running"]!, (int)progress["succeeded"]!, (int)progress["failed"]!, (int)progress["canceled"]!));
    }

    [Fact]
    public async Task List_ByParent_FiltersByIt()
    {
        var parent = TaskId.New();

        Assert.Equal(200, (await Api.GetAsync($"/v2.1/tasks?parent_id={parent}")).Status);
        Assert.Equal(parent, Api.Cloud.LastTaskFilter!.Parent);
        Assert.Equal(400, (await Api.GetAsync("/v2.1/tasks?parent_id=x")).Status);
    }

    [Fact]
    public async Task Create_OfSeveral_IsOneParentAndAnswersWithTheFirst()
    {
        var answer = await Api.PostAsync("/v2.1/servers", Several);

        var request = Assert.Single(Api.Commands.Submitted);
        var children = request.Children!;
        Assert.Equal((202, "bulk", "create", 5), (answer.Status, request.Kind.Name, children.Kind.Name, children.Total));
        Assert.Equal(children.NewInstance(request.Task, 0).Id.ToString(), (string)answer["server"]["id"]!);
        Assert.Equal(["a-1", "a-5"], new[] { 0, 4 }.Select(i => children.NewInstance(request.Task, i).Name));
        Assert.Equal(5, Enumerable.Range(0, 5).Select(i => children.NewInstance(request.Task, i).Id).Distinct().Count());
        Assert.NotNull((string?)answer["server"]["adminPass"]);
    }

    [Fact]
    public async Task Create_OfSeveralWithUserData_SealsItOnceForTheParent()
    {
        var answer = await Api.PostAsync("/v2.1/servers", Several.Replace("\"min_count\"", "\"user_data\":\"ZGF0YQ==\",\"min_count\"", StringComparison.Ordinal));

        var request = Assert.Single(Api.Commands.Submitted);
        Assert.Equal((202, true, request.Task.Value), (answer.Status, request.Children!.Template!.UserDataSet, request.Children.Template.UserDataSealedFor));
        Assert.Equal("ZGF0YQ==", new FakeProtector().Unprotect(request.Task.Value, "user_data", request.Secrets["user_data"]));
    }

    [Fact]
    public async Task Create_OfSeveral_ReturnsTheReservationWhenAsked()
    {
        var answer = await Api.PostAsync("/v2.1/servers", Several.Replace("\"min_count\"", "\"return_reservation_id\":true,\"min_count\"", StringComparison.Ordinal));

        Assert.Equal(Assert.Single(Api.Commands.Submitted).Children!.Template!.ReservationId, (string)answer.Body!["reservation_id"]!);
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(6, 3)]
    [InlineData(4, 5)]
    public async Task Create_OfSeveral_AsksForAsManyAsTheQuotaAllows(int limit, int asked)
    {
        // Three are there. Less than the least is for the engine to refuse.
        Api.Cloud.Usage = new(3, 3, 0, MaxInstances: limit);

        await Api.PostAsync("/v2.1/servers", Several);

        Assert.Equal(asked, Assert.Single(Api.Commands.Submitted).Children!.Total);
    }

    private Task<Answer> PostAsync(string selector, string more = "") => Api.PostAsync("/v2.1/tasks", $$$"""{"task":{"kind":"stop","selector":{{{selector}}}{{{more}}} } }""");
}
