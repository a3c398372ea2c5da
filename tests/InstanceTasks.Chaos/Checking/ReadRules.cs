namespace InstanceTasks.Chaos.Checking;

/// <summary>What one client sees, one answer after the other, through whichever silo.</summary>
internal static class ReadRules
{
    private const int NotFound = 404;
    private const int FirstServerError = 500;
    private const int Unavailable = 503;

    public static IEnumerable<string> Errors(History history) => history.Calls
        .Where(c => c.Status is >= FirstServerError and not Unavailable)
        .Select(c => $"client {c.Client}, call {c.Id} ({c.What}) to {c.Silo} at {c.Sent:mm\\:ss\\.fff}: {c.Status} {c.Message}");

    public static IEnumerable<string> Backwards(History history)
    {
        foreach (var client in history.Calls.Where(c => c.Status is not null).GroupBy(c => c.Client))
        {
            var (tasks, gone) = (new Dictionary<Guid, Call>(), new HashSet<Guid>());
            // A client sends its calls one after the other.
            foreach (var call in client.OrderBy(c => c.Id))
            {
                if ((OfTask(call, tasks) ?? OfServer(call, gone)) is { } problem)
                {
                    yield return $"client {client.Key}, call {call.Id} to {call.Silo}: {problem}";
                }
            }
        }
    }

    private static string? OfTask(Call call, Dictionary<Guid, Call> seen)
    {
        if (call.Task is not { } task)
        {
            return null;
        }

        var before = seen.GetValueOrDefault(task);
        if (call.Accepted)
        {
            seen[task] = call.IsRead ? call : before ?? call;
        }

        return call.What != Call.ReadTask || before is null ? null
            : call.Status == NotFound ? $"task {task} is not there although call {before.Id} had seen it"
            : call.Seq < before.Seq ? $"task {task} is at commit {call.Seq} and was at {before.Seq} in call {before.Id}"
            : call.Accepted && before.State is { } state && TaskStateNames.Terminal.Contains(state) && call.State != state ? $"task {task} is {call.State} and had ended {state} in call {before.Id}"
            : null;
    }

    private static string? OfServer(Call call, HashSet<Guid> gone)
    {
        if (call.What != Call.ReadServer || call.Server is not { } server)
        {
            return null;
        }

        if (call.Status == NotFound)
        {
            gone.Add(server);
        }

        return call.Accepted && gone.Contains(server) ? $"server {server} is there again" : null;
    }
}
