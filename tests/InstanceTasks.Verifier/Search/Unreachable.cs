namespace InstanceTasks.Verifier.Search;

/// <summary>What the tables have and two tasks on one instance cannot reach, each with its reason. A reason that is not needed any more fails the search.</summary>
internal static class Unreachable
{
    private const string Between = "the one leaves a state in which the other may not start, so that it is refused even when it asks to be queued; a third task between them would be needed";

    private const string NoMetadata = "the cell allows it, and the instance machine never does: there is no metadata for a server that is building or rescued";

    /// <summary>What is running, and the kinds that can never wait behind it.</summary>
    private static readonly Dictionary<string, string> NeverBehind = new(StringComparer.Ordinal)
    {
        ["create"] = "resume unpause unrescue",
        ["stop"] = "change-password pause reboot resume stop suspend unpause unrescue",
        ["start"] = "resume unpause unrescue",
        ["reboot"] = "resume start unpause unrescue",
        ["hard-reboot"] = "resume start unpause unrescue",
        ["force-stop"] = "change-password force-stop pause reboot resume stop suspend unpause unrescue",
        ["pause"] = "change-password force-stop pause reboot rebuild rescue resume suspend unrescue",
        ["unpause"] = "resume start unpause unrescue",
        ["suspend"] = "change-password force-stop pause reboot rebuild rescue start stop suspend unpause unrescue",
        ["resume"] = "resume unpause unrescue",
        ["rescue"] = "change-password create-image force-stop hard-reboot pause reboot rebuild rescue resume start stop suspend unpause",
        ["unrescue"] = "resume start unpause unrescue",
        ["change-password"] = "resume start unpause unrescue",
        ["rebuild"] = "resume unpause unrescue",
        ["create-image"] = "unrescue",
    };

    public static IReadOnlyDictionary<string, string> Reasons { get; } = new SortedDictionary<string, string>(
        NeverBehind.SelectMany(r => r.Value.Split(' ').Select(requested => $"{requested} while {r.Key}: QueueIfAsked")).ToDictionary(cell => cell, _ => Between),
        StringComparer.Ordinal)
    {
        ["metadata while create: Alongside"] = NoMetadata,
        ["metadata while unrescue: Alongside"] = NoMetadata,
        ["outcome Fenced"] = "the task's actor has every living worker stop older attempts before the hypervisor would have to refuse them; a worker that stalls between its check and its call is not modelled",
    };
}
