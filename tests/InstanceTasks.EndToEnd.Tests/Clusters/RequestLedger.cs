using System.Collections.Concurrent;
using System.Globalization;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>A call that got no answer, or one that says that nobody could be asked.</summary>
/// <param name="What">What was asked for.</param>
/// <param name="Began">When it was sent.</param>
/// <param name="Why">What came instead.</param>
/// <param name="IsRefused">Whether it is certain that nobody got it.</param>
internal sealed record LostCall(string What, DateTimeOffset Began, string Why, bool IsRefused);

/// <summary>Every request of strict clients: how long it took, and whether it failed.</summary>
internal sealed class RequestLedger
{
    private readonly ConcurrentBag<(string What, double Seconds)> _requests = [];
    private readonly ConcurrentBag<AcceptedRequest> _accepted = [];
    private readonly ConcurrentBag<(string Kind, double Seconds)> _tasks = [];
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentQueue<LostCall> _lost = new();

    public int Count => _requests.Count;

    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Calls that were lost with a process, where clients put up with that.</summary>
    public IReadOnlyCollection<LostCall> Lost => _lost;

    /// <summary>What was accepted, from the answer on: whether a client has seen its end or not.</summary>
    public IReadOnlyCollection<AcceptedRequest> Accepted => _accepted;

    /// <summary>Held requests do not count: they take as long as their task.</summary>
    public TimeSpan SlowestRequest => TimeSpan.FromSeconds(Answered.Max());

    public TimeSpan SlowestTask => TimeSpan.FromSeconds(_tasks.Max(t => t.Seconds));

    private IEnumerable<double> Answered => _requests.Where(r => !r.What.Contains("wait", StringComparison.Ordinal)).Select(r => r.Seconds);

    public void Add(string what, TimeSpan took) => _requests.Add((what, took.TotalSeconds));

    public void Accept(AcceptedRequest accepted) => _accepted.Add(accepted);

    public void End(string kind, TimeSpan took) => _tasks.Add((kind, took.TotalSeconds));

    public void Fail(string what) => _failures.Enqueue($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {what}");

    public void Lose(LostCall call) => _lost.Enqueue(call);

    /// <summary>One line.</summary>
    public string Summary() => Invariant(
        $"{Count} requests, {Failures.Count} failed; {_tasks.Count} tasks; a request took {Percentiles([.. Answered.Order()])}; a task {Percentiles([.. _tasks.Select(t => t.Seconds).Order()])}");

    public string Report() => string.Join(
        Environment.NewLine,
        _requests.Select(r => (What: r.What, r.Seconds)).Concat(_tasks.Select(t => (What: $"task {t.Kind}", t.Seconds))).GroupBy(r => r.What).OrderBy(g => g.Key, StringComparer.Ordinal).Select(Line));

    private static string Line(IGrouping<string, (string What, double Seconds)> group) => Invariant($"{group.Key,-24} {group.Count(),6}   {Percentiles([.. group.Select(r => r.Seconds).Order()])}");

    private static string Percentiles(double[] sorted) => Invariant($"p50 {At(sorted, 0.5):0.000} s, p99 {At(sorted, 0.99):0.000} s, at most {sorted[^1]:0.000} s");

    private static double At(double[] sorted, double part) => sorted[(int)(sorted.Length * part)];

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
