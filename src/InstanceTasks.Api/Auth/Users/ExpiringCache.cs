namespace InstanceTasks.Api.Auth;

/// <summary>Keeps values for a short time, and at most so many of them: the oldest go first.</summary>
internal sealed class ExpiringCache<TValue>(TimeProvider time, int capacity)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<Kept>> _kept = new(StringComparer.Ordinal);
    private readonly LinkedList<Kept> _byAge = new();

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _kept.Count;
            }
        }
    }

    public bool TryGet(string key, out TValue value)
    {
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var node) && node.Value.Until > time.GetUtcNow())
            {
                value = node.Value.Value;
                return true;
            }
        }

        value = default!;
        return false;
    }

    public void Set(string key, TValue value, TimeSpan keepFor)
    {
        lock (_gate)
        {
            RemoveLocked(key);
            while (_byAge.First is { } oldest && (_kept.Count >= capacity || oldest.Value.Until <= time.GetUtcNow()))
            {
                RemoveLocked(oldest.Value.Key);
            }

            _kept[key] = _byAge.AddLast(new Kept(key, value, time.GetUtcNow() + keepFor));
        }
    }

    public void Remove(string key)
    {
        lock (_gate)
        {
            RemoveLocked(key);
        }
    }

    private void RemoveLocked(string key)
    {
        if (_kept.Remove(key, out var node))
        {
            _byAge.Remove(node);
        }
    }

    private sealed record Kept(string Key, TValue Value, DateTimeOffset Until);
}
