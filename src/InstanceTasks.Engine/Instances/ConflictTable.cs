namespace InstanceTasks.Engine;

/// <summary>What becomes of a request while a task has the machine.</summary>
public enum ConflictRule
{
    /// <summary>409, naming the running task.</summary>
    Refuse = 0,

    /// <summary>Refused, unless the caller asked to queue: then it waits its turn.</summary>
    QueueIfAsked = 1,

    /// <summary>The running task is stopped and the new one takes the machine over.</summary>
    Supersede = 2,

    /// <summary>A change in one commit that does not touch the machine.</summary>
    Alongside = 3,

    /// <summary>The same thing is being done: the answer names the running task.</summary>
    Join = 4,
}

/// <summary>(running kind, requested kind) → rule.</summary>
public static class ConflictTable
{
    // nova-api §3.1: the task_states in which Nova takes a hard reboot; and a stop, which may hang on its guest as well.
    private static readonly TaskKind[] GivesWayToHardReboot =
        [TaskKinds.Reboot, TaskKinds.HardReboot, TaskKinds.Stop, TaskKinds.Pause, TaskKinds.Unpause, TaskKinds.Suspend, TaskKinds.Resume];

    // What asks the guest and may wait for it in vain.
    private static readonly TaskKind[] GivesWayToForceStop = [TaskKinds.Stop, TaskKinds.Reboot];

    /// <summary>The rule for a pair of kinds; every pair has one.</summary>
    public static ConflictRule Find(TaskKind running, TaskKind requested) => (running, requested) switch
    {
        _ when PlanRegistry.Find(requested) is { IsOneCommit: true } => ConflictRule.Alongside,
        _ when running == TaskKinds.Delete => requested == TaskKinds.Delete ? ConflictRule.Join : ConflictRule.Refuse,
        _ when requested == TaskKinds.Delete => ConflictRule.Supersede,
        _ when requested == TaskKinds.HardReboot && GivesWayToHardReboot.Contains(running) => ConflictRule.Supersede,
        _ when requested == TaskKinds.ForceStop && GivesWayToForceStop.Contains(running) => ConflictRule.Supersede,
        _ when requested == TaskKinds.Create => ConflictRule.Refuse,
        // Its accept takes quota by the flavor that the server has now.
        _ when requested == TaskKinds.Resize => ConflictRule.Refuse,
        _ => ConflictRule.QueueIfAsked,
    };
}
