using System.IO.Pipelines;
using InstanceTasks.Client.Tests.Fakes;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Client.Tests;

/// <summary>A stream over many connections is one sequence: each event once.</summary>
public sealed class EventSourceTests
{
    private const string Gone = """{"computeFault":{"code":410,"message":"There has been no event 9."}}""";

    private readonly HastyTime _time = new(TimeSpan.FromSeconds(10));

    [Fact]
    public async Task Follow_ConnectionsThatEnd_GoOnBehindTheLastWholeBlock()
    {
        var handler = new ScriptedHandler(
            ScriptedHandler.Stream($"retry: 500\nid: 3\n\n{Block(4)}{Block(5)}id: 6\ndata: {{\"id\":6}}\n"),
            ScriptedHandler.Stream($": heart-beat\nid: 8\n\n{Block(9)}id: 11\n\n"),
            ScriptedHandler.Lost,
            ScriptedHandler.Stream(Block(12)),
            ScriptedHandler.Json(410, Gone));
        using var client = Client(handler);
        var seen = new List<long>();

        var problem = await Assert.ThrowsAsync<ApiException>(() => TakeAllAsync(client.Tasks.FollowAsync(), seen));

        Assert.Equal([4, 5, 9, 12], seen);
        Assert.Equal(ProblemKind.Gone, problem.Kind);
        Assert.Equal([null, "5", "11", "11", "12"], handler.Asked.Select(a => a.Headers.GetValueOrDefault("Last-Event-ID")));
        Assert.Equal([0.5, 0.5, 0.25, 0.5], _time.Waits.Select(w => w.TotalSeconds));
        Assert.All(handler.Asked, a => Assert.Equal("text/event-stream", a.Headers["Accept"]));
    }

    [Fact]
    public async Task Follow_SilentConnection_IsGivenUpAndMadeAgain()
    {
        var pipe = new Pipe();
        await pipe.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes(Block(1)));
        var handler = new ScriptedHandler(ScriptedHandler.Stream(pipe.Reader.AsStream()), ScriptedHandler.Stream(Block(2)), ScriptedHandler.Json(410, Gone));
        var time = new ManualTime();
        using var client = new ComputeClient(new ClientSettings { Endpoint = new("http://service/v2.1"), Handler = handler, Time = time });
        var seen = new List<long>();

        var taking = TakeAllAsync(client.Tasks.FollowAsync(), seen);
        while (seen.Count == 0)
        {
            await Task.Yield();
        }

        time.Advance(TimeSpan.FromSeconds(44));
        Assert.Single(handler.Asked);
        while (!taking.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        await Assert.ThrowsAsync<ApiException>(() => taking);
        Assert.Equal([1, 2], seen);
    }

    [Fact]
    public async Task FollowTask_ItsEnd_EndsTheSequence_AlsoWhenItWasSeenBefore()
    {
        var task = Guid.NewGuid();
        var handler = new ScriptedHandler(
            ScriptedHandler.Stream(Block(1) + "id: 2\ndata: {\"id\":2,\"events\":[{\"type\":\"ended\",\"outcome\":\"succeeded\"}]}\n\n" + Block(3)),
            _ => new(System.Net.HttpStatusCode.NoContent));
        using var client = Client(handler);
        var (first, second) = (new List<long>(), new List<long>());

        await TakeAllAsync(client.Tasks.FollowTaskAsync(task), first);
        await TakeAllAsync(client.Tasks.FollowTaskAsync(task, after: 2), second);

        Assert.Equal([1, 2], first);
        Assert.Empty(second);
        Assert.Equal([$"GET /v2.1/tasks/{task}/events", $"GET /v2.1/tasks/{task}/events"], handler.Asked.Select(a => a.Line));
        Assert.Equal("2", handler.Asked[1].Headers["Last-Event-ID"]);
    }

    [Fact]
    public async Task Follow_Canceled_Ends()
    {
        using var stop = new CancellationTokenSource();
        using var client = Client(new ScriptedHandler(ScriptedHandler.Stream(new Pipe().Reader.AsStream())));
        var taking = TakeAllAsync(client.Tasks.FollowAsync(new() { Kinds = ["stop"] }, 5, stop.Token), []);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => taking);
    }

    private static string Block(long id) => $"id: {id}\ndata: {{\"id\":{id},\ndata: \"events\":[{{\"type\":\"paused\"}}]}}\n\n";

    private static async Task<bool> TakeAllAsync(IAsyncEnumerable<TaskEvents> events, List<long> seen)
    {
        await foreach (var e in events)
        {
            seen.Add(e.Id);
        }

        return true;
    }

    private ComputeClient Client(ScriptedHandler handler) => new(new ClientSettings { Endpoint = new("http://service/v2.1"), Handler = handler, Time = _time });
}
