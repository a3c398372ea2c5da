using System.Collections.Concurrent;
using System.Globalization;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Every request of strict clients: how long it took, and whether it failed.</summary>
internal sealed class RequestLedger
{
    private readonly ConcurrentBag<(string What, double Seconds)> _requests = [];
    private readonly ConcurrentBag<AcceptedRequest> _accepted = [];
    private readonly ConcurrentBag<(string Kind, double Seconds)> _tasks = [];
    private readonly ConcurrentQueue<string> _failures = new();

    public int Count => _requests.Count;

    public IReadOnlyCollection<string> Failures => _failures;

    public IReadOnlyCollection<AcceptedRequest> Accepted => _accepted;

    /// <summary>Held requests do not count: they take as long as their task.</summary>
    public TimeSpan SlowestRequest => TimeSpan.FromSeconds(_requests.Where(r => !r.What.Contains("wait", StringComparison.Ordinal)).Max(r => r.Seconds));

    public TimeSpan SlowestTask => TimeSpan.FromSeconds(_tasks.Max(t => t.Seconds));

    public void Add(string what, TimeSpan took) => _requests.Add((what, took.TotalSeconds));

    public void Add(AcceptedRequest accepted, TimeSpan took)
    {
        _accepted.Add(accepted);
        _tasks.Add((accepted.Kind, took.TotalSeconds));
    }

    public void Fail(string what) => _failures.Enqueue($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");

    public string Summary() => Invariant($"{Count} requests, {Failures.Count} failed; {_tasks.Count} tasks; a request took {SlowestRequest.TotalSeconds:0.00} s at most, a task {SlowestTask.TotalSeconds:0.0} s");

    public string Report() => string.Join(
        Environment.NewLine,
        _requests.Select(r => (What: r.What, r.Seconds)).Concat(_tasks.Select(t => (What: $"task {t.Kind}", t.Seconds))).GroupBy(r => r.What).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Line));

    private static string Line(IGrouping<string, (string What, double Seconds)> group)
    {
        double[] sorted = [.. group.Select(r => r.Seconds).Order()];
        return Invariant($"{group.Key,-24} {sorted.Length,6}   p50 {sorted[sorted.Length / 2],7:0.000} s   p99 {sorted[(int)(sorted.Length * 0.99)],7:0.000} s   max {sorted[^1],7:0.000} s");
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
