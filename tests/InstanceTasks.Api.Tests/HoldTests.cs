using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

public sealed class HoldTests : ApiTest
{
    [Fact]
    public async Task Holds_AddListRemove()
    {
        var added = await Api.PostAsync("/v2.1/tasks/holds", """{"hold":{"host":"host-1","reason":"repairs"}}""");
        var id = (string)added["hold"]["id"]!;

        Assert.Equal((201, "host-1", "repairs", "demo-user"), (added.Status, (string)added["hold"]["host"]!, (string)added["hold"]["reason"]!, (string)added["hold"]["user_id"]!));
        Assert.Equal(id, (string)Assert.Single((await Api.GetAsync("/v2.1/tasks/holds")).List("holds"))!["id"]!);
        Assert.Equal(204, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/tasks/holds/{id}", null)).Status);
        Assert.Empty((await Api.GetAsync("/v2.1/tasks/holds")).List("holds"));
        Assert.Equal("demo-user", (string)Assert.Single((await Api.GetAsync("/v2.1/tasks/holds?removed=true")).List("holds"))!["removed_by"]!);
        Assert.Equal(404, (await Api.SendAsync(HttpMethod.Delete, $"/v2.1/tasks/holds/{id}", null)).Status);
    }

    [Theory]
    [InlineData("""{"hold":{"reason":"r"}}""")]
    [InlineData("""{"hold":{"host":"h"}}""")]
    [InlineData("""{"hold":{"kind":"levitate","reason":"r"}}""")]
    [InlineData("""{"hold":{"host":"h","reason":"r","until":"x"}}""")]
    public async Task Add_Bad_400(string body) => Assert.Equal(400, (await Api.PostAsync("/v2.1/tasks/holds", body)).Status);

    [Fact]
    public async Task Add_Key_MakesOneHold()
    {
        const string Body = """{"hold":{"kind":"create","reason":"r"}}""";

        var first = await Api.PostAsync("/v2.1/tasks/holds", Body, null, ("Idempotency-Key", "k"));
        var again = await Api.PostAsync("/v2.1/tasks/holds", Body, null, ("Idempotency-Key", "k"));

        Assert.Equal((201, first.Body!.ToJsonString()), (again.Status, again.Body!.ToJsonString()));
        Assert.Single(Api.Holds.All);
    }

    [Fact]
    public async Task Holds_AreForAdministrators()
    {
        await using var api = await ApiHost.StartAsync(admin: false);

        Assert.Equal(403, (await api.GetAsync("/v2.1/tasks/holds")).Status);
        Assert.Equal(403, (await api.PostAsync("/v2.1/tasks/holds", """{"hold":{"host":"h","reason":"r"}}""")).Status);
        Assert.Equal(403, (await api.SendAsync(HttpMethod.Delete, $"/v2.1/tasks/holds/{Guid.NewGuid()}", null)).Status);
    }
}
