using InstanceTasks.Dashboard.Live;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>A value that others have read, too.</summary>
/// <param name="Value">The value.</param>
/// <param name="IsStale">Whether something has changed since its reading began: then one looks again.</param>
internal sealed record Shared<T>(T Value, bool IsStale);

/// <summary>
/// A read that all open tabs of a process share: by key, one at a time and no more often than a time, however many ask. While nothing changes it is not
/// repeated at all, until it is too old for what depends on the time.
/// </summary>
internal sealed class SharedRead<T>(TimeSpan every, TimeSpan oldest, ChangeFeed feed, TimeProvider time, Func<string, Task<T>> read)
{
    // Of the store's time a read may take a tenth.
    private const int RestPerRead = 10;
    private const int MostKept = 500;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>The value of a key. The read itself goes on for the others when one of those who wait leaves.</summary>
    public async Task<Shared<T>> GetAsync(string key, CancellationToken cancellationToken)
    {
        var entry = Find(key, out var isNew);
        if (isNew)
        {
            _ = FillAsync(entry, key);
        }

        var value = await entry.Value.Task.WaitAsync(cancellationToken);
        return new(value, feed.LastChange > entry.Begun);
    }

    private Entry Find(string key, out bool isNew)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(key, out var entry) && StillServes(entry))
            {
                isNew = false;
                return entry;
            }

            if (_entries.Count >= MostKept)
            {
                _entries.Clear();
            }

            isNew = true;
            return _entries[key] = new(time.GetTimestamp());
        }
    }

    private bool StillServes(Entry entry)
    {
        if (!entry.Value.Task.IsCompleted)
        {
            return true;
        }

        var (age, rest) = (time.GetElapsedTime(entry.Begun), entry.Took * RestPerRead);
        return entry.Value.Task.IsCompletedSuccessfully && (age < every || age < rest || (feed.LastChange <= entry.Begun && age < oldest));
    }

    private async Task FillAsync(Entry entry, string key)
    {
        try
        {
            var value = await read(key);
            entry.Took = time.GetElapsedTime(entry.Begun);
            entry.Value.SetResult(value);
        }
        catch (Exception e)
        {
            // Of those who wait; the next who asks begins anew.
            entry.Value.SetException(e);
        }
    }

    private sealed class Entry(long begun)
    {
        public long Begun { get; } = begun;

        public TimeSpan Took { get; set; }

        public TaskCompletionSource<T> Value { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
