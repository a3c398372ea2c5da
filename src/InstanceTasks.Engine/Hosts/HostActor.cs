namespace InstanceTasks.Engine;

/// <summary>
/// The logic of one host: a queue of attempts that workers pull, and the fences they must confirm. Keeps nothing durable: what runners hold
/// they say in every poll, and a new object hands out nothing until every generation that lived when it was made and may work for the host has polled
/// or is over.
/// No method awaits between reading and changing state, so calls may interleave. Time is only measured, never told: the wall clock may jump.
/// </summary>
public sealed class HostActor
{
    private static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan DeadAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromSeconds(2);

    // So many of those that hold up an attempt are named.
    private const int Named = 5;

    // Longer than a poll is held.
    private static readonly TimeSpan HeardLately = TimeSpan.FromSeconds(15);

    private readonly HostName _host;
    private readonly IOwnership _ownership;
    private readonly TimeProvider _time;
    private readonly Dictionary<(VerbKey Key, Stamp Stamp), Entry> _entries = [];
    private readonly LinkedList<Entry> _queue = [];
    private readonly Dictionary<long, Poller> _pollers = [];
    private readonly Dictionary<InstanceId, OrderedFence> _fences = [];
    private readonly Dictionary<InstanceId, TaskCompletionSource> _confirmations = [];
    private readonly HostQuestions _questions;
    private readonly HashSet<long> _unheard;
    private readonly LimitOptions _limits;

    /// <summary>Creates the logic of a host.</summary>
    public HostActor(HostName host, IOwnership ownership, TimeProvider time, LimitOptions? limits = null)
    {
        (_host, _ownership, _time, _limits, _questions) = (host, ownership, time, limits ?? new(), new(time));
        _unheard = [.. Workers()];
    }

    /// <summary>Attempts waiting for a worker.</summary>
    public int QueueLength => _queue.Count;

    /// <summary>Queues an attempt, behind those of its priority; repeating it changes nothing but that.</summary>
    public WhereAnswer Offer(Attempt attempt)
    {
        var id = (attempt.Key, attempt.Stamp);
        if (_entries.TryGetValue(id, out var known))
        {
            Reorder(known, attempt);
        }
        else if (!IsFenced(attempt.Machine.Instance, attempt.Stamp))
        {
            var entry = new Entry(attempt.Key, attempt.Stamp, attempt.Machine.Instance) { Attempt = attempt, Kind = attempt.Kind, Project = attempt.Project };
            _entries[id] = entry;
            Enqueue(entry);
            HandOut();
        }

        return Where(attempt.Key, attempt.Stamp);
    }

    private void Reorder(Entry entry, Attempt attempt)
    {
        if (entry.Node is not null && entry.Attempt!.Priority != attempt.Priority)
        {
            entry.Attempt = attempt;
            Unqueue(entry);
            Enqueue(entry);
        }
    }

    private void Enqueue(Entry entry)
    {
        var before = _queue.Last;
        while (before is not null && before.Value.Priority < entry.Priority)
        {
            before = before.Previous;
        }

        entry.Node = before is null ? _queue.AddFirst(entry) : _queue.AddAfter(before, entry);
    }

    /// <summary>Takes an attempt out of the queue, if no runner has it.</summary>
    public void Withdraw(VerbKey key, Stamp stamp)
    {
        if (_entries.TryGetValue((key, stamp), out var entry) && entry.Holder is null)
        {
            Forget(entry.Key, entry.Stamp);
        }
    }

    /// <summary>Where an attempt is.</summary>
    public WhereAnswer Where(VerbKey key, Stamp stamp)
    {
        if (!_entries.TryGetValue((key, stamp), out var entry))
        {
            return IsSettled()
                ? new() { Place = AttemptPlace.Unknown }
                : new() { Place = AttemptPlace.Settling, Reason = "the host's queue has just been restarted" };
        }

        if (entry.Outcome is { } outcome)
        {
            return new() { Place = AttemptPlace.Ended, Outcome = outcome };
        }

        return entry.Holder is { } holder
            ? new() { Place = _ownership.IsOver(holder) ? AttemptPlace.Lost : AttemptPlace.Held }
            : WhyQueued(entry);
    }

    /// <summary>A worker asks for work. The answer may come later, at most after the request's wait.</summary>
    public Task<PollAnswer> PollAsync(PollRequest request)
    {
        var poller = Hear(request);
        // Whoever polls again does not wait for its earlier call any more: work handed to that would be lost for seconds.
        poller.Answer(new PollAnswer());
        poller.Room = request.Room;
        var answer = Collect(poller);
        if (HasNews(answer) || request.Wait <= TimeSpan.Zero)
        {
            HandOut();
            return Task.FromResult(answer);
        }

        // Hearing from this worker may have settled the host: others may have something to take now.
        HandOut();
        return poller.WaitAsync(request.Wait, request.Room, _time);
    }

