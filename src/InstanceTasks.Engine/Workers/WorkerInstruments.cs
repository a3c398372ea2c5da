using System.Diagnostics.Metrics;

namespace InstanceTasks.Engine;

/// <summary>Metrics of the workers.</summary>
internal static class WorkerInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Workers");
    private static readonly Counter<long> Late = Meter.CreateCounter<long>("instancetasks.worker.late_outcomes", description: "Outcomes of abandoned attempts");
    private static long s_late;

    /// <summary>How many abandoned attempts returned after all.</summary>
    public static long LateOutcomes => Interlocked.Read(ref s_late);

    public static void OnLateOutcome()
    {
        Interlocked.Increment(ref s_late);
        Late.Add(1);
    }
}
