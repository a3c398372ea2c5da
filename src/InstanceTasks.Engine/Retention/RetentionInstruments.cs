using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace InstanceTasks.Engine;

/// <summary>Metrics of retention.</summary>
internal static class RetentionInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Retention");
    private static readonly Counter<long> Steps = Meter.CreateCounter<long>("instancetasks.retention.steps", description: "Batches of retention, by outcome");
    private static readonly Counter<long> Purged = Meter.CreateCounter<long>("instancetasks.retention.purged", description: "What was taken away, by kind of row");
    private static readonly Counter<long> Archived = Meter.CreateCounter<long>("instancetasks.retention.archived", description: "Tasks and servers written into the archive");
    private static readonly Gauge<long> LastRun = Meter.CreateGauge<long>("instancetasks.retention.last_run", unit: "s", description: "When a run last came to its end, in seconds since 1970");

    public static void OnStep(RetentionStep step) => Steps.Add(1, new TagList { { "outcome", step.ToString().ToLowerInvariant() } });

    public static void OnFailure() => Steps.Add(1, new TagList { { "outcome", "failed" } });

    public static void OnArchived(int lines) => Archived.Add(lines);

    public static void OnPurged(PurgeReport report)
    {
        Purged.Add(report.Tasks, new TagList { { "row", "task" } });
        Purged.Add(report.Servers, new TagList { { "row", "server" } });
        Purged.Add(report.Events, new TagList { { "row", "event" } });
    }

    public static void OnEnd(DateTimeOffset at) => LastRun.Record(at.ToUnixTimeSeconds());
}
