using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>The statements behind the counts, written once for both stores; each reads one index and no row that it does not count.</summary>
internal static class CountSql
{
    public const string Servers = "SELECT vm_state, COUNT(*) FROM instances WHERE deleted = 0 GROUP BY vm_state";

    // Every generation is at least 0: said so that the index of unfinished tasks by owner is searched.
    public const string Open = "SELECT state, kind, host, COUNT(*) FROM tasks WHERE ended = 0 AND generation >= 0 GROUP BY state, kind, host";

    public const string Ended = $"SELECT state, kind, COUNT(*) FROM tasks WHERE ended_at > @since AND state <> '{TaskRow.RefusedState}' GROUP BY state, kind";

    /// <summary>The failures' kinds. A task that failed without one, or cannot be read, counts as a defect of ours.</summary>
    /// <param name="kind">Reads the kind out of a body; null when it cannot.</param>
    public static string Failures(string kind) =>
        $"SELECT COALESCE({kind}, '{FailureKinds.Internal}') AS failure, COUNT(*) FROM tasks WHERE ended_at > @since AND state = 'failed' GROUP BY 1";

    public static CloudCounts ToCounts(
        IEnumerable<(string VmState, long Count)> servers,
        IReadOnlyCollection<(string State, string Kind, string? Host, long Count)> open,
        IEnumerable<(string State, string Kind, long Count)> ended,
        IEnumerable<(string Kind, long Count)> failures) => new(
            servers.ToDictionary(r => VmStateOf(r.VmState), r => (int)r.Count),
            Sum(open, r => (r.State, new TaskKind(r.Kind))),
            ended.ToDictionary(r => (r.State, new TaskKind(r.Kind)), r => (int)r.Count),
            failures.ToDictionary(r => r.Kind, r => (int)r.Count, StringComparer.Ordinal),
            Sum(open.Where(r => r.Host is not null), r => (new HostName(r.Host!), r.State)));

    private static Dictionary<TKey, int> Sum<TKey>(IEnumerable<(string State, string Kind, string? Host, long Count)> rows, Func<(string State, string Kind, string? Host, long Count), TKey> key)
        where TKey : notnull => rows.GroupBy(key).ToDictionary(g => g.Key, g => (int)g.Sum(r => r.Count));

    private static VmState VmStateOf(string name) => ServerStatus.TryParseVmState(name, out var state) ? state : throw new InvalidOperationException($"No vm_state is called '{name}'.");
}
