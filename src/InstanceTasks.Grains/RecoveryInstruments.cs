using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace InstanceTasks.Grains;

/// <summary>Metrics of recovery.</summary>
internal static class RecoveryInstruments
{
    private static readonly Meter Meter = new("InstanceTasks.Recovery");
    private static readonly Counter<long> Looks = Meter.CreateCounter<long>("instancetasks.recovery.looks", description: "Looks for tasks that nobody drives, by cause");

    public static void OnLook(string cause) => Looks.Add(1, new TagList { { "cause", cause } });
}
