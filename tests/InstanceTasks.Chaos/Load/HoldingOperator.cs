using System.Text.Json.Nodes;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Load;

/// <summary>An operator who now and then holds a kind of task for a few seconds.</summary>
internal sealed class HoldingOperator(ChaosCluster cluster, Recorder recorder, int seed)
{
    private const int Number = 900;
    private static readonly string[] Kinds = ["stop", "reboot", "create", "resize"];
    private static readonly TimeSpan LookDeadline = TimeSpan.FromSeconds(60);

    private readonly Random _random = new(seed);
    private readonly Caller _caller = new(Number, cluster, recorder, new(seed + 1));

    /// <summary>Goes on until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromSeconds(_random.Next(8, 20)), cluster.Time, stop);
                await HoldAsync(stop);
            }
        }
        catch (OperationCanceledException)
        {
            // The end of the load; what is held still is let go by the end of the run.
        }
    }

    /// <summary>Lets everything go that is held.</summary>
    public async Task RemoveAllAsync()
    {
        using var late = new CancellationTokenSource(LookDeadline, cluster.Time);
        while (!late.IsCancellationRequested)
        {
            var (call, body) = await _caller.SendUntilKnownAsync(Caller.Read("list-holds"), HttpMethod.Get, "/v2.1/tasks/holds", null, late.Token);
            if (call.Accepted && body!["holds"]!.AsArray() is { Count: 0 })
            {
                return;
            }

            foreach (var hold in body?["holds"]?.AsArray() ?? [])
            {
                await RemoveAsync((string)hold!["id"]!, late.Token);
            }
        }

        recorder.Surprise("holds could not be removed");
    }

    private async Task HoldAsync(CancellationToken stop)
    {
        var body = new JsonObject { ["hold"] = new JsonObject { ["kind"] = Kinds[_random.Next(Kinds.Length)], ["reason"] = "chaos" } };
        var (call, answer) = await _caller.SendUntilKnownAsync(Caller.Read("hold") with { Key = Guid.NewGuid().ToString() }, HttpMethod.Post, "/v2.1/tasks/holds", body, stop);
        if (call.Accepted)
        {
            await Task.Delay(TimeSpan.FromSeconds(_random.Next(1, 4)), cluster.Time, stop);
            await RemoveAsync((string)answer!["hold"]!["id"]!, stop);
        }
    }

    private Task RemoveAsync(string hold, CancellationToken stop) =>
        _caller.SendUntilKnownAsync(Caller.Read("unhold") with { Key = Guid.NewGuid().ToString() }, HttpMethod.Delete, $"/v2.1/tasks/holds/{hold}", null, stop);
}
