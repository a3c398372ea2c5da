namespace InstanceTasks.Engine;

/// <summary>Let a suspended machine run again from its saved memory.</summary>
internal static class ResumePlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Resume,
        TaskState = "resuming",
        NovaAction = "resume",
        Steps =
        [
            new()
            {
                Name = "resume-machine", Do = Verb.Resume, Undo = Verb.Suspend, Leaves = PowerState.Running, Timeout = TimeSpan.FromMinutes(10),
                NovaEvent = "compute_resume_instance",
            },
        ],
    };
}
