namespace InstanceTasks.Chaos.Checking;

/// <summary>The order of what was committed, and of what followers got.</summary>
internal static class StreamRules
{
    public static IEnumerable<string> Sequences(History history)
    {
        var rows = history.Stream.ToLookup(e => e.Task, e => e.Seq);
        foreach (var task in history.Tasks)
        {
            var seen = rows[task.Id].ToList();
            if (!seen.SequenceEqual(Enumerable.Range(1, (int)task.Seq).Select(n => (long)n)))
            {
                yield return $"{task.Kind} {task.Id} has {task.Seq} commits; the stream has {string.Join(", ", seen)}";
            }
        }
    }

    public static IEnumerable<string> Followers(History history)
    {
        var places = history.Stream.Select((e, place) => (Key: (e.Task, e.Seq), place)).ToDictionary(e => e.Key, e => e.place);
        return history.Deliveries.GroupBy(d => d.Follower).SelectMany(f => Follow(f.Key, [.. f], places));
    }

    private static IEnumerable<string> Follow(int follower, List<Delivery> deliveries, Dictionary<(Guid, long), int> places)
    {
        var last = -1;
        foreach (var delivery in deliveries)
        {
            if (!places.TryGetValue((delivery.Task, delivery.Seq), out var place))
            {
                yield return $"follower {follower} got commit {delivery.Seq} of {delivery.Task}, which is not in the store";
                continue;
            }

            if (last >= 0 && place != last + 1)
            {
                yield return $"follower {follower} (connection {delivery.Connection}) got place {place} after place {last} of the stream: {(place > last ? "a gap" : place == last ? "twice" : "out of order")}";
            }

            last = place;
        }

        if (last != places.Count - 1)
        {
            yield return $"follower {follower} came to place {last} of {places.Count - 1}";
        }
    }
}
