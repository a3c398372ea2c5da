using System.Net;
using InstanceTasks.Client;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>A client follows the events while the silo is killed under load, and again: what it has seen is what the store has, each commit once and in order.</summary>
public sealed class EventStreamTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 3;
    private const int Servers = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TempDirectory _data = new("events");

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Follow_WhileTheSiloIsKilled_HasEveryCommitOnceInOrder()
    {
        var silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = _data.Path });
        try
        {
            new WorldControl(_data.Path).SetLatency(null, TimeSpan.FromMilliseconds(100));
            var image = await silo.Api.ReadImageAsync();
            using var client = new ComputeClient(new ClientSettings { Endpoint = new(silo.Setup.Url, "/v2.1"), RetryFor = Patience });
            using var stop = new CancellationTokenSource(Patience * 3);
            var seen = new List<TaskEvents>();
            var following = FollowAsync(client, seen, stop.Token);
            var tasks = new List<Guid>();
            for (var kill = 0; kill < Kills; kill++)
            {
                var before = Count(seen);
                for (var i = 0; i < Servers; i++)
                {
                    tasks.Add((await client.Servers.CreateAsync(new() { Name = $"vm{i}", FlavorRef = "1", ImageRef = image })).Task);
                }

                await Eventually.TrueAsync(() => Count(seen) > before + Servers, Patience, "the client sees what happens", () => silo.Output);
                await silo.KillAsync();
                silo = await silo.RestartAsync();
            }

            foreach (var task in tasks)
            {
                Assert.Equal(TaskStates.Succeeded, (await client.Tasks.WaitAsync(task, Patience)).State);
            }

            var stored = new StreamReader(_data.Path).Read();
            await Eventually.TrueAsync(() => Count(seen) >= stored.Count, Patience, "the client has seen everything");
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
            Assert.Equal(stored, seen.Select(e => (e.Id, e.TaskId, e.Seq)));
            output.WriteLine($"{stored.Count} commits of {tasks.Count} tasks over {Kills} kills: each seen once, in order");
        }
        finally
        {
            await silo.DisposeAsync();
        }
    }

    private static async Task FollowAsync(ComputeClient client, List<TaskEvents> seen, CancellationToken stop)
    {
        await foreach (var commit in client.Tasks.FollowAsync(after: 0, cancellationToken: stop))
        {
            lock (seen)
            {
                seen.Add(commit);
            }
        }
    }

    private static int Count(List<TaskEvents> seen)
    {
        lock (seen)
        {
            return seen.Count;
        }
    }

    private sealed class StreamReader(string directory) : SqliteReader(directory, "task_events")
    {
        public List<(long Id, Guid Task, long Seq)> Read() =>
            [.. Query("SELECT e.stream_id, e.task_id, e.seq FROM task_events e JOIN tasks t ON t.id = e.task_id WHERE t.state <> 'refused' ORDER BY e.stream_id", r => (r.GetInt64(0), Guid.Parse(r.GetString(1)), r.GetInt64(2)))];
    }
}
