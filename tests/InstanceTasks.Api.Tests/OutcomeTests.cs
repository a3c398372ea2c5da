using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>Unknown outcomes and idempotency keys (design §4.6).</summary>
public sealed class OutcomeTests : ApiTest
{
    private const string Create = $$$"""{"server":{"name":"a","imageRef":"{{{Sample.ImageId}}}","flavorRef":"1"}}""";

    [Fact]
    public async Task Accept_AppliedAndAnswerLost_202()
    {
        var lost = 0;
        Api.Commands.AfterAccept = () =>
        {
            lost++;
            throw new TimeoutException("the answer is lost");
        };

        var answer = await Api.PostAsync("/v2.1/servers", Create);

        Assert.Equal((202, 1, 1), (answer.Status, lost, Api.Journal.Refusals));
        Assert.Equal(Api.Commands.Submitted[0].Task.ToString(), answer.Header("OpenStack-Task"));
        Assert.Empty(Api.Journal.Tombstones);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Accept_NotApplied_503AndATombstone(bool throws)
    {
        Api.Commands.Decide = _ => throws ? throw new TimeoutException("never arrived") : new() { Verdict = AcceptVerdict.Unknown };

        var answer = await Api.PostAsync("/v2.1/servers", Create);

        Assert.Equal(503, answer.Status);
        Assert.NotEmpty(answer.Fault("serviceUnavailable"));
        Assert.Equal(Api.Commands.Submitted[0].Task, Assert.Single(Api.Journal.Tombstones));
    }

    [Fact]
    public async Task Accept_TombstoneUnknownAtFirst_IsRepeated()
    {
        Api.Commands.AfterAccept = () => throw new TimeoutException("lost");
        Api.Journal.UnknownRefusals = 3;

        var answer = await Api.PostAsync("/v2.1/servers", Create);

        Assert.Equal((202, 4), (answer.Status, Api.Journal.Refusals));
    }

    [Fact]
    public async Task Accept_TombstoneNeverKnown_503NamesTheTask()
    {
        Api.Commands.Decide = _ => throw new TimeoutException("lost");
        Api.Journal.UnknownRefusals = int.MaxValue;

        var answer = await Api.PostAsync("/v2.1/servers", Create);

        Assert.Equal(503, answer.Status);
        Assert.Contains("outcome is unknown", answer.Fault("serviceUnavailable"), StringComparison.Ordinal);
        Assert.Equal(Api.Commands.Submitted[0].Task.ToString(), answer.Header("OpenStack-Task"));
        Assert.True(Api.Journal.Refusals > 1);
    }

    [Fact]
    public async Task Action_AppliedAndAnswerLost_202()
    {
        var server = Api.Add(Sample.Server());
        Api.Commands.AfterAccept = () => throw new TimeoutException("lost");

        var answer = await Api.PostAsync($"/v2.1/servers/{server.Id}/action", """{"os-stop":null}""");

        Assert.Equal((202, 1), (answer.Status, Api.Journal.Refusals));
    }

    [Fact]
    public async Task Update_AppliedAndAnswerLost_ShowsTheChange()
    {
        var server = Api.Add(Sample.Server());
        Api.Commands.AfterAccept = () => throw new TimeoutException("lost");

        var answer = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{server.Id}", """{"server":{"name":"new"}}""");

        Assert.Equal((200, "new"), (answer.Status, (string)answer["server"]["name"]!));
    }

    [Fact]
    public async Task Key_SameRequest_SameServerTaskAndPassword()
    {
        var first = await CreateAsync("k1", Create);
        var second = await CreateAsync("k1", Create);

        Assert.Equal((202, 202), (first.Status, second.Status));
        Assert.Equal(first.Body!.ToJsonString(), second.Body!.ToJsonString());
        Assert.Equal(first.Header("OpenStack-Task"), second.Header("OpenStack-Task"));
        Assert.Equal(first.Header("Location"), second.Header("Location"));
        Assert.NotEqual(first.Header("x-openstack-request-id"), second.Header("x-openstack-request-id"));
        Assert.Single(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Key_StoredAnswer_HoldsNoPassword()
    {
        var answer = await CreateAsync("k1", Create);

        var stored = Assert.Single(Api.Journal.Keys).Value.Answer;
        Assert.DoesNotContain((string)answer["server"]["adminPass"]!, stored.Body!, StringComparison.Ordinal);
        Assert.Contains((string)answer["server"]["id"]!, stored.Body!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_PasswordErased_ReplayLeavesItOut()
    {
        await CreateAsync("k1", Create);
        Api.Cloud.Secrets.Clear();

        var replay = await CreateAsync("k1", Create);

        Assert.Equal(202, replay.Status);
        Assert.False(replay["server"].ContainsKey("adminPass"));
    }

    [Fact]
    public async Task Key_OtherBody_422()
    {
        await CreateAsync("k1", Create);

        var answer = await CreateAsync("k1", Create.Replace("\"a\"", "\"b\"", StringComparison.Ordinal));

        Assert.Equal(422, answer.Status);
        Assert.Single(Api.Commands.Submitted);
    }

    [Fact]
    public async Task Key_OtherPath_422()
    {
        var (one, two) = (Api.Add(Sample.Server()), Api.Add(Sample.Server()));

        var first = await Api.PostAsync($"/v2.1/servers/{one.Id}/action", """{"os-stop":null}""", null, ("Idempotency-Key", "k"));
        var again = await Api.PostAsync($"/v2.1/servers/{one.Id}/action", """{"os-stop":null}""", null, ("Idempotency-Key", "k"));
        var other = await Api.PostAsync($"/v2.1/servers/{two.Id}/action", """{"os-stop":null}""", null, ("Idempotency-Key", "k"));

        Assert.Equal((202, 202, 422), (first.Status, again.Status, other.Status));
        Assert.Equal(first.Header("OpenStack-Task"), again.Header("OpenStack-Task"));
    }

    [Fact]
    public async Task Key_LostTheRace_AnswersFromTheRow()
    {
        var winner = TaskId.New();
        Api.Commands.Decide = _ => new()
        {
            Verdict = AcceptVerdict.Replayed,
            Task = winner,
            Replay = new() { Status = 202, Body = """{"server":{"id":"the-winner"}}""", Task = winner },
        };

        var answer = await CreateAsync("k1", Create);

        Assert.Equal("the-winner", (string)answer["server"]["id"]!);
        Assert.Equal(winner.ToString(), answer.Header("OpenStack-Task"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x256")]
    public async Task Key_BadLength_400(string key)
    {
        var answer = await CreateAsync(key == "x256" ? new string('x', 256) : key, Create);

        Assert.Equal(400, answer.Status);
        Assert.Empty(Api.Commands.Submitted);
    }

    [Fact]
    public async Task WithoutKey_NoPasswordIsKept()
    {
        await Api.PostAsync("/v2.1/servers", Create);

        Assert.Empty(Api.Cloud.Secrets);
    }

    private Task<Answer> CreateAsync(string key, string body) => Api.PostAsync("/v2.1/servers", body, null, ("Idempotency-Key", key));
}
