using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>The event stream, in memory.</summary>
internal sealed class FakeEvents : IEventStream
{
    private readonly Lock _gate = new();
    private readonly List<StreamedEvents> _rows = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _reads;

    /// <summary>The place of the newest commit.</summary>
    public long Last { get; private set; }

    /// <summary>How often a page of all was read.</summary>
    public int Reads => Volatile.Read(ref _reads);

    /// <summary>From where on nothing was purged.</summary>
    public long First { get; set; }

    /// <summary>Called before a page of all is read, with its place.</summary>
    public Action<long>? BeforeRead { get; set; }

    /// <summary>Whether reads fail.</summary>
    public bool Broken { get; set; }

    /// <summary>Whether commits give no hint.</summary>
    public bool Silent { get; set; }

    public void Clear()
    {
        lock (_gate)
        {
            _rows.Clear();
            (Last, First) = (0, 0);
        }
    }

    /// <summary>A commit; its place.</summary>
    public long Add(TaskRecord task, params TaskEvent[] events)
    {
        TaskCompletionSource next;
        long place;
        lock (_gate)
        {
            place = ++Last;
            var seq = _rows.Count(r => r.Subject.Task == task.Id) + 1;
            _rows.Add(new(new(task.Id, task.Kind, task.PlanVersion, task.Instance, task.Project, task.User, task.Parent), new(seq, place, Sample.Time.AddSeconds(place), events)));
            (next, _next) = (_next, Silent ? _next : new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        if (!Silent)
        {
            next.SetResult();
        }

        return place;
    }

    public Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default) => Task.FromResult(Last);

    public Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default) => Task.FromResult(place <= Last);

    public Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default) => Task.FromResult(First);

    public Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default)
    {
        Interlocked.Increment(ref _reads);
        BeforeRead?.Invoke(after);
        return after < First ? Task.FromException<EventPage>(PlaceGoneException.Of(after, First)) : Page(r => r.Stored.StreamId > after, after, limit, ofTask: false);
    }

    public Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default) =>
        Page(r => r.Subject.Task == task && r.Stored.StreamId > after, after, limit, ofTask: true);

    public Task NextCommit()
    {
        lock (_gate)
        {
            return _next.Task;
        }
    }

    private Task<EventPage> Page(Func<StreamedEvents, bool> which, long after, int limit, bool ofTask)
    {
        if (Broken)
        {
            return Task.FromException<EventPage>(new InvalidOperationException("the store cannot be reached"));
        }

        lock (_gate)
        {
            List<StreamedEvents> rows = [.. _rows.Where(which).Take(limit)];
            var last = rows.Count == 0 ? after : rows[^1].Stored.StreamId;
            return Task.FromResult(new EventPage(rows, rows.Count == limit || ofTask ? last : Math.Max(after, Last), rows.Count == limit));
        }
    }
}
