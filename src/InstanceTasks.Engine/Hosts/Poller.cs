namespace InstanceTasks.Engine;

/// <summary>One worker process as a host sees it.</summary>
internal sealed class Poller(long generation)
{
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromSeconds(2);

    private readonly Dictionary<InstanceId, Stamp> _confirmed = [];

    // What it has not confirmed, and of that what it has not been told.
    private readonly Dictionary<InstanceId, OpenOrder> _open = [];
    private readonly HashSet<InstanceId> _untold = [];

    // Nothing open was sent earlier.
    private long _sentSince;

    private TaskCompletionSource<PollAnswer>? _waiting;
    private ITimer? _timer;

    public long Generation { get; } = generation;

    public int Room { get; set; }

    public long HeardAt { get; set; }

    public bool IsWaiting => _waiting is { Task.IsCompleted: false };

    public bool HasConfirmed(InstanceId machine, Stamp below) => _confirmed.TryGetValue(machine, out var stamp) && stamp >= below;

    /// <summary>It must confirm this fence.</summary>
    public void Order(InstanceId machine, Stamp below)
    {
        if (!HasConfirmed(machine, below))
        {
            _open[machine] = new(below);
            _untold.Add(machine);
        }
    }

    public void Confirm(FenceOrder order)
    {
        if (!HasConfirmed(order.Machine, order.Below))
        {
            _confirmed[order.Machine] = order.Below;
        }

        if (_open.TryGetValue(order.Machine, out var open) && open.Below <= order.Below)
        {
            _open.Remove(order.Machine);
            _untold.Remove(order.Machine);
        }
    }

    public void Forget(InstanceId machine)
    {
        _confirmed.Remove(machine);
        _open.Remove(machine);
        _untold.Remove(machine);
    }

    /// <summary>
    /// The orders it must be told of now: new ones, and what it has not confirmed for so long that it may have got lost. None is repeated at once: the worker is busy with it, and would be asked
    /// in circles.
    /// </summary>
    public List<FenceOrder> TakeOrders(TimeProvider time)
    {
        if (_untold.Count == 0 && (_open.Count == 0 || time.GetElapsedTime(_sentSince) < SendAgainAfter))
        {
            return [];
        }

        var now = time.GetTimestamp();
        Untell(time, now);
        var orders = _untold.Select(m => Send(m, now)).ToList();
        _untold.Clear();
        return orders;
    }

    // The orders that have got lost are to be told again.
    private void Untell(TimeProvider time, long now)
    {
        if (_open.Count == _untold.Count)
        {
            _sentSince = now;
        }
        else if (time.GetElapsedTime(_sentSince, now) >= SendAgainAfter)
        {
            _untold.UnionWith(_open.Where(o => o.Value.SentAt is { } sent && time.GetElapsedTime(sent, now) >= SendAgainAfter).Select(o => o.Key));
            _sentSince = _open.Where(o => !_untold.Contains(o.Key)).Select(o => o.Value.SentAt ?? now).DefaultIfEmpty(now).Min();
        }
    }

    private FenceOrder Send(InstanceId machine, long now)
    {
        var order = _open[machine];
        order.SentAt = now;
        return new(machine, order.Below);
    }

    /// <summary>Holds the poll; a newer one of the same process answers the older with nothing.</summary>
    public Task<PollAnswer> WaitAsync(TimeSpan atMost, int room, TimeProvider time)
    {
        Answer(new PollAnswer());
        Room = room;
        var waiting = new TaskCompletionSource<PollAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = waiting;
        _timer = time.CreateTimer(_ => waiting.TrySetResult(new PollAnswer()), null, atMost, Timeout.InfiniteTimeSpan);
        return waiting.Task;
    }

    public void Answer(PollAnswer answer)
    {
        _timer?.Dispose();
        _timer = null;
        _waiting?.TrySetResult(answer);
        _waiting = null;
    }

    private sealed class OpenOrder(Stamp below)
    {
        public Stamp Below { get; } = below;

        public long? SentAt { get; set; }
    }
}
