using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.Cluster;

/// <summary>A process that cannot be reached, as its caller learns it.</summary>
internal sealed class ProcessUnreachableException(string message) : Exception(message);

/// <summary>
/// Who is where, and what becomes of calls on their way. At most one activation of an actor is known at a time; that two can live all the same
/// is what the faults are for.
/// </summary>
internal sealed class Network(SimulatedCluster cluster, Scheduler scheduler, Faults faults, Dice latency, Dice placement)
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Near = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan Fast = TimeSpan.FromMicroseconds(200);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(50);

    private readonly Dictionary<ActorKey, SimulatedProcess> _places = [];

    /// <summary>Calls an actor and waits for its answer, or for the time-out: then nobody knows whether it was carried out.</summary>
    public async Task<T> CallAsync<T>(SimulatedProcess from, ActorKey to, Func<Shell, Task<T>> turn, Action? twice = null, int copies = 1)
    {
        var answer = new TaskCompletionSource<T>();
        var remote = from != PlaceOf(to, from);
        var silent = remote && faults.Strikes(FaultKind.ReplyLost);
        Send(from, to, remote, shell => CarryOutAsync(shell, turn, from, answer, silent), answer.TrySetException, twice, copies);
        using var timer = from.Time.CreateTimer(
            _ => answer.TrySetException(new TimeoutException("No answer within 30 s.")), null, CallTimeout, Timeout.InfiniteTimeSpan);
        return await answer.Task;
    }

    /// <summary>Tells an actor something; nobody waits.</summary>
    public void Tell(SimulatedProcess from, ActorKey to, Func<Shell, Task> turn) =>
        Send(from, to, from != PlaceOf(to, from), shell => QuietAsync(() => turn(shell)), _ => false, null, 1);

    /// <summary>A call in the mail of an activation that is gone goes to the next one.</summary>
    public void Forward(SimulatedProcess from, ActorKey to, Func<Shell, Task> turn) => Deliver(from, to, turn, _ => false);

    /// <summary>An activation came to be: it is the one that is known, unless another is.</summary>
    public void Register(ActorKey key, SimulatedProcess process)
    {
        if (!process.DeclaredDead)
        {
            _places[key] = process;
        }
    }

    /// <summary>An activation is gone.</summary>
    public void Forget(ActorKey key, SimulatedProcess process)
    {
        if (_places.GetValueOrDefault(key) == process)
        {
            _places.Remove(key);
        }
    }

    /// <summary>A process is declared dead, whether it is or not.</summary>
    public void ForgetAll(SimulatedProcess process)
    {
        foreach (var key in _places.Where(p => p.Value == process).Select(p => p.Key).ToList())
        {
            _places.Remove(key);
        }
    }

    /// <summary>An activation that is known, with its process.</summary>
    public (ActorKey Key, SimulatedProcess Process)? AnyPlace(Dice dice)
    {
        var all = _places.ToList();
        return all.Count == 0 ? null : (dice.Pick(all) is var (key, process) ? (key, process) : null);
    }

    private void Send(SimulatedProcess from, ActorKey to, bool remote, Func<Shell, Task> turn, Func<Exception, bool> fail, Action? twice, int copies)
    {
        if (remote && faults.Strikes(FaultKind.CallLost))
        {
            return;
        }

        var way = !remote ? Near : faults.Strikes(FaultKind.CallLate) ? latency.Between(TimeSpan.FromSeconds(1), Latest) : latency.Between(Fast, Slow);
        scheduler.After(way, null, () => Deliver(from, to, turn, fail));
        for (var copy = 0; copy < copies; copy++)
        {
            if (remote && faults.Strikes(FaultKind.CallTwice))
            {
                twice?.Invoke();
                var late = latency.Chance(500) ? TimeSpan.FromSeconds(1) : TimeSpan.FromSeconds(8);
                scheduler.After(latency.Between(Fast, late), null, () => Deliver(from, to, turn, fail));
            }
        }
    }

    private void Deliver(SimulatedProcess from, ActorKey to, Func<Shell, Task> turn, Func<Exception, bool> fail)
    {
        if (PlaceOf(to, from) is not { } process)
        {
            fail(new ProcessUnreachableException("No process is there."));
            return;
        }

        if (process.Context.Dead)
        {
            // Some callers learn it at once, some by their time-out.
            if (placement.Chance(500))
            {
                scheduler.After(latency.Between(Fast, Slow), null, () => fail(new ProcessUnreachableException($"{process.Name} is gone.")));
            }

            return;
        }

        scheduler.After(TimeSpan.Zero, process.Context, () => process.ShellOf(to).Take(turn));
    }

    private async Task CarryOutAsync<T>(Shell shell, Func<Shell, Task<T>> turn, SimulatedProcess from, TaskCompletionSource<T> answer, bool silent)
    {
        try
        {
            var result = await turn(shell);
            Reply(shell, from, silent, () => answer.TrySetResult(result));
        }
        catch (Exception e)
        {
            Reply(shell, from, silent, () => answer.TrySetException(e));
        }
    }

    private void Reply(Shell shell, SimulatedProcess from, bool silent, Action reply)
    {
        if (!silent)
        {
            var way = shell.Process == from ? Near : faults.Strikes(FaultKind.CallLate) ? latency.Between(TimeSpan.FromSeconds(1), Latest) : latency.Between(Fast, Slow);
            scheduler.After(way, null, reply);
        }
    }

    // Nobody waits for it, and the shell has seen its exception.
    private static async Task QuietAsync(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (Exception)
        {
            await Task.CompletedTask;
        }
    }

    /// <summary>Where an actor is, or will be: tasks prefer their caller's process, the others any.</summary>
    private SimulatedProcess? PlaceOf(ActorKey key, SimulatedProcess from)
    {
        if (_places.TryGetValue(key, out var known))
        {
            return known;
        }

        var ready = cluster.Processes.Where(p => p.TakesActors).ToList();
        var chosen = ready.Count == 0 ? null : key.Kind == ActorKind.Task && from.TakesActors ? from : ready[(int)(((ulong)World.Short.Number(key.Id) + (ulong)key.Number) % (ulong)ready.Count)];
        if (chosen is not null)
        {
            _places[key] = chosen;
        }

        return chosen;
    }
}
