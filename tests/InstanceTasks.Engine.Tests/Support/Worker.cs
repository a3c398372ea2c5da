namespace InstanceTasks.Engine.Tests.Support;

/// <summary>The runner of one process: polls the hosts, asks for the grant, runs, reports until it is acknowledged.</summary>
internal sealed class Worker(Node node, World world)
{
    private readonly Dictionary<(VerbKey Key, Stamp Stamp), Held> _held = [];
    private readonly List<(HostName Host, HeldAttempt Attempt)> _over = [];
    private readonly List<FenceOrder> _fenced = [];

    public int Room { get; set; } = 10;

    /// <summary>False: nothing is polled, as if the process hung.</summary>
    public bool Polls { get; set; } = true;

    /// <summary>False: outcomes are kept and not reported.</summary>
    public bool Reports { get; set; } = true;

    /// <summary>Attempts that run.</summary>
    public IEnumerable<Attempt> Running => _held.Values.Where(h => h.Outcome is null).Select(h => h.Attempt);

    public List<(Stamp Stamp, BeginAnswer Answer)> Begins { get; } = [];

    /// <summary>Polls one host; true when something came of it.</summary>
    public async Task<bool> PollAsync(HostName host, HostActor actor)
    {
        if (!Polls || node.Dead)
        {
            return false;
        }

        var request = new PollRequest
        {
            Generation = node.Generation, Silo = "s", Room = Room, Wait = TimeSpan.Zero, Fenced = [.. _fenced],
            Held = [.. _held.Values.Where(h => h.Attempt.Host == host).Select(h => h.ToHeld())],
            Over = [.. _over.Where(o => o.Host == host).Select(o => o.Attempt)],
        };
        _over.RemoveAll(o => o.Host == host);
        var answer = await actor.PollAsync(request);
        foreach (var order in answer.Fences)
        {
            Fence(order);
        }

        answer.Attempts.ForEach(Take);
        return answer.Attempts.Count > 0 || answer.Fences.Count > 0;
    }

    /// <summary>Ends what hangs.</summary>
    public void Finish(Act act, string? step = null)
    {
        var held = _held.Values.Single(h => h.Outcome is null && (step is null || h.Attempt.Key.Step == step));
        End(held, act);
    }

    /// <summary>Ends everything that hangs.</summary>
    public bool FinishAll(Act act)
    {
        var hanging = _held.Values.Where(h => h.Outcome is null && h.Granted).ToList();
        hanging.ForEach(h => End(h, act));
        return hanging.Count > 0;
    }

    private void Take(Attempt attempt)
    {
        var held = new Held(attempt);
        if (_held.TryAdd((attempt.Key, attempt.Stamp), held))
        {
            node.Post(() => BeginAsync(held));
        }
    }

    private Task BeginAsync(Held held)
    {
        var answer = node.Cluster.CellOf(held.Attempt.Key.Task).Actor.Begin(held.Attempt.Stamp, node.Generation);
        Begins.Add((held.Attempt.Stamp, answer));
        if (answer == BeginAnswer.Refused)
        {
            Over(held);
            return Task.CompletedTask;
        }

        if (held.Outcome is not null)
        {
            return Task.CompletedTask;
        }

        held.Granted = true;
        var act = world.ActFor(held.Attempt.Key);
        if (act == Act.HangAfterEffect)
        {
            held.Applied = world.Run(held.Attempt);
        }
        else if (act != Act.Hang)
        {
            End(held, act);
        }

        return Task.CompletedTask;
    }

    private void End(Held held, Act act)
    {
        held.Outcome = (act == Act.Succeed && held.Applied is { } there ? there : Outcome(held.Attempt, act)) with { Generation = node.Generation };
        if (Reports)
        {
            node.Post(() => ReportAsync(held));
        }
    }

    private AttemptOutcome Outcome(Attempt attempt, Act act) => act switch
    {
        Act.FailRetryable => World.Outcome(attempt, AttemptResult.Failed, Some.Glitch),
        Act.FailFinal => World.Outcome(attempt, AttemptResult.Failed, Some.GuestFailure),
        Act.NotBegun => World.Outcome(attempt, AttemptResult.NotBegun),
        Act.Abandon => World.Outcome(attempt, AttemptResult.Abandoned, new Failure(FailureKinds.Timeout, "it did not return", Retryable: true)),
        Act.Fenced => World.Outcome(attempt, AttemptResult.Fenced, new Failure(FailureKinds.Fenced, "newer")),
        _ => world.Run(attempt),
    };

    private async Task ReportAsync(Held held)
    {
        await node.Cluster.TurnAsync(held.Attempt.Key.Task, a => a.EndedAsync(held.Outcome!));
        Over(held);
    }

    private void Over(Held held)
    {
        if (_held.Remove((held.Attempt.Key, held.Attempt.Stamp)))
        {
            _over.Add((held.Attempt.Host, held.ToHeld()));
        }
    }

    private void Fence(FenceOrder order)
    {
        foreach (var held in _held.Values.Where(h => h.Attempt.Machine.Instance == order.Machine && h.Attempt.Stamp < order.Below && h.Outcome is null))
        {
            held.Outcome = World.Outcome(held.Attempt, AttemptResult.Failed, new Failure(FailureKinds.Lost, "The attempt was stopped.", Retryable: true));
            node.Post(() => ReportAsync(held));
        }

        _fenced.Add(order);
    }

    private sealed class Held(Attempt attempt)
    {
        public Attempt Attempt { get; } = attempt;

        public bool Granted { get; set; }

        public AttemptOutcome? Outcome { get; set; }

        /// <summary>What the world said when the effect happened, while the attempt itself goes on.</summary>
        public AttemptOutcome? Applied { get; set; }

        public HeldAttempt ToHeld() => new() { Key = Attempt.Key, Stamp = Attempt.Stamp, Machine = Attempt.Machine.Instance, Outcome = Outcome };
    }
}
