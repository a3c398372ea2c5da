using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>What ended within a slice of time.</summary>
/// <param name="From">When the slice begins.</param>
/// <param name="Succeeded">How many succeeded.</param>
/// <param name="Failed">How many failed.</param>
/// <param name="Canceled">How many were canceled.</param>
/// <param name="Median">Half of them took no longer; null: none ended.</param>
/// <param name="P95">Of a hundred, ninety-five took no longer.</param>
public sealed record Slice(DateTimeOffset From, int Succeeded, int Failed, int Canceled, TimeSpan? Median, TimeSpan? P95)
{
    /// <summary>How many ended.</summary>
    public int Total => Succeeded + Failed + Canceled;
}

/// <summary>Ended tasks by the time of their end.</summary>
public static class Throughput
{
    /// <summary>So many slices make a chart.</summary>
    public const int Slices = 30;

    /// <summary>Sorts tasks into slices up to now.</summary>
    /// <param name="tasks">Tasks that have ended.</param>
    /// <param name="now">Where the last slice ends.</param>
    /// <param name="window">How far back the first begins.</param>
    public static IReadOnlyList<Slice> Of(IEnumerable<EndedTask> tasks, DateTimeOffset now, TimeSpan window)
    {
        var (begin, length) = (now - window, window / Slices);
        var by = tasks.Where(t => t.EndedAt > begin).ToLookup(t => Math.Clamp((int)((t.EndedAt - begin) / length), 0, Slices - 1));
        return [.. Enumerable.Range(0, Slices).Select(i => SliceOf(begin + (length * i), [.. by[i]]))];
    }

    /// <summary>The value below which a share of sorted values lie.</summary>
    public static TimeSpan? Quantile(IReadOnlyList<TimeSpan> sorted, double share) => sorted.Count == 0 ? null : sorted[Math.Min((int)Math.Ceiling(sorted.Count * share), sorted.Count) - 1];

    private static Slice SliceOf(DateTimeOffset from, IReadOnlyList<EndedTask> tasks)
    {
        List<TimeSpan> took = [.. tasks.Select(t => t.EndedAt - t.CreatedAt).Order()];
        return new(from, tasks.Count(t => t.State == "succeeded"), tasks.Count(t => t.State == "failed"), tasks.Count(t => t.State == "canceled"), Quantile(took, 0.5), Quantile(took, 0.95));
    }
}
