using System.Text;
using InstanceTasks.Chaos.Checking;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Running;

/// <summary>A run as a page to read.</summary>
internal static class ChaosReport
{
    private const int MostProblems = 100;

    /// <summary>A few lines.</summary>
    public static IEnumerable<string> Lines(ChaosResult result)
    {
        var calls = result.History.Calls;
        yield return $"seed {result.Options.Seed}: {result.Faults.Count} faults, all proved but {result.Unproved.Count}: {string.Join(", ", result.Faults.GroupBy(f => f.Kind).Select(g => $"{g.Count()} {g.Key}"))}";
        yield return $"{calls.Count} calls ({calls.Count(c => c.IsRead)} reads), {calls.Count(c => c.Status is null)} without an answer; {result.History.Tasks.Count} tasks, {result.History.Stream.Count} commits, {result.Repeats} effects repeated by another owner; {result.Compared} comparisons of store and world";
        yield return $"{result.History.Deliveries.Count} events to followers on {result.Connections} connections";
        yield return $"tasks' clients waited {Percentiles(result.Waits)}; everything had ended {result.Rest?.TotalSeconds.ToString("0.0") ?? "not even 90"} s after the load";
        yield return $"tasks were without a commit for {Percentiles([.. ProgressRule.Longest(result.History).Select(s => s.Time.TotalSeconds).Order()])}";
        yield return $"calls were answered within {Percentiles(AnswerTimes(calls.Where(c => !IsHeld(c))), "0.00")}, without those that wait for the end of a task";
        yield return $"detection of a killed silo {Percentiles(result.Detections)}, {result.Undetected} more had a successor before; leases lapsed: {result.Lives.Sum(l => l.Lapses)}";
        yield return $"evictions of healthy silos: {result.FalseEvictions.Count} in {result.HealthyTime.TotalHours:0.00} hours that silos were healthy; of disturbed ones: {result.DisturbedEvictions}";
        yield return $"start of a silo until it serves {Percentiles([.. result.Lives.Select(l => l.Start.TotalSeconds).Order()])}";
        yield return $"processes: {result.Lives.Count}, ended by themselves {result.Lives.Count(l => l.End == SiloEnd.ByItself)}, failed starts {result.FailedStarts.Count}, unclean stops {result.BadStops.Count}";
        yield return $"silos built with Orleans {result.OrleansBuild}";
        foreach (var (kind, why) in result.Missing)
        {
            yield return $"without {kind}: {why}";
        }
    }

    /// <summary>The page.</summary>
    public static string Markdown(ChaosResult result, string command, DateTimeOffset at)
    {
        var text = new StringBuilder();
        text.AppendLine("# Chaos report");
        text.AppendLine();
        text.AppendLine($"Written by the run itself on {at:yyyy-MM-dd}: {(result.Passed ? "nothing was violated" : $"**{result.Problems.Count} problems**")}.");
        text.AppendLine();
        text.AppendLine($"    {command}");
        text.AppendLine();
        text.AppendLine($"Seed {result.Options.Seed}, faults for {result.Options.Duration.TotalMinutes:0.#} minutes, {result.Options.Clients} clients, {Environment.ProcessorCount} processors for silos, database, clients and checker; silos {(result.Network ? "each in a network namespace of its own" : "on loopback")}.");
        text.AppendLine();
        foreach (var line in Lines(result))
        {
            text.AppendLine($"- {line}");
        }

        AddMeans(text);
        AddFaults(text, result);
        AddCalls(text, result);
        AddRules(text, result);
        AddList(text, "Problems", result.Problems.Take(MostProblems));
        AddList(text, "Processes that ended by themselves", result.Lives.Where(l => l.End == SiloEnd.ByItself).Select(l => $"{l.Silo} at {l.EndedAt:HH:mm:ss} with {l.ExitCode}{(l.DeclaredDeadAt is { } dead ? $", declared dead at {dead:HH:mm:ss}" : "")}: {Cause(l)}"));
        AddList(text, "Failed starts", result.FailedStarts.Select(StartCause));
        AddList(text, "Unclean stops", result.BadStops);
        AddList(text, "Healthy silos that were evicted", result.FalseEvictions.Select(l => $"{l.Silo} at {l.DeclaredDeadAt:HH:mm:ss}"));
        return text.ToString();
    }

