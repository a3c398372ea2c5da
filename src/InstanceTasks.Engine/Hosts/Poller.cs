namespace InstanceTasks.Engine;

/// <summary>One worker process as a host sees it.</summary>
internal sealed class Poller(long generation)
{
    private TaskCompletionSource<PollAnswer>? _waiting;
    private ITimer? _timer;

    public long Generation { get; } = generation;

    public Dictionary<InstanceId, Stamp> Confirmed { get; } = [];

    public Dictionary<InstanceId, (Stamp Below, long At)> Delivered { get; } = [];

    public int Room { get; set; }

    public long HeardAt { get; set; }

    public bool IsWaiting => _waiting is { Task.IsCompleted: false };

    public void Confirm(FenceOrder order)
    {
        if (!Confirmed.TryGetValue(order.Machine, out var known) || known < order.Below)
        {
            Confirmed[order.Machine] = order.Below;
        }
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
}
