using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace InstanceTasks.Engine;

/// <summary>Metrics of admission.</summary>
internal static class AdmissionInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Admission");
    private static readonly Counter<long> Refused = Meter.CreateCounter<long>("instancetasks.admission.refused", description: "Requests refused before anything was written, by what was slow");

    public static void OnRefused(string by) => Refused.Add(1, new TagList { { "by", by } });
}
