namespace InstanceTasks.Chaos.Checking;

/// <summary>
/// Follows the ends of each server's tasks in the order of the stream, by a table of its own: the product's own would agree with the product's mistakes.
/// </summary>
internal static class StateRule
{
    private const string Confirm = "confirm-resize";
    private const string Revert = "revert-resize";

    private static readonly Dictionary<string, VmState> AfterSuccess = new()
    {
        ["create"] = VmState.Active,
        ["delete"] = VmState.Deleted,
        ["stop"] = VmState.Stopped,
        ["force-stop"] = VmState.Stopped,
        ["start"] = VmState.Active,
        ["reboot"] = VmState.Active,
        ["hard-reboot"] = VmState.Active,
        ["pause"] = VmState.Paused,
        ["unpause"] = VmState.Active,
        ["suspend"] = VmState.Suspended,
        ["resume"] = VmState.Active,
        ["resize"] = VmState.Resized,
    };

    private static readonly HashSet<string> LeavesErrorWhenItFails = ["create", "delete", "hard-reboot"];

    public static IEnumerable<string> Unexplained(History history)
    {
        var ends = Ends(history);
        foreach (var server in history.Servers)
        {
            if (server.Holder is { } holder)
            {
                yield return $"server {server.Id} ({server.Name}) is held by {holder} although everything rests";
            }

            var tasks = ends.GetValueOrDefault(server.Id) ?? [];
            if (Expected(tasks) is { } expected && expected != server.VmState)
            {
                yield return $"server {server.Id} ({server.Name}) is {server.VmState}; its tasks lead to {expected}: {string.Join(", ", tasks.Select(t => $"{t.Kind} {t.State}"))}";
            }
        }
    }

    /// <summary>The ended tasks of each server, in the order of their ends.</summary>
    private static Dictionary<Guid, List<StoredTask>> Ends(History history)
    {
        var tasks = history.Tasks.ToDictionary(t => t.Id);
        return history.Stream
            .Where(e => e.Types.Contains("ended") && tasks.ContainsKey(e.Task))
            .Select(e => tasks[e.Task])
            .GroupBy(t => t.Server)
            .ToDictionary(g => g.Key, g => g.ToList());
    }

    /// <summary>Where they lead; null: a task that was taken over half-way had a successor that did not succeed, and where that leaves the server depends on how far both had come.</summary>
    private static VmState? Expected(List<StoredTask> tasks)
    {
        var (state, beforeResize) = (VmState.Building, VmState.Active);
        var known = true;
        foreach (var task in tasks)
        {
            if (task.State == "succeeded" && task.Kind == "resize")
            {
                beforeResize = state;
            }

            known = task.State == "succeeded" ? known || AfterSuccess.ContainsKey(task.Kind) : known && task.SupersededBy is null;
            state = After(task, state, beforeResize);
        }

        return known ? state : null;
    }

    private static VmState After(StoredTask task, VmState state, VmState beforeResize) => task.State switch
    {
        "succeeded" when task.Kind is Confirm or Revert => beforeResize,
        "succeeded" => AfterSuccess.GetValueOrDefault(task.Kind, state),
        "failed" when LeavesErrorWhenItFails.Contains(task.Kind) => VmState.Error,
        "canceled" when task.Kind == "create" => VmState.Error,
        _ => state,
    };
}
