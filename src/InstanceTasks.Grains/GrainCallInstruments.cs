using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace InstanceTasks.Grains;

/// <summary>Metrics of calls to grains.</summary>
internal static class GrainCallInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Grains");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "instancetasks.grain.call.duration", unit: "s", description: "Calls that grains of this silo have answered, by grain, method and whether they failed; polls are held for up to ten seconds");

    public static void OnEnded(string grain, string method, bool failed, TimeSpan took)
    {
        if (Duration.Enabled)
        {
            Duration.Record(took.TotalSeconds, new TagList { { "grain", grain }, { "method", method }, { "failed", failed } });
        }
    }
}