    /// <summary>
    /// Has a worker read a machine's console, and waits a moment for its answer; asking again with the same id goes on waiting. Reads stand beside the queue: no attempt and no
    /// fence waits for one.
    /// </summary>
    public async Task<ConsoleAnswer> ReadConsoleAsync(ConsoleQuestion question, TimeSpan atMost)
    {
        if (!Runners().Any())
        {
            return ConsoleAnswer.Unavailable("no worker reaches its host");
        }

        if (!_questions.Add(question))
        {
            return ConsoleAnswer.Unavailable("too many consoles of its host are being read");
        }

        HandOut();
        return await _questions.WaitAsync(question.Id, atMost) ?? new() { Verdict = ConsoleVerdict.Waiting, Reason = "no worker of its host has answered" };
    }

    /// <summary>A worker's answer to a question for a console.</summary>
    public void AnswerConsole(Guid question, ConsoleAnswer answer) => _questions.Answer(question, answer);

    /// <summary>
    /// Orders the fence, and waits a moment until everybody has confirmed it. After a process has died a thousand tasks ask for theirs at once: asking again and again costs more than all else.
    /// </summary>
    public async Task<FenceAnswer> FenceAsync(InstanceId machine, Stamp below, TimeSpan atMost)
    {
        var began = _time.GetTimestamp();
        var answer = Fence(machine, below);
        while (!answer.Done && atMost - Since(began) is { Ticks: > 0 } left)
        {
            await ConfirmationAsync(machine, left);
            answer = Fence(machine, below);
        }

        return answer;
    }

