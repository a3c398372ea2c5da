using System.Text;
using InstanceTasks.Api.Tests.Exactness;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>What bad input has once broken.</summary>
public sealed class BadInputRegressionTests : ApiTest
{
    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        World.Plant(Api);
    }

    /// <summary>The server reads a chunk's size as a number; where that is too large to be one it reports a failed read, and not a bad request. It was a 500.</summary>
    [Theory]
    [InlineData("ffffffffffffffff\r\n{}")]
    [InlineData("zz\r\n{}\r\n0\r\n\r\n")]
    public async Task Send_ChunkWhoseSizeIsNone_400AndNoErrorIsLogged(string chunks)
    {
        using var client = new RawClient(Api.Client.BaseAddress!, TimeSpan.FromSeconds(30));

        var answer = await client.SendAsync(new()
        {
            Method = "POST", Target = $"/v2.1/servers/{World.Active}/action", Body = Encoding.ASCII.GetBytes(chunks), Headers = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")],
        });

        Assert.Equal(400, answer.Status);
        Assert.DoesNotContain(Api.Logs.Entries, e => e.Level >= LogLevel.Error);
    }

    /// <summary>A server is put into its group before its create is asked for. A priority that is none was found after that: the group was written twice for a request that made no sense.</summary>
    [Fact]
    public async Task Create_InAGroupWithABadPriority_400AndTheGroupIsNotWritten()
    {
        var writes = new List<Document>();
        Api.Operators.BeforePut = writes.Add;

        var answer = await Api.PostAsync(
            "/v2.1/servers",
            $$$"""{"server":{"name":"a","imageRef":"{{{Fakes.Sample.ImageId}}}","flavorRef":"1"},"os:scheduler_hints":{"group":"{{{World.Group}}}"}}""",
            null,
            ("Task-Priority", "urgent"));

        Assert.Equal(400, answer.Status);
        Assert.Empty(writes);
    }

    /// <summary>Doubles were thrown away before anybody counted: any number of equal tags was taken.</summary>
    [Fact]
    public async Task Replace_MoreTagsThanAllowedAllOfThemEqual_400()
    {
        var answer = await Api.SendAsync(HttpMethod.Put, $"/v2.1/servers/{World.Active}/tags", $$"""{"tags":[{{string.Join(',', Enumerable.Repeat("\"x\"", 51))}}]}""", "2.96");

        Assert.Equal(400, answer.Status);
    }

    /// <summary>Each tag of a filter is a condition of its own: with a thousand of them SQLite found the statement too deep, and it was a 500.</summary>
    [Fact]
    public async Task Filter_ByMoreTagsThanAServerCanHave_400()
    {
        var tags = Enumerable.Range(0, 51).Select(i => $"t{i}").ToList();

        var list = await Api.GetAsync($"/v2.1/servers?tags={string.Join(',', tags)}", "2.96");
        var bulk = await Api.PostAsync("/v2.1/tasks", $$$$"""{"task":{"kind":"stop","selector":{"tags":["{{{{string.Join("\",\"", tags)}}}}"]}}}""");

        Assert.Equal((400, 400), (list.Status, bulk.Status));
    }

    /// <summary>The condition for "after the marker" grows with the square of the keys: a few hundred of them made a statement of megabytes.</summary>
    [Fact]
    public async Task List_SortedByOneKeyHundredsOfTimes_IsSortedByItOnce()
    {
        var answer = await Api.GetAsync($"/v2.1/servers?status=ACTIVE&status=active&{string.Join('&', Enumerable.Repeat("sort_key=uuid", 300))}");

        Assert.Equal((200, 1, 1), (answer.Status, Api.Cloud.LastFilter!.Sort.Count, Api.Cloud.LastFilter.Statuses!.Count));
    }

    /// <summary>The pattern of a selector reached the store unread: one that is none was a 500.</summary>
    [Fact]
    public async Task Bulk_SelectorWhoseNameIsNoPattern_400()
    {
        var answer = await Api.PostAsync("/v2.1/tasks", """{"task":{"kind":"stop","selector":{"name":"\\p{X}"}}}""");

        Assert.Equal((400, "Invalid input for field/attribute name. Value: \"\\\\p{X}\". \"\\\\p{X}\" is not a 'regex'"), (answer.Status, answer.Fault("badRequest")));
    }
}
