using InstanceTasks.Engine;
using InstanceTasks.Simulation.World;

namespace InstanceTasks.Simulation.Checking;

/// <summary>Commits as lines for people.</summary>
internal static class Story
{
    public static string Of(Commit commit) => $"commit {commit.Name}: {string.Join("; ", commit.Tasks.Select(Of))}{(commit.Instance is { } i ? $"; {Of(i.After)}" : "")}";

    private static string Of(TaskWrite write) =>
        $"{write.After.Kind} {Short.Of(write.After.Id)} #{write.After.Seq} {string.Join(", ", write.Events.Select(Of))} -> {write.After.State} (step {write.After.Step}, epoch {write.After.Epoch}{(write.After.MustFence ? ", must fence" : "")})";

    private static string Of(InstanceRecord instance) =>
        $"instance {Short.Of(instance.Id)} {instance.VmState}, turn {instance.Turn}, {(instance.Holder is { } h ? $"held by {h.Kind} {Short.Of(h.Id)}" : "idle")}{(instance.Queue.Count > 0 ? $", {instance.Queue.Count} queued" : "")}{(instance.FenceNext ? ", fence next" : "")}";

    private static string Of(TaskEvent e) => e switch
    {
        StepDone s => $"{(s.Direction == Direction.Do ? "did" : "undid")} step {s.Step}{(s.Skipped ? " (left out)" : "")}",
        AttemptFailed a => $"attempt failed ({a.Failure.Kind})",
        TaskClaimed c => $"claimed by generation {c.Generation}",
        TaskGranted g => $"granted turn {g.Turn}",
        IntentSet i => $"asked to {i.Intent}",
        AttentionDecided d => $"decided: {d.Command.Kind}",
        TaskEnded t => $"ended {t.Outcome}",
        TaskWaiting w => $"waits: {w.Reason}",
        _ => e.GetType().Name,
    };
}
