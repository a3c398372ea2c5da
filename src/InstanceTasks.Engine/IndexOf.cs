namespace InstanceTasks.Engine;

/// <summary>Items by something that several may share. What nobody has takes no room.</summary>
internal sealed class IndexOf<TKey, TItem>
    where TKey : notnull
    where TItem : class
{
    private readonly Dictionary<TKey, HashSet<TItem>> _items = [];

    public IReadOnlyCollection<TItem> this[TKey key] => _items.TryGetValue(key, out var items) ? items : [];

    public IEnumerable<TKey> Keys => _items.Keys;

    public void Add(TKey key, TItem item)
    {
        if (!_items.TryGetValue(key, out var items))
        {
            _items[key] = items = [];
        }

        items.Add(item);
    }

    public void Remove(TKey key, TItem item)
    {
        if (_items.TryGetValue(key, out var items) && items.Remove(item) && items.Count == 0)
        {
            _items.Remove(key);
        }
    }
}
