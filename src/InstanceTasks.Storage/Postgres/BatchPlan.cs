using System.Threading.Channels;

namespace InstanceTasks.Storage;

/// <summary>
/// Chooses the commits of the next transaction, in the order in which they came, so that no two of them are about the same task, instance,
/// idempotency key, claimed machine or secret: the database then need not know an order within a batch. One that must wait for another keeps
/// its place before later ones about the same things.
/// </summary>
internal sealed class BatchPlan(ChannelReader<LaneItem> queue, int limit, int characterLimit)
{
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shared = new(StringComparer.Ordinal);
    private readonly Queue<LaneItem> _postponed = new();

    /// <summary>False: the queue is closed and everything was taken.</summary>
    public bool Wait() => _postponed.Count > 0 || queue.WaitToReadAsync().AsTask().GetAwaiter().GetResult();

    public List<LaneItem> Take()
    {
        _taken.Clear();
        _shared.Clear();
        var (batch, characters) = (new List<LaneItem>(), 0L);
        for (var left = _postponed.Count; left > 0; left--)
        {
            TryAdd(batch, ref characters, _postponed.Dequeue());
        }

        // What is postponed is bounded: it would otherwise take over the queue's room.
        while (batch.Count < limit && characters < characterLimit && _postponed.Count < limit && queue.TryRead(out var item))
        {
            TryAdd(batch, ref characters, item);
        }

        return batch;
    }

    private void TryAdd(List<LaneItem> batch, ref long characters, LaneItem item)
    {
        var free = !_taken.Overlaps(item.Keys) && !_shared.Overlaps(item.Keys) && !(item.Shared is { } shared && _taken.Contains(shared));
        _taken.UnionWith(item.Keys);
        if (item.Shared is { } looked)
        {
            _shared.Add(looked);
        }

        if (free && batch.Count < limit && (batch.Count == 0 || characters + item.Characters <= characterLimit))
        {
            characters += item.Characters;
            batch.Add(item);
        }
        else
        {
            _postponed.Enqueue(item);
        }
    }
}

/// <summary>A commit with the caller who waits for its verdict.</summary>
internal sealed class LaneItem(PreparedCommit commit)
{
    private readonly TaskCompletionSource<Engine.CommitResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PreparedCommit Commit { get; } = commit;

    public Task<Engine.CommitResult> Done => _done.Task;

    public IReadOnlyList<string> Keys { get; } = KeysOf(commit);

    /// <summary>What it only looks at: many may, as long as nobody writes it. A child's accept looks at its parent.</summary>
    public string? Shared { get; } = commit.Commit.Guard is { } guard ? "t" + guard.Parent : null;

    public long Characters { get; } = commit.Tasks.Sum(t => (long)t.Body.Length + t.Events.Length) + (commit.Instance?.Body.Length ?? 0) + (commit.IdempotencyAnswer?.Length ?? 0);

    public void Complete(Engine.CommitResult result) => _done.TrySetResult(result);

    public void Fail(Exception exception) => _done.TrySetException(exception);

    private static List<string> KeysOf(PreparedCommit prepared)
    {
        var commit = prepared.Commit;
        var keys = new List<string>(prepared.Tasks.Select(t => "t" + t.Id));
        if (prepared.Instance is { } instance)
        {
            keys.Add("i" + instance.Id);
        }

        if (commit.Idempotency is { } key)
        {
            keys.Add($"k{key.Project.Value}\0{key.User.Value}\0{key.Key}");
        }

        keys.AddRange(commit.Claims.Select(c => $"c{c.Instance}"));
        if (commit.Secrets.Count > 0)
        {
            keys.AddRange(commit.Secrets.Select(s => $"s{s.Owner}\0{s.Name}"));
            // Deleting the instance erases them: the order of the two matters.
            keys.AddRange(prepared.Tasks.Select(t => "i" + t.InstanceId));
        }

        return keys;
    }
}
