namespace InstanceTasks.Api.Submitting;

/// <summary>The kinds of task that the API asks for.</summary>
internal static class Kinds
{
    public static readonly TaskKind Create = new("create");
    public static readonly TaskKind Delete = new("delete");
    public static readonly TaskKind Stop = new("stop");
    public static readonly TaskKind Start = new("start");
    public static readonly TaskKind Reboot = new("reboot");
    public static readonly TaskKind HardReboot = new("hard-reboot");
    public static readonly TaskKind Lock = new("lock");
    public static readonly TaskKind Unlock = new("unlock");
    public static readonly TaskKind Update = new("update");
    public static readonly TaskKind Metadata = new("metadata");

    /// <summary>The name of the instance action of a kind (nova-api §5.3); null: it is shown in the Tasks API only.</summary>
    public static string? ActionOf(TaskKind kind) => kind.Name switch
    {
        "create" or "delete" or "stop" or "start" or "reboot" or "lock" or "unlock" => kind.Name,
        "hard-reboot" => "reboot",
        _ => null,
    };
}
