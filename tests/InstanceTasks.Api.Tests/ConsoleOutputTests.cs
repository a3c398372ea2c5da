using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests;

/// <summary>os-getConsoleOutput (nova-api §3.4).</summary>
public sealed class ConsoleOutputTests : ApiTest
{
    [Theory]
    [InlineData("null", null)]
    [InlineData("{}", null)]
    [InlineData("""{"length":null}""", null)]
    [InlineData("""{"length":-1}""", -1)]
    [InlineData("""{"length":"-1"}""", -1)]
    [InlineData("""{"length":"-01"}""", -1)]
    [InlineData("""{"length":0}""", 0)]
    [InlineData("""{"length":10}""", 10)]
    [InlineData("""{"length":"10"}""", 10)]
    public async Task Read_ANumberOfLines_IsAskedForAtTheServersHost(string value, int? lines)
    {
        var server = Api.Add(Sample.Server());

        var answer = await ReadAsync(server.Id, value);

        Assert.Equal((200, """{"output":"[    0.000000] hello\nlogin: "}"""), (answer.Status, answer.Body!.ToJsonString()));
        Assert.Equal((server.Host!.Value, server.Id, lines), Assert.Single(Api.Consoles.Asked));
        Assert.Equal((null, null), (answer.Header("OpenStack-Task"), answer.Header("Link")));
        Assert.Empty(Api.Commands.Submitted);
    }

    [Theory]
    [InlineData("10")]
    [InlineData("\"10\"")]
    [InlineData("[]")]
    [InlineData("""{"length":"ten"}""")]
    [InlineData("""{"length":""}""")]
    [InlineData("""{"length":"+5"}""")]
    [InlineData("""{"length":" 5"}""")]
    [InlineData("""{"length":1.5}""")]
    [InlineData("""{"length":true}""")]
    [InlineData("""{"length":[1]}""")]
    [InlineData("""{"length":-2}""")]
    [InlineData("""{"length":"-2"}""")]
    [InlineData("""{"lines":10}""")]
    [InlineData("""{"length":10,"more":1}""")]
    public async Task Read_AnotherBody_400(string value)
    {
        var answer = await ReadAsync(Api.Add(Sample.Server()).Id, value);

        Assert.Equal(400, answer.Status);
        Assert.StartsWith("Invalid input for field/attribute", answer.Fault("badRequest"), StringComparison.Ordinal);
        Assert.Empty(Api.Consoles.Asked);
    }

    [Fact]
    public async Task Read_AServerWithoutAHost_409()
    {
        var server = Api.Add(Sample.Server(state: VmState.ShelvedOffloaded) with { Host = null });

        var answer = await ReadAsync(server.Id);

        Assert.Equal((409, $"Instance {server.Id} is not ready"), (answer.Status, answer.Fault("conflictingRequest")));
        Assert.Empty(Api.Consoles.Asked);
    }

    [Fact]
    public async Task Read_OneThatIsBeingMade_AsksTheHostOfItsTask()
    {
        var server = Sample.Server(state: VmState.Building) with { Host = null };
        Api.Add(server, Sample.Task(server, "create") with { Host = new("host-9") });

        Assert.Equal(200, (await ReadAsync(server.Id)).Status);

        Assert.Equal("host-9", Assert.Single(Api.Consoles.Asked).Host.Value);
    }

    /// <summary>Nova looks neither at a lock nor at a task_state.</summary>
    [Fact]
    public async Task Read_ALockedServerWithATask_200()
    {
        var server = Sample.Server() with { LockedBy = "admin" };
        Api.Add(server, Sample.Task(server, "reboot"));

        Assert.Equal(200, (await ReadAsync(server.Id)).Status);
    }

    [Fact]
    public async Task Read_NobodysOrAnothersServer_404()
    {
        await using var api = await ApiHost.StartAsync(admin: false);
        var other = api.Add(Sample.Server() with { Project = new("other") });

        foreach (var id in new[] { $"{InstanceId.New()}", $"{other.Id}", "none" })
        {
            var answer = await api.PostAsync($"/v2.1/servers/{id}/action", """{"os-getConsoleOutput":{}}""");
            Assert.Equal((404, $"Instance {id} could not be found."), (answer.Status, answer.Fault("itemNotFound")));
        }

        Assert.Empty(api.Consoles.Asked);
    }

    [Fact]
    public async Task Read_TheHostKnowsNoSuchMachine_404()
    {
        var server = Api.Add(Sample.Server());
        Api.Consoles.Answer = new() { Verdict = ConsoleVerdict.NoMachine };

        Assert.Equal(404, (await ReadAsync(server.Id)).Status);
    }

    [Fact]
    public async Task Read_NoWorkerAnswers_503SaysWhyAndWhenToAskAgain()
    {
        var server = Api.Add(Sample.Server());
        Api.Consoles.Answer = ConsoleAnswer.Unavailable("no worker reaches its host");

        var answer = await ReadAsync(server.Id);

        Assert.Equal((503, $"The console of instance {server.Id} cannot be read now: no worker reaches its host."), (answer.Status, answer.Fault("serviceUnavailable")));
        Assert.NotNull(answer.Header("Retry-After"));
    }

    [Fact]
    public async Task Read_ControlCharacters_AreLeftOutAsNovaDoes()
    {
        Api.Consoles.Answer = FakeConsoles.Saying("a\0b\u001b[1mc\r\n\td\u007f€");

        var answer = await ReadAsync(Api.Add(Sample.Server()).Id);

        Assert.Equal("ab[1mc\n\td\u007f€", (string)answer.Body!["output"]!);
    }

    [Fact]
    public async Task Read_WithAnIdempotencyKey_IsReadEachTime()
    {
        var server = Api.Add(Sample.Server());
        await ReadAsync(server.Id, "{}", ("Idempotency-Key", "k"));
        Api.Consoles.Answer = FakeConsoles.Saying("more");

        var again = await ReadAsync(server.Id, "{}", ("Idempotency-Key", "k"));

        Assert.Equal("more", (string)again.Body!["output"]!);
        Assert.Empty(Api.Journal.Keys);
    }

    [Fact]
    public async Task Read_AsADryRun_400AndNothingIsRead()
    {
        var answer = await Api.PostAsync($"/v2.1/servers/{Api.Add(Sample.Server()).Id}/action?dry_run=true", """{"os-getConsoleOutput":{}}""");

        Assert.Equal((400, "dry_run is not available for os-getConsoleOutput: it only reads."), (answer.Status, answer.Fault("badRequest")));
        Assert.Empty(Api.Consoles.Asked);
    }

    private Task<Answer> ReadAsync(InstanceId server, string value = "{}", params (string, string)[] headers) =>
        Api.PostAsync($"/v2.1/servers/{server}/action", $$"""{"os-getConsoleOutput":{{value}}}""", "2.96", headers);
}
