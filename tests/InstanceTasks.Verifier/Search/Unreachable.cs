namespace InstanceTasks.Verifier.Search;

/// <summary>What the tables have and two tasks on one instance cannot reach, each with its reason. A reason that is not needed any more fails the search.</summary>
internal static class Unreachable
{
    private const string Between = "the one leaves a state in which the other may not start, so that it is refused even when it asks to be queued; a third task between them would be needed";

    public static IReadOnlyDictionary<string, string> Reasons { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["metadata while create: Alongside"] = "the cell allows it, and the instance machine never does: a server that is building takes no metadata",
        ["stop while stop: QueueIfAsked"] = Between,
        ["reboot while stop: QueueIfAsked"] = Between,
        ["outcome Fenced"] = "the task's actor has every living worker stop older attempts before the hypervisor would have to refuse them; a worker that stalls between its check and its call is not modelled",
        ["start while reboot: QueueIfAsked"] = Between,
        ["start while hard-reboot: QueueIfAsked"] = Between,
    };
}
