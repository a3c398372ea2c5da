using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Load;

/// <summary>Follows the event stream from its beginning through one silo after the other: goes away by itself or is thrown out, and comes back with the place where it was.</summary>
internal sealed class Follower(int number, ChaosCluster cluster, Recorder recorder, int seed)
{
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(300);

    private readonly Random _random = new(seed);
    private string _place = "0";
    private string? _id;
    private string? _data;

    /// <summary>On how many connections it has followed.</summary>
    public int Connections { get; private set; }

    /// <summary>The newest place that it has come to.</summary>
    public long Place => long.Parse(_place);

    /// <summary>Goes on until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await FollowAsync(stop);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                Judge(e);
            }

            // What Task.Delay would throw at the end is nobody's business.
            await Task.WhenAny(Task.Delay(Breath, cluster.Time, stop));
        }
    }

    private async Task FollowAsync(CancellationToken stop)
    {
        List<SiloSlot> wanted = [.. cluster.Slots.Where(s => s.IsWanted)];
        if (wanted.Count == 0)
        {
            return;
        }

        using var leave = CancellationTokenSource.CreateLinkedTokenSource(stop);
        leave.CancelAfter(TimeSpan.FromSeconds(2 + (_random.NextDouble() * 12)));
        Connections++;
        (_id, _data) = (null, null);
        await foreach (var line in wanted[_random.Next(wanted.Count)].Http.FollowAsync(_place, leave.Token))
        {
            Take(line);
        }
    }

    /// <summary>An event is there with its empty line: what came before that may be half of one.</summary>
    private void Take(string line)
    {
        _id = line.StartsWith("id: ", StringComparison.Ordinal) ? line[4..] : _id;
        _data = line.StartsWith("data: ", StringComparison.Ordinal) ? line[6..] : _data;
        if (line.Length > 0)
        {
            return;
        }

        if (_data is { } data)
        {
            var row = JsonNode.Parse(data)!;
            recorder.Add(new Delivery(number, Connections, Guid.Parse((string)row["task_id"]!), (long)row["seq"]!));
        }

        (_place, _id, _data) = (_id ?? _place, null, null);
    }

    private void Judge(Exception e)
    {
        if (e is HttpRequestException { StatusCode: { } status and not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests) })
        {
            recorder.Surprise($"follower {number} at {_place}: {e.Message}");
        }
    }
}
