namespace InstanceTasks.Engine;

/// <summary>The fences of one host: on which machines nothing older may run any more, and who waits for everybody to confirm it.</summary>
internal sealed class HostFences(TimeProvider time)
{
    private const int Keep = 256;
    private static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(1);

    private readonly Dictionary<InstanceId, OrderedFence> _fences = [];
    private readonly Dictionary<InstanceId, TaskCompletionSource> _confirmations = [];

    // Those that may be forgotten, first of all the one told first; each stands here once.
    private readonly Queue<InstanceId> _told = new();
    private readonly HashSet<InstanceId> _toldOnce = [];
    private long _lookedAt = time.GetTimestamp();

    /// <summary>Whether nothing with this stamp may run on the machine.</summary>
    public bool Covers(InstanceId machine, Stamp stamp) => _fences.TryGetValue(machine, out var fence) && stamp < fence.Below;

    /// <summary>Orders the fence, unless a higher one stands; what stands.</summary>
    public Stamp Order(InstanceId machine, Stamp below, IEnumerable<Poller> pollers)
    {
        if (_fences.TryGetValue(machine, out var fence) && fence.Below >= below)
        {
            return fence.Below;
        }

        _fences[machine] = new(below, time.GetTimestamp());
        foreach (var poller in pollers)
        {
            poller.Order(machine, below);
        }

        return below;
    }

    /// <summary>Has a worker that is new here confirm all that stand.</summary>
    public void OrderAll(Poller poller)
    {
        foreach (var (machine, fence) in _fences)
        {
            poller.Order(machine, fence.Below);
        }
    }

    /// <summary>A worker's confirmation.</summary>
    public void Confirm(Poller poller, FenceOrder order)
    {
        poller.Confirm(order);
        if (_confirmations.Remove(order.Machine, out var confirmation))
        {
            confirmation.SetResult();
        }
    }

    /// <summary>Waits for the next confirmation of the machine's fence, at most so long.</summary>
    public async Task ConfirmationAsync(InstanceId machine, TimeSpan atMost)
    {
        if (!_confirmations.TryGetValue(machine, out var confirmation))
        {
            _confirmations[machine] = confirmation = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await confirmation.Task.WaitAsync(atMost, time).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (!confirmation.Task.IsCompleted)
        {
            // Whoever waits beside it looks again when his time is up.
            _confirmations.Remove(machine);
        }
    }

    /// <summary>Who asked for this fence learns that everybody has confirmed it.</summary>
    public void Tell(InstanceId machine, Stamp below)
    {
        if (_fences.TryGetValue(machine, out var fence) && !fence.Told && below >= fence.Below)
        {
            fence.Told = true;
            if (_toldOnce.Add(machine))
            {
                _told.Enqueue(machine);
            }
        }
    }

    /// <summary>
    /// A fence that everybody has confirmed, and whose task has been told so, is only kept to refuse late offers; the drivers refuse those, too. One that nobody has been told of would have to be
    /// ordered again: of a thousand at once only a few came through at a time. It is looked for once a minute.
    /// </summary>
    public void Prune(IEnumerable<Poller> pollers, Func<InstanceId, Stamp, bool> confirmed)
    {
        while (_fences.Count > Keep && _told.TryPeek(out var machine))
        {
            // One that was raised since then is told anew.
            if (_fences.TryGetValue(machine, out var fence) && fence.Told && !Drop(machine, fence, pollers, confirmed))
            {
                break;
            }

            _toldOnce.Remove(_told.Dequeue());
        }

        if (_fences.Count > Keep && time.GetElapsedTime(_lookedAt) > DeadAfter)
        {
            _lookedAt = time.GetTimestamp();
            foreach (var (machine, fence) in _fences.Where(f => time.GetElapsedTime(f.Value.OrderedAt) > DeadAfter).ToList())
            {
                Drop(machine, fence, pollers, confirmed);
            }
        }
    }

    private bool Drop(InstanceId machine, OrderedFence fence, IEnumerable<Poller> pollers, Func<InstanceId, Stamp, bool> confirmed)
    {
        if (!confirmed(machine, fence.Below))
        {
            return false;
        }

        _fences.Remove(machine);
        foreach (var poller in pollers)
        {
            poller.Forget(machine);
        }

        return true;
    }

    private sealed class OrderedFence(Stamp below, long orderedAt)
    {
        public Stamp Below { get; } = below;

        public long OrderedAt { get; } = orderedAt;

        /// <summary>Whether who asked for it knows that everybody has confirmed.</summary>
        public bool Told { get; set; }
    }
}