    private static void AddMeans(StringBuilder text) => text.AppendLine().AppendLine(
        """
        Silos are real processes on one PostgreSQL of their own, whose hypervisors share one simulated world; each has a network namespace, and reaches the database through a proxy of this program only.
        A partition makes the kernel send packets to an address where nobody is; connections to the database are reset, held up or stopped in the proxy; memory pressure is a memory cgroup that allows a running silo
        one MiB more than it has; another clock comes from libfaketime, and never touches the machine's. A fault that cannot show by something counted that it struck fails the run.
        Clients send each call once or repeat it under one key, through any silo, also one that stands still; no answer is kept as an outcome that is not known. A silo that ends by itself is started again, as an init system would.
        A *healthy* silo is one that no fault had touched for 20 s.
        """);

    private static void AddFaults(StringBuilder text, ChaosResult result)
    {
        text.AppendLine().AppendLine("## Faults").AppendLine().AppendLine("| | struck | proved | the last one |").AppendLine("|---|---|---|---|");
        foreach (var kind in result.Faults.GroupBy(f => f.Kind).OrderBy(g => g.Key))
        {
            text.AppendLine($"| {kind.Key} | {kind.Count()} | {kind.Count(f => f.What.Proved)} | {kind.Last().What.Evidence} |");
        }
    }

    private static void AddCalls(StringBuilder text, ChaosResult result)
    {
        text.AppendLine().AppendLine("## Calls").AppendLine().AppendLine("| | sent | answers | answered within |").AppendLine("|---|---|---|---|");
        foreach (var what in result.History.Calls.GroupBy(c => c.What).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var answers = what.GroupBy(c => c.Status?.ToString() ?? "none").OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Key}: {g.Count()}");
            text.AppendLine($"| {what.Key} | {what.Count()} | {string.Join(", ", answers)} | {Percentiles(AnswerTimes(what), "0.00")} |");
        }

        text.AppendLine().AppendLine($"{Call.ReadTask} waits up to five seconds for the task's end.");
        var ends = result.History.Tasks.GroupBy(t => t.State).OrderByDescending(g => g.Count()).Select(g => $"{g.Count()} {g.Key}");
        text.AppendLine().AppendLine($"Tasks: {string.Join(", ", ends)}.");
    }

    private static void AddRules(StringBuilder text, ChaosResult result)
    {
        text.AppendLine().AppendLine("## Rules").AppendLine().AppendLine("| | demands | violated |").AppendLine("|---|---|---|");
        foreach (var (name, rule) in HistoryChecker.Rules)
        {
            text.AppendLine($"| {name} | {rule.Demand} | {result.Violations.Count(v => v.Rule == name)} |");
        }
    }

    private static void AddList(StringBuilder text, string title, IEnumerable<string> lines)
    {
        var all = lines.ToList();
        if (all.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine($"## {title}").AppendLine();
        all.ForEach(l => text.AppendLine($"- {l.ReplaceLineEndings(" ")}"));
    }

    private static string Cause(SiloLife life) => Short(life.Complaints.LastOrDefault(c => c.Contains("crit:", StringComparison.Ordinal)) ?? (life.Complaints.Count > 0 ? life.Complaints[^1] : "it said nothing"));

    // The reason is the last that it said; what it said first it always says.
    private static string StartCause(string failed)
    {
        var lines = failed.ReplaceLineEndings("\n").Split('\n');
        return Short($"{lines[0]} {lines.LastOrDefault(l => l.Contains("fail:", StringComparison.Ordinal) || l.Contains("crit:", StringComparison.Ordinal)) ?? lines[^1]}");
    }

    private static string Short(string text) => text.Length <= 300 ? text : text[..300] + "…";

    // Such a call takes as long as its task.
    private static bool IsHeld(Call call) => call.What == Call.ReadTask;

    private static List<double> AnswerTimes(IEnumerable<Call> calls) => [.. calls.Where(c => c.Answered is not null).Select(c => (c.Answered!.Value - c.Sent).TotalSeconds).Order()];

    private static string Percentiles(IReadOnlyList<double> sorted, string format = "0.0") => sorted.Count == 0
        ? "(none)"
        : $"p50 {At(sorted, 0.5).ToString(format)} s, p99 {At(sorted, 0.99).ToString(format)} s, at most {sorted[^1].ToString(format)} s ({sorted.Count})";

    private static double At(IReadOnlyList<double> sorted, double part) => sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * part))];
}
