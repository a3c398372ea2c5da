using InstanceTasks.Chaos.Cluster;
using InstanceTasks.Chaos.Faults;

namespace InstanceTasks.Chaos.Running;

/// <summary>One fault after the other, each kind once before any comes again.</summary>
internal sealed class FaultSchedule(ChaosCluster cluster, ChaosOptions options)
{
    private const int MostMisses = 20;

    private readonly Random _random = new(options.Seed);
    private readonly Queue<FaultKind> _bag = new();
    private readonly List<FaultRecord> _records = [];

    /// <summary>What has struck.</summary>
    public IReadOnlyList<FaultRecord> Records => _records;

    /// <summary>How often a fault found nobody to strike.</summary>
    public int Misses { get; private set; }

    /// <summary>Kinds that were asked for and cannot be had here, with the reason.</summary>
    public IReadOnlyDictionary<FaultKind, string> Missing { get; } = Asked(options)
        .Select(k => (Kind: k, Why: FaultTable.WhyNot(k))).Where(k => k.Why is not null).ToDictionary(k => k.Kind, k => k.Why!);

    private List<FaultKind> Kinds => [.. Asked(options).Where(k => !Missing.ContainsKey(k))];

    private static IEnumerable<FaultKind> Asked(ChaosOptions options) => options.Kinds.Count > 0 ? options.Kinds.Distinct() : Enum.GetValues<FaultKind>();

    /// <summary>Strikes until the time is over.</summary>
    public async Task RunAsync()
    {
        var tools = new FaultTools(cluster, _random);
        var began = cluster.Time.GetTimestamp();
        while (cluster.Time.GetElapsedTime(began) < options.Duration)
        {
            await StrikeAsync(Next(), tools);
            await tools.LastAsync(tools.Between(0.5, 4));
        }
    }

    private FaultKind Next()
    {
        if (_bag.Count == 0)
        {
            var kinds = Kinds.ToArray();
            _random.Shuffle(kinds);
            Array.ForEach(kinds, _bag.Enqueue);
        }

        return _bag.Dequeue();
    }

    private async Task StrikeAsync(FaultKind kind, FaultTools tools)
    {
        var from = cluster.Time.GetUtcNow();
        try
        {
            var what = await FaultTable.Strikes[kind](tools);
            _records.Add(new(kind, from, cluster.Time.GetUtcNow(), what));
            options.Say($"{from:HH:mm:ss} {kind} {(what.Proved ? "" : "NOT PROVED ")}{what.Evidence}");
        }
        catch (FaultMissedException e) when (++Misses < MostMisses)
        {
            options.Say($"{from:HH:mm:ss} {kind} missed: {e.Message}");
            _bag.Enqueue(kind);
        }
        catch (Exception e)
        {
            // The run fails with it, and its history is judged all the same.
            _records.Add(new(kind, from, cluster.Time.GetUtcNow(), new([], false, $"it broke off: {e.Message.ReplaceLineEndings("\n").Split('\n')[0]}")));
            options.Say($"{from:HH:mm:ss} {kind} BROKE OFF: {e}");
        }
    }
}
