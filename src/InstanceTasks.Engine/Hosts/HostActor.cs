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

    // So many of those that hold up an attempt are named.
    private const int Named = 5;

    // Longer than a poll is held.
    private static readonly TimeSpan HeardLately = TimeSpan.FromSeconds(15);

    private readonly HostName _host;
    private readonly IOwnership _ownership;
    private readonly TimeProvider _time;
    private readonly HostQueue _queue = new();
    private readonly Dictionary<long, Poller> _pollers = [];
    private readonly HostFences _fences;
    private readonly HostQuestions _questions;
    private readonly HashSet<long> _unheard;
    private readonly LimitOptions _limits;

    /// <summary>Creates the logic of a host.</summary>
    public HostActor(HostName host, IOwnership ownership, TimeProvider time, LimitOptions? limits = null)
    {
        (_host, _ownership, _time, _limits, _fences, _questions) = (host, ownership, time, limits ?? new(), new(time), new(time));
        _unheard = [.. Workers()];
    }

    /// <summary>Generations it keeps something of because they have polled.</summary>
    internal int PollersKept => _pollers.Count;

    /// <summary>Attempts waiting for a worker.</summary>
    public int QueueLength => _queue.Length;

    /// <summary>Queues an attempt, behind those of its priority; repeating it changes nothing but that.</summary>
    public WhereAnswer Offer(Attempt attempt)
    {
        if (_queue.Find(attempt.Key, attempt.Stamp) is { } known)
        {
            Reorder(known, attempt);
        }
        else if (!_fences.Covers(attempt.Machine.Instance, attempt.Stamp))
        {
            var entry = new HostEntry(attempt.Key, attempt.Stamp, attempt.Machine.Instance) { Attempt = attempt, Kind = attempt.Kind, Project = attempt.Project };
            _queue.Add(entry);
            _queue.Enqueue(entry);
            HandOut();
        }

        return Where(attempt.Key, attempt.Stamp);
    }

    private void Reorder(HostEntry entry, Attempt attempt)
    {
        if (entry.Node is not null && entry.Attempt!.Priority != attempt.Priority)
        {
            entry.Attempt = attempt;
            _queue.Enqueue(entry);
        }
    }

    /// <summary>Takes an attempt out of the queue, if no runner has it.</summary>
    public void Withdraw(VerbKey key, Stamp stamp)
    {
        if (_queue.Find(key, stamp) is { Holder: null } entry)
        {
            _queue.Forget(entry);
        }
    }

    /// <summary>Where an attempt is.</summary>
    public WhereAnswer Where(VerbKey key, Stamp stamp)
    {
        if (_queue.Find(key, stamp) is not { } entry)
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
            await _fences.ConfirmationAsync(machine, left);
            answer = Fence(machine, below);
        }

        return answer;
    }

    /// <summary>Orders the fence and says whether everybody has confirmed it.</summary>
    public FenceAnswer Fence(InstanceId machine, Stamp below)
    {
        var stands = _fences.Order(machine, below, _pollers.Values);
        foreach (var entry in _queue.OfMachine(machine).Where(e => e.Stamp < stands && e.Holder is null).ToList())
        {
            _queue.Forget(entry);
        }

        var missing = Runners().Where(g => !HasConfirmed(g, machine, below)).ToList();
        foreach (var poller in missing.Select(g => _pollers.GetValueOrDefault(g)).OfType<Poller>())
        {
            Serve(poller);
        }

        if (missing.Count == 0)
        {
            _fences.Tell(machine, below);
            _fences.Prune(_pollers.Values, HaveConfirmed);
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

    private bool HaveConfirmed(InstanceId machine, Stamp below) => Runners().All(g => HasConfirmed(g, machine, below));

    private bool HasConfirmed(long generation, InstanceId machine, Stamp below) => _pollers.TryGetValue(generation, out var poller) && poller.HasConfirmed(machine, below);

    private Poller Hear(PollRequest request)
    {
        if (!_pollers.TryGetValue(request.Generation, out var poller))
        {
            poller = Add(request.Generation);
        }

        poller.HeardAt = _time.GetTimestamp();
        _unheard.Remove(request.Generation);
        request.Fenced.ForEach(f => _fences.Confirm(poller, f));
        request.Held.ForEach(h => Note(request.Generation, h));
        request.Over.ForEach(h => Forget(h.Key, h.Stamp));
        TakeBackLost(request);
        return poller;
    }

    // One that comes is mostly in the place of one that is over. Such a one is never asked for a fence again; what it holds is the queue's.
    private Poller Add(long generation)
    {
        foreach (var gone in _pollers.Values.Where(p => Since(p.HeardAt) > HeardLately && _ownership.IsOver(p.Generation)).ToList())
        {
            _pollers.Remove(gone.Generation);
            gone.Answer(new PollAnswer());
        }

        var added = _pollers[generation] = new Poller(generation);
        _fences.OrderAll(added);
        return added;
    }

    private void Note(long generation, HeldAttempt held)
    {
        if (_queue.Find(held.Key, held.Stamp) is not { } entry)
        {
            entry = new HostEntry(held.Key, held.Stamp, held.Machine) { Kind = held.Kind, Project = held.Project };
            _queue.Add(entry);
        }

        _queue.Hold(entry, generation);
        (entry.Outcome, entry.Listed, entry.UnlistedSince) = (held.Outcome, true, null);
    }

    /// <summary>What was handed to a worker a while ago and is not among what it holds got lost on the way: it is queued again, with the same stamp.</summary>
    private void TakeBackLost(PollRequest request)
    {
        _queue.HeldBy(request.Generation).Where(e => !e.Listed && Since(e.HandedAt) > LostAfter).ToList().ForEach(_queue.TakeBack);
        _queue.Holders.Where(_ownership.IsOver).SelectMany(_queue.HeldBy).Where(e => Since(e.HandedAt) > DeadAfter).ToList().ForEach(_queue.Forget);

        // Two polls of one process may overtake each other: listed by the older after the newer had called it over, it would stay for ever.
        var listed = request.Held.Select(h => (h.Key, h.Stamp)).ToHashSet();
        foreach (var gone in _queue.HeldBy(request.Generation).Where(e => e.Listed && !listed.Contains((e.Key, e.Stamp))).ToList())
        {
            gone.UnlistedSince ??= _time.GetTimestamp();
            if (Since(gone.UnlistedSince.Value) > DeadAfter)
            {
                _queue.Forget(gone);
            }
        }
    }

    private PollAnswer Collect(Poller poller)
    {
        var now = _time.GetTimestamp();
        var attempts = new List<Attempt>();
        var load = poller.Room > 0 && _queue.Length > 0 ? Load() : null;
        while (poller.Room > 0 && IsSettled() && NextAllowed(load) is { } next)
        {
            load?.Add(next.Kind, next.Project);
            _queue.Hold(next, poller.Generation);
            next.HandedAt = now;
            attempts.Add(next.Attempt!);
            poller.Room--;
        }

        return new PollAnswer { Attempts = attempts, Fences = poller.TakeOrders(_time), Questions = _questions.HandOut() };
    }

    private static bool HasNews(PollAnswer answer) => answer.Attempts.Count > 0 || answer.Fences.Count > 0 || answer.Questions.Count > 0;

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

    private IEnumerable<HostEntry> Running() => _queue.Holders.Where(g => !_ownership.IsOver(g)).SelectMany(_queue.HeldBy).Where(e => e.Outcome is null);

    private HostEntry? NextAllowed(HostLoad? load) => load is null ? _queue.First : _queue.Waiting.FirstOrDefault(e => load.Blocks(e.Kind, e.Project) is null);

    private int PositionOf(HostEntry entry) => _queue.Waiting.TakeWhile(e => e != entry).Count();

    private WhereAnswer WhyQueued(HostEntry entry)
    {
        var ahead = PositionOf(entry);
        var limit = _pollers.Values.Any(p => (p.IsWaiting && p.Room > 0) || !_ownership.IsOver(p.Generation)) ? Load()?.Blocks(entry.Kind, entry.Project) ?? WaitLimits.Workers : WaitLimits.NoWorker;
        var holders = limit == WaitLimits.NoWorker ? [] : Running().Where(e => Counts(e, entry, limit)).OrderBy(e => e.HandedAt).Select(e => e.Key.Task).Take(Named);
        return new() { Place = AttemptPlace.Queued, Position = ahead, Reason = TextOf(entry, limit, ahead), Wait = new(limit, ahead, [.. holders]) };
    }

    private static bool Counts(HostEntry running, HostEntry waiting, string limit) => limit switch
    {
        WaitLimits.Kind => running.Kind == waiting.Kind,
        WaitLimits.Project => running.Project == waiting.Project,
        _ => true,
    };

    private string TextOf(HostEntry entry, string limit, int ahead) => limit switch
    {
        WaitLimits.NoWorker => $"no worker reaches host {_host}",
        WaitLimits.Host => $"at most {_limits.RunningPerHost} steps run on host {_host} at a time",
        WaitLimits.Kind => $"at most {_limits.RunningPerKind[entry.Kind.Name]} steps of kind '{entry.Kind}' run on host {_host} at a time",
        WaitLimits.Project => $"at most {_limits.RunningPerProject} steps of one project run on host {_host} at a time",
        _ => ahead == 0 ? $"waits for a worker of host {_host}" : $"{ahead} ahead in the queue of host {_host}",
    };

    private void Forget(VerbKey key, Stamp stamp)
    {
        if (_queue.Find(key, stamp) is { } entry)
        {
            _queue.Forget(entry);
        }
    }
}
