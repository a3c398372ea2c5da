using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;
using InstanceTasks.Chaos.Faults;
using InstanceTasks.Chaos.Load;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Postgres;
using Npgsql;

namespace InstanceTasks.Chaos.Running;

/// <summary>A run: cluster, load and faults; then rest, and the judgement.</summary>
internal sealed class ChaosRun(ChaosOptions options)
{
    /// <summary>How long after the last fault everything must have ended.</summary>
    public static readonly TimeSpan RestBound = TimeSpan.FromSeconds(90);

    private const int Followers = 2;
    private const int Image = 0;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CatchUp = TimeSpan.FromSeconds(60);

    // After a silo has been stopped or cut off, its steps may be repeated elsewhere so much later.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LargestOffset = TimeSpan.FromSeconds(30);

    private readonly TimeProvider _time = TimeProvider.System;

    public async Task<ChaosResult> RunAsync()
    {
        await using var cluster = await ChaosCluster.StartAsync(_time);
        options.Say($"{_time.GetUtcNow():HH:mm:ss} {ChaosCluster.Usual} silos serve ({(cluster.Network is null ? "on loopback" : "each in a network namespace")})");
        var recorder = new Recorder(_time);
        var schedule = new FaultSchedule(cluster, options);
        using var stopLoad = new CancellationTokenSource();
        using var stopFollowers = new CancellationTokenSource();
        var holding = new HoldingOperator(cluster, recorder, options.Seed);
        var followers = Enumerable.Range(1, Followers).Select(n => new Follower(n, cluster, recorder, options.Seed + n)).ToList();
        var following = followers.Select(f => f.RunAsync(stopFollowers.Token)).ToList();
        var load = await StartLoadAsync(cluster, recorder, holding, stopLoad.Token);
        await Task.Delay(WarmUp, _time);
        await schedule.RunAsync();
        await stopLoad.CancelAsync();
        await Task.WhenAll(load);
        await holding.RemoveAllAsync();
        var rest = await RestAsync(cluster);
        await CatchUpAsync(cluster, followers, recorder);
        await stopFollowers.CancelAsync();
        await Task.WhenAll(following);
        await cluster.StopAsync();
        return Judge(cluster, recorder, schedule, rest, followers.Sum(f => f.Connections));
    }

    private async Task<List<Task>> StartLoadAsync(ChaosCluster cluster, Recorder recorder, HoldingOperator holding, CancellationToken stop)
    {
        var answer = await cluster.Slots[0].Http.SendAsync(HttpMethod.Get, "/image/v2/images", null, null, RestBound, stop);
        var image = (string)answer!.Body!["images"]![Image]!["id"]!;
        return
        [
            .. Enumerable.Range(1, options.Clients).Select(n => new ChaosClient(n, cluster, recorder, image, options.Seed + (n * 100)).RunAsync(stop)),
            holding.RunAsync(stop),
        ];
    }

    /// <summary>Waits until every task has ended, but not for ever. Returns how long that took; null: some have not.</summary>
    private async Task<TimeSpan?> RestAsync(ChaosCluster cluster)
    {
        var (truth, began) = (new TruthReader(cluster.SharedDirectory), _time.GetTimestamp());
        try
        {
            await Eventually.TrueAsync(() => truth.ReadUnfinished().Count == 0, RestBound, "every task has ended");
            return _time.GetElapsedTime(began);
        }
        catch (TimeoutException)
        {
            foreach (var task in truth.ReadUnfinished())
            {
                options.Say($"not ended: {task.Id} {task.Kind} on {task.Instance}: {task.State}, step {task.Step}, epoch {task.Epoch}, generation {task.Generation}, {task.WaitReason}, host {task.Host}, updated {task.UpdatedAt:HH:mm:ss.fff}");
            }

            return null;
        }
    }

    private static async Task CatchUpAsync(ChaosCluster cluster, List<Follower> followers, Recorder recorder)
    {
        var last = new TruthReader(cluster.SharedDirectory).ReadLastPlace();
        try
        {
            await Eventually.TrueAsync(() => followers.TrueForAll(f => f.Place >= last), CatchUp, "the followers have caught up");
        }
        catch (TimeoutException)
        {
            recorder.Surprise($"followers are at {string.Join(", ", followers.Select(f => f.Place))}, the stream at {last}");
        }
    }

    private ChaosResult Judge(ChaosCluster cluster, Recorder recorder, FaultSchedule schedule, TimeSpan? rest, int connections)
    {
        // What was sent to the database before it was restarted is read on connections of before.
        NpgsqlConnection.ClearAllPools();
        var audit = WorldAudit.Compare(cluster.SharedDirectory, Accepted(recorder), Moments(schedule.Records));
        var history = new TruthReader(cluster.SharedDirectory).Read(audit) with { Calls = recorder.Calls, Deliveries = recorder.Deliveries };
        HistoryFile.Write(options.HistoryFile, history, schedule.Records);
        return new()
        {
            Options = options,
            Network = cluster.Network is not null,
            History = history,
            Violations = HistoryChecker.Check(history),
            Faults = schedule.Records,
            Missing = schedule.Missing,
            NeedsAll = PostgresServer.IsRequired,
            Lives = cluster.Lives,
            FailedStarts = [.. cluster.Slots.SelectMany(s => s.FailedStarts)],
            Surprises = recorder.Surprises,
            Waits = [.. recorder.Waits.Values.Order()],
            Rest = rest,
            Compared = audit.Compared,
            Repeats = audit.Repeats.Count,
            Connections = connections,
        };
    }

    private static IEnumerable<AcceptedRequest> Accepted(Recorder recorder) => recorder.Calls
        .Where(c => c is { Accepted: true, IsRead: false, Task: not null, Server: not null })
        .DistinctBy(c => c.Task)
        .Select(c => new AcceptedRequest(c.What, c.Server!.Value, c.Task!.Value, [.. TaskStateNames.Terminal]));

    /// <summary>Moments between which a step may be repeated by another owner.</summary>
    private static List<DateTimeOffset> Moments(IReadOnlyList<FaultRecord> faults)
    {
        var moments = new List<DateTimeOffset>();
        foreach (var fault in faults)
        {
            var early = fault.Kind == FaultKind.Clock ? LargestOffset : TimeSpan.Zero;
            for (var at = fault.From - early; at <= fault.Until + Aftermath + early; at += Moment)
            {
                moments.Add(at);
            }
        }

        return moments;
    }
}
