using InstanceTasks.Engine;

namespace InstanceTasks.Api.Events;

/// <summary>
/// The newest commits of the stream, kept once for all who follow it. A reader has a place and nothing else here: however slow he is, he holds
/// no memory, and once he is behind the window he is told so.
/// </summary>
/// <param name="from">The place from which on everything is in the window.</param>
/// <param name="limit">How many commits are kept.</param>
internal sealed class EventWindow(long from, int limit)
{
    private readonly Lock _gate = new();
    private readonly List<StreamedEvents> _rows = [];
    private long _from = from;
    private long _last = from;
    private TaskCompletionSource _moved = NewSignal();

    /// <summary>The place up to which commits have been appended.</summary>
    public long Last
    {
        get
        {
            lock (_gate)
            {
                return _last;
            }
        }
    }

    /// <summary>Adds what follows.</summary>
    public void Append(EventPage page)
    {
        TaskCompletionSource moved;
        lock (_gate)
        {
            if (page.Last <= _last)
            {
                return;
            }

            _rows.AddRange(page.Rows);
            _last = page.Last;
            Trim();
            (moved, _moved) = (_moved, NewSignal());
        }

        moved.SetResult();
    }

    /// <summary>Drops everything and goes on behind a place: whoever is before it must look elsewhere.</summary>
    public void BeginAnew(long place)
    {
        TaskCompletionSource moved;
        lock (_gate)
        {
            _rows.Clear();
            (_from, _last) = (place, place);
            (moved, _moved) = (_moved, NewSignal());
        }

        moved.SetResult();
    }

    /// <summary>What is behind a place; null: some of it has left the window. <paramref name="moved"/> completes when there is more than this.</summary>
    public EventPage? Read(long after, int most, out Task moved)
    {
        lock (_gate)
        {
            moved = _moved.Task;
            if (after < _from)
            {
                return null;
            }

            var first = IndexBehind(after);
            var count = Math.Min(most, _rows.Count - first);
            var isFull = first + count < _rows.Count;
            return new(_rows.GetRange(first, count), isFull ? _rows[first + count - 1].Stored.StreamId : Math.Max(after, _last), isFull);
        }
    }

    // A part at a time: to move the whole list for each row would cost more than the rows.
    private void Trim()
    {
        if (_rows.Count >= limit + Math.Max(1, limit / 4))
        {
            var surplus = _rows.Count - limit;
            _from = _rows[surplus - 1].Stored.StreamId;
            _rows.RemoveRange(0, surplus);
        }
    }

    private int IndexBehind(long after)
    {
        var (low, high) = (0, _rows.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _rows[middle].Stored.StreamId <= after ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
