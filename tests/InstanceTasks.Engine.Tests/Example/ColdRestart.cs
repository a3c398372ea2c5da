namespace InstanceTasks.Engine.Tests.Example;

/// <summary>The example of docs/adding-a-task-kind.md, which quotes it: ask the guest to shut down, cut the power, start again.</summary>
internal static class ColdRestart
{
    public static readonly TaskKind Kind = new("cold-restart");

    public static readonly Plan V1 = new()
    {
        Kind = Kind,
        TaskState = "rebooting_hard",
        NovaAction = "reboot",
        NeedsHost = true,
        Steps =
        [
            new()
            {
                Name = "shut-down-guest", Do = Verb.Shutdown, Undo = Verb.Start, Timeout = TimeSpan.FromSeconds(60),
                Retry = RetryPolicy.Once, OnExhausted = Exhausted.GoOn, NovaEvent = "compute_reboot_instance",
            },
            new()
            {
                Name = "power-off", Do = Verb.PowerOff, NoUndoBecause = "the undo of shut-down-guest starts the machine again",
                NeedsMachine = true, NovaEvent = "compute_reboot_instance",
            },
            new()
            {
                Name = "start-machine", Do = Verb.Start, NoUndoBecause = "the undo of shut-down-guest starts the machine again",
                Leaves = PowerState.Running, NovaEvent = "compute_reboot_instance",
            },
        ],
    };

    public static IReadOnlyList<InstanceTransition> Rows { get; } =
    [
        new(VmState.Active, Kind, Success: VmState.Active),
        new(VmState.Error, Kind, Success: VmState.Active),
    ];
}
