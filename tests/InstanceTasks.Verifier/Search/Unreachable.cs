namespace InstanceTasks.Verifier.Search;

/// <summary>What the tables have and two tasks on one instance cannot reach, each with its reason. A reason that is not needed any more fails the search.</summary>
internal static class Unreachable
{
    private const string Between = "the one leaves a state in which the other may not start, so that it is refused even when it asks to be queued; a third task between them would be needed";

    private const string NoMetadata = "the cell allows it, and the instance machine never does: there is no metadata for a server that is building, rescued or resized";

    private const string NoResize = "while a resize waits for its end the running kind may not start, and without one there is nothing to confirm or revert";

    /// <summary>What is running, and the kinds that can never wait behind it.</summary>
    private static readonly Dictionary<string, string> NeverBehind = new(StringComparer.Ordinal)
    {
        ["create"] = "resume unpause unrescue",
        ["stop"] = "change-password pause reboot resume stop suspend unpause unrescue",
        ["start"] = "resume unpause unrescue",
        ["reboot"] = "resume start unpause unrescue",
        ["hard-reboot"] = "resume start unpause unrescue",
        ["force-stop"] = "change-password force-stop pause reboot resume stop suspend unpause unrescue",
        ["pause"] = "change-password force-stop pause reboot rescue resume suspend unrescue",
        ["unpause"] = "resume start unpause unrescue",
        ["suspend"] = "change-password force-stop pause reboot rescue start stop suspend unpause unrescue",
        ["resume"] = "resume unpause unrescue",
        ["rescue"] = "change-password force-stop hard-reboot pause reboot rescue resume start stop suspend unpause",
        ["unrescue"] = "resume start unpause unrescue",
        ["change-password"] = "resume start unpause unrescue",
        ["resize"] = "change-password force-stop hard-reboot pause reboot rescue resume suspend unpause unrescue",
        ["confirm-resize"] = "resume unpause unrescue",
        ["revert-resize"] = "resume unpause unrescue",
    };

    private static IEnumerable<string> EndsOfNoResize { get; } = NeverBehind.Keys.Where(k => !k.EndsWith("resize", StringComparison.Ordinal))
        .SelectMany(running => new[] { $"confirm-resize while {running}: QueueIfAsked", $"revert-resize while {running}: QueueIfAsked" });

    public static IReadOnlyDictionary<string, string> Reasons { get; } = new SortedDictionary<string, string>(
        NeverBehind.SelectMany(r => r.Value.Split(' ').Select(requested => $"{requested} while {r.Key}: QueueIfAsked")).ToDictionary(cell => cell, _ => Between)
            .Concat(EndsOfNoResize.Select(cell => KeyValuePair.Create(cell, NoResize))).ToDictionary(),
        StringComparer.Ordinal)
    {
        ["metadata while confirm-resize: Alongside"] = NoMetadata,
        ["metadata while revert-resize: Alongside"] = NoMetadata,
        ["metadata while create: Alongside"] = NoMetadata,
        ["metadata while unrescue: Alongside"] = NoMetadata,
        ["outcome Fenced"] = "the task's actor has every living worker stop older attempts before the hypervisor would have to refuse them; a worker that stalls between its check and its call is not modelled",
    };
}
