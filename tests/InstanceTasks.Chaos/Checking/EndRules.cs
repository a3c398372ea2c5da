namespace InstanceTasks.Chaos.Checking;

/// <summary>What became of accepted requests.</summary>
internal static class EndRules
{
    public static IEnumerable<string> Unfinished(History history)
    {
        var tasks = history.Tasks.ToDictionary(t => t.Id);
        foreach (var call in history.Calls.Where(c => c is { Accepted: true, IsRead: false, Task: not null }).DistinctBy(c => c.Task))
        {
            if (!tasks.TryGetValue(call.Task!.Value, out var task))
            {
                yield return $"{call.What} {call.Task} was accepted ({call.Status}, call {call.Id}, by {call.Silo}) and is not in the store";
            }
        }

        foreach (var task in history.Tasks.Where(t => !TaskStateNames.Terminal.Contains(t.State)))
        {
            yield return $"{task.Kind} {task.Id} on {task.Server} is {task.State}, after {task.Seq} commits";
        }
    }

    public static IEnumerable<string> Twice(History history) =>
        history.Effects.Where(e => e.Count > 1).Select(e => $"{e.Key} happened {e.Count} times under stamp {e.Stamp}");

    public static IEnumerable<string> Keys(History history)
    {
        var byName = history.Servers.ToLookup(s => s.Name);
        foreach (var repeats in history.Calls.Where(c => c.Key is not null).GroupBy(c => c.Key!))
        {
            var accepted = repeats.Where(c => c.Accepted).ToList();
            var answers = accepted.Select(c => (c.Server, c.Task)).Distinct().ToList();
            if (answers.Count > 1)
            {
                yield return $"key {repeats.Key} was answered with {string.Join(" and ", answers)}";
            }

            foreach (var problem in Made(repeats.First(), accepted.FirstOrDefault(), byName))
            {
                yield return problem;
            }
        }
    }

    private static IEnumerable<string> Made(Call first, Call? accepted, ILookup<string, StoredServer> byName)
    {
        if (first.Name is not { } name)
        {
            yield break;
        }

        var made = byName[name].ToList();
        if (made.Count > 1)
        {
            yield return $"key {first.Key} made {made.Count} servers: {string.Join(", ", made.Select(s => s.Id))}";
        }

        if (accepted is not null && made.All(s => s.Id != accepted.Server))
        {
            yield return $"key {first.Key} was answered with server {accepted.Server}, which is not in the store";
        }
    }
}
