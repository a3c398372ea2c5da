namespace InstanceTasks.Engine;

/// <summary>Ask the guest to shut down; if it does not, cut the power.</summary>
internal static class StopPlan
{
    private const string Event = "compute_stop_instance";

    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.Stop,
        TaskState = "powering-off",
        NovaAction = "stop",
        NeedsHost = true,
        Steps =
        [
            new()
            {
                Name = "shut-down-guest", Do = Verb.Shutdown, Undo = Verb.Start, Timeout = TimeSpan.FromSeconds(60),
                Retry = RetryPolicy.Once, OnExhausted = Exhausted.GoOn, NovaEvent = Event,
            },
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, NoUndoBecause = "the undo of shut-down-guest starts the machine again",
                NovaEvent = Event, NeedsMachine = true,
            },
        ],
    };
}
