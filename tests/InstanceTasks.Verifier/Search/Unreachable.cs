namespace InstanceTasks.Verifier.Search;

/// <summary>What the tables have and two tasks on one instance cannot reach, each with its reason. A reason that is not needed any more fails the search.</summary>
internal static class Unreachable
{
    private const string Between = "the one leaves a state in which the other may not start, so that it is refused even when it asks to be queued; a third task between them would be needed";

    private const string NoMetadata = "the cell allows it, and the instance machine never does: there is no metadata for a server that is building, rescued, resized or shelved";

    private const string NoResize = "while a resize waits for its end the running kind may not start, and without one there is nothing to confirm or revert";

    /// <summary>What is running, and the kinds that can never wait behind it.</summary>
    private static readonly Dictionary<string, string> NeverBehind = new(StringComparer.Ordinal)
    {
        ["create"] = "resume shelve-offload unpause unrescue unshelve",
        ["stop"] = "change-password pause reboot resume shelve-offload stop suspend unpause unrescue unshelve",
        ["start"] = "resume shelve-offload unpause unrescue unshelve",
        ["reboot"] = "resume shelve-offload start unpause unrescue unshelve",
        ["hard-reboot"] = "resume shelve-offload start unpause unrescue unshelve",
        ["force-stop"] = "change-password force-stop pause reboot resume shelve-offload stop suspend unpause unrescue unshelve",
        ["pause"] = "change-password force-stop pause reboot rebuild rescue resume shelve-offload suspend unrescue unshelve",
        ["unpause"] = "resume shelve-offload start unpause unrescue unshelve",
        ["suspend"] = "change-password force-stop pause reboot rebuild rescue shelve-offload start stop suspend unpause unrescue unshelve",
        ["resume"] = "resume shelve-offload unpause unrescue unshelve",
        ["rescue"] = "change-password create-image force-stop hard-reboot pause reboot rebuild rescue resume shelve shelve-and-offload shelve-offload start stop suspend unpause unshelve",
        ["unrescue"] = "resume shelve-offload start unpause unrescue unshelve",
        ["change-password"] = "resume shelve-offload start unpause unrescue unshelve",
        ["rebuild"] = "resume shelve-offload unpause unrescue unshelve",
        ["create-image"] = "shelve-offload unrescue unshelve",
        ["unshelve"] = "resume shelve-offload start unpause unrescue unshelve",
        ["resize"] = "change-password create-image force-stop hard-reboot pause reboot rebuild rescue resume shelve shelve-and-offload shelve-offload suspend unpause unrescue unshelve",
        ["confirm-resize"] = "resume shelve-offload unpause unrescue unshelve",
        ["revert-resize"] = "resume shelve-offload unpause unrescue unshelve",
    };

    private static IEnumerable<string> EndsOfNoResize { get; } = NeverBehind.Keys.Concat(["shelve", "shelve-and-offload", "shelve-offload"])
        .Where(k => !k.EndsWith("resize", StringComparison.Ordinal))
        .SelectMany(running => new[] { $"confirm-resize while {running}: QueueIfAsked", $"revert-resize while {running}: QueueIfAsked" });

    public static IReadOnlyDictionary<string, string> Reasons { get; } = new SortedDictionary<string, string>(
        NeverBehind.SelectMany(r => r.Value.Split(' ').Select(requested => $"{requested} while {r.Key}: QueueIfAsked")).ToDictionary(cell => cell, _ => Between)
            .Concat(EndsOfNoResize.Select(cell => KeyValuePair.Create(cell, NoResize))).ToDictionary(),
        StringComparer.Ordinal)
    {
        ["metadata while confirm-resize: Alongside"] = NoMetadata,
        ["metadata while revert-resize: Alongside"] = NoMetadata,
        ["metadata while create: Alongside"] = NoMetadata,
        ["metadata while shelve-offload: Alongside"] = NoMetadata,
        ["metadata while unrescue: Alongside"] = NoMetadata,
        ["metadata while unshelve: Alongside"] = NoMetadata,
        ["outcome Fenced"] = "the task's actor has every living worker stop older attempts before the hypervisor would have to refuse them; a worker that stalls between its check and its call is not modelled",
    };
}
