using System.Diagnostics.Metrics;

namespace InstanceTasks.Engine;

/// <summary>Metrics of the workers.</summary>
internal static class WorkerInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Workers");
    private static readonly Counter<long> Late = Meter.CreateCounter<long>("instancetasks.worker.late_outcomes", description: "Outcomes of abandoned attempts");
    private static readonly Counter<long> Aborted = Meter.CreateCounter<long>("instancetasks.worker.aborted_at_stop", description: "Attempts that a clean stop aborted at its limit; each is repeated elsewhere");
    private static long s_late;
    private static long s_aborted;

    /// <summary>How many abandoned attempts returned after all.</summary>
    public static long LateOutcomes => Interlocked.Read(ref s_late);

    public static void OnLateOutcome()
    {
        Interlocked.Increment(ref s_late);
        Late.Add(1);
    }

    /// <summary>How many attempts clean stops of this process have aborted.</summary>
    public static long AbortedAtStop => Interlocked.Read(ref s_aborted);

    public static void OnAbortedAtStop()
    {
        Interlocked.Increment(ref s_aborted);
        Aborted.Add(1);
    }
}