    private async Task ConfirmationAsync(InstanceId machine, TimeSpan atMost)
    {
        if (!_confirmations.TryGetValue(machine, out var confirmation))
        {
            _confirmations[machine] = confirmation = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await confirmation.Task.WaitAsync(atMost, _time).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (!confirmation.Task.IsCompleted)
        {
            // Whoever waits beside it looks again when his time is up.
            _confirmations.Remove(machine);
        }
    }

    private void Confirm(Poller poller, FenceOrder order)
    {
        poller.Confirm(order);
        if (_confirmations.Remove(order.Machine, out var confirmation))
        {
            confirmation.SetResult();
        }
    }

    /// <summary>Orders the fence and says whether everybody has confirmed it.</summary>
    public FenceAnswer Fence(InstanceId machine, Stamp below)
    {
        if (!_fences.TryGetValue(machine, out var fence) || fence.Below < below)
        {
            _fences[machine] = fence = new(below, _time.GetTimestamp());
        }

        foreach (var entry in _entries.Values.Where(e => e.Machine == machine && e.Stamp < fence.Below && e.Holder is null).ToList())
        {
            Forget(entry.Key, entry.Stamp);
        }

        var missing = Runners().Where(g => !HasConfirmed(g, machine, below)).ToList();
        foreach (var poller in missing.Select(g => _pollers.GetValueOrDefault(g)).OfType<Poller>())
        {
            Serve(poller);
        }

        if (missing.Count == 0)
        {
            fence.Told |= below >= fence.Below;
            PruneFences();
            return new() { Done = true };
        }

        return new() { Done = false, Reason = $"waits until {missing.Count} worker(s) of host {_host} have stopped older work on the machine" };
    }

    // The leases are read once a second: who joined since then and polls already may hold older work, too.
    private IEnumerable<long> Runners()
    {
        return Workers().Union(_pollers.Values.Where(p => Since(p.HeardAt) <= HeardLately && !_ownership.IsOver(p.Generation) && _ownership.MayWorkFor(p.Generation, _host)).Select(p => p.Generation));
    }

    private IEnumerable<long> Workers() => _ownership.LiveGenerations.Where(g => _ownership.MayWorkFor(g, _host));

    /// <summary>
    /// A fence that everybody has confirmed, and whose task has been told so, is only kept to refuse late offers; the drivers refuse those, too. One that nobody has been told of would have to be
    /// ordered again: of a thousand at once only a few came through at a time.
    /// </summary>
    private void PruneFences()
    {
        const int Keep = 256;
        if (_fences.Count <= Keep)
        {
            return;
        }

        var runners = Runners().ToList();
        foreach (var (machine, _) in _fences.Where(f => (f.Value.Told || Since(f.Value.OrderedAt) > DeadAfter) && runners.TrueForAll(g => HasConfirmed(g, f.Key, f.Value.Below))).ToList())
        {
            _fences.Remove(machine);
            foreach (var poller in _pollers.Values)
            {
                poller.Confirmed.Remove(machine);
                poller.Delivered.Remove(machine);
            }
        }
    }

    private bool HasConfirmed(long generation, InstanceId machine, Stamp below) =>
        _pollers.TryGetValue(generation, out var poller) && poller.Confirmed.TryGetValue(machine, out var stamp) && stamp >= below;

    private bool IsFenced(InstanceId machine, Stamp stamp) => _fences.TryGetValue(machine, out var fence) && stamp < fence.Below;

    private Poller Hear(PollRequest request)
    {
        if (!_pollers.TryGetValue(request.Generation, out var poller))
        {
            _pollers[request.Generation] = poller = new Poller(request.Generation);
        }

        poller.HeardAt = _time.GetTimestamp();
        _unheard.Remove(request.Generation);
        request.Fenced.ForEach(f => Confirm(poller, f));
        request.Held.ForEach(h => Note(request.Generation, h));
        request.Over.ForEach(h => Forget(h.Key, h.Stamp));
        TakeBackLost(request);
        return poller;
    }

    private void Note(long generation, HeldAttempt held)
    {
        if (!_entries.TryGetValue((held.Key, held.Stamp), out var entry))
        {
            _entries[(held.Key, held.Stamp)] = entry = new Entry(held.Key, held.Stamp, held.Machine) { Kind = held.Kind, Project = held.Project };
        }

        Unqueue(entry);
        (entry.Holder, entry.Outcome, entry.Listed, entry.UnlistedSince) = (generation, held.Outcome, true, null);
    }

    /// <summary>What was handed to a worker a while ago and is not among what it holds got lost on the way: it is queued again, with the same stamp.</summary>
    private void TakeBackLost(PollRequest request)
    {
        var unlisted = _entries.Values.Where(e => e.Holder == request.Generation && !e.Listed && Since(e.HandedAt) > LostAfter).ToList();
        foreach (var entry in unlisted)
        {
            entry.Holder = null;
            entry.Node = _queue.AddFirst(entry);
        }

        foreach (var dead in _entries.Values.Where(e => e.Holder is { } g && Since(e.HandedAt) > DeadAfter && _ownership.IsOver(g)).ToList())
        {
            Forget(dead.Key, dead.Stamp);
        }

        // Two polls of one process may overtake each other: listed by the older after the newer had called it over, it would stay for ever.
        var listed = request.Held.Select(h => (h.Key, h.Stamp)).ToHashSet();
        foreach (var gone in _entries.Values.Where(e => e.Holder == request.Generation && e.Listed && !listed.Contains((e.Key, e.Stamp))).ToList())
        {
            gone.UnlistedSince ??= _time.GetTimestamp();
            if (Since(gone.UnlistedSince.Value) > DeadAfter)
            {
                Forget(gone.Key, gone.Stamp);
            }
        }
    }

    private PollAnswer Collect(Poller poller)
    {
        var now = _time.GetTimestamp();
        var attempts = new List<Attempt>();
        var load = poller.Room > 0 && _queue.Count > 0 ? Load() : null;
        while (poller.Room > 0 && IsSettled() && NextAllowed(load) is { } next)
        {
            load?.Add(next.Kind, next.Project);
            Unqueue(next);
            (next.Holder, next.HandedAt) = (poller.Generation, now);
            attempts.Add(next.Attempt!);
            poller.Room--;
        }

        return new PollAnswer { Attempts = attempts, Fences = FencesFor(poller, now), Questions = _questions.HandOut() };
    }

    private static bool HasNews(PollAnswer answer) => answer.Attempts.Count > 0 || answer.Fences.Count > 0 || answer.Questions.Count > 0;

    // An order is not repeated at once: the worker is busy with it, and would be asked in circles.
    private List<FenceOrder> FencesFor(Poller poller, long now)
    {
        var orders = new List<FenceOrder>();
        foreach (var (machine, fence) in _fences)
        {
            var below = fence.Below;
            var known = poller.Delivered.TryGetValue(machine, out var sent) && sent.Below >= below && Since(sent.At) < SendAgainAfter;
            if (!known && !HasConfirmed(poller.Generation, machine, below))
            {
                poller.Delivered[machine] = (below, now);
                orders.Add(new FenceOrder(machine, below));
            }
        }

        return orders;
    }

    private TimeSpan Since(long timestamp) => _time.GetElapsedTime(timestamp);

    private void HandOut()
    {
        foreach (var poller in _pollers.Values)
        {
            Serve(poller);
        }
    }

    private void Serve(Poller poller)
    {
        // Work handed to a poll of a process that is gone would be lost for seconds.
        if (!poller.IsWaiting || _ownership.IsOver(poller.Generation))
        {
            return;
        }

        var answer = Collect(poller);
        if (HasNews(answer))
        {
            poller.Answer(answer);
        }
    }

    private bool IsSettled()
    {
        if (_unheard.Count > 0)
        {
            _unheard.RemoveWhere(g => _ownership.IsOver(g) || !_ownership.MayWorkFor(g, _host));
        }

        return _unheard.Count == 0;
    }

    /// <summary>What runs, when anything is limited; null otherwise, which costs nothing.</summary>
    private HostLoad? Load()
    {
        if (!_limits.Any)
        {
            return null;
        }

        var load = new HostLoad(_limits);
        foreach (var entry in Running())
        {
            load.Add(entry.Kind, entry.Project);
        }

        return load;
    }

    private IEnumerable<Entry> Running() => _entries.Values.Where(e => e.Holder is { } g && e.Outcome is null && !_ownership.IsOver(g));

    private Entry? NextAllowed(HostLoad? load) => load is null ? _queue.First?.Value : _queue.FirstOrDefault(e => load.Blocks(e.Kind, e.Project) is null);

    private int PositionOf(Entry entry) => _queue.TakeWhile(e => e != entry).Count();

    private WhereAnswer WhyQueued(Entry entry)
    {
        var ahead = PositionOf(entry);
        var limit = _pollers.Values.Any(p => (p.IsWaiting && p.Room > 0) || !_ownership.IsOver(p.Generation)) ? Load()?.Blocks(entry.Kind, entry.Project) ?? WaitLimits.Workers : WaitLimits.NoWorker;
        var holders = limit == WaitLimits.NoWorker ? [] : Running().Where(e => Counts(e, entry, limit)).OrderBy(e => e.HandedAt).Select(e => e.Key.Task).Take(Named);
        return new() { Place = AttemptPlace.Queued, Position = ahead, Reason = TextOf(entry, limit, ahead), Wait = new(limit, ahead, [.. holders]) };
    }

    private static bool Counts(Entry running, Entry waiting, string limit) => limit switch
    {
        WaitLimits.Kind => running.Kind == waiting.Kind,
        WaitLimits.Project => running.Project == waiting.Project,
        _ => true,
    };

    private string TextOf(Entry entry, string limit, int ahead) => limit switch
    {
        WaitLimits.NoWorker => $"no worker reaches host {_host}",
        WaitLimits.Host => $"at most {_limits.RunningPerHost} steps run on host {_host} at a time",
        WaitLimits.Kind => $"at most {_limits.RunningPerKind[entry.Kind.Name]} steps of kind '{entry.Kind}' run on host {_host} at a time",
        WaitLimits.Project => $"at most {_limits.RunningPerProject} steps of one project run on host {_host} at a time",
        _ => ahead == 0 ? $"waits for a worker of host {_host}" : $"{ahead} ahead in the queue of host {_host}",
    };

    private void Forget(VerbKey key, Stamp stamp)
    {
        if (_entries.Remove((key, stamp), out var entry))
        {
            Unqueue(entry);
        }
    }

    private void Unqueue(Entry entry)
    {
        if (entry.Node is { } node)
        {
            _queue.Remove(node);
            entry.Node = null;
        }
    }

    private sealed class OrderedFence(Stamp below, long orderedAt)
    {
        public Stamp Below { get; } = below;

        public long OrderedAt { get; } = orderedAt;

        /// <summary>Whether who asked for it knows that everybody has confirmed.</summary>
        public bool Told { get; set; }
    }

    private sealed class Entry(VerbKey key, Stamp stamp, InstanceId machine)
    {
        public VerbKey Key { get; } = key;

        public Stamp Stamp { get; } = stamp;

        public InstanceId Machine { get; } = machine;

        public Attempt? Attempt { get; set; }

        public TaskKind Kind { get; init; }

        public ProjectId Project { get; init; }

        public int Priority => Attempt?.Priority ?? TaskPriorities.Highest;

        public long? Holder { get; set; }

        public long HandedAt { get; set; }

        /// <summary>Whether the holder has listed it: until then it may have been lost on the way.</summary>
        public bool Listed { get; set; }

        /// <summary>Since when the holder's polls list it no more.</summary>
        public long? UnlistedSince { get; set; }

        public AttemptOutcome? Outcome { get; set; }

        public LinkedListNode<Entry>? Node { get; set; }
    }
}
