using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// What this process holds: attempts it was given, until their task has acknowledged the outcome. Local to the process, and outlives the
/// grains on both sides. An attempt starts only when its task has granted it, the lease is safe, and no fence is above its stamp.
/// </summary>
internal sealed partial class WorkerDesk(IStepRunner runner, IPeers peers, IOwnership ownership, WorkerOptions options, TimeProvider time, ILogger<WorkerDesk> logger)
{
    // So many machines' fences are kept. Forgetting the oldest is safe: the world refuses what is older, too.
    private const int KeepFences = 10_000;

    private readonly Dictionary<(VerbKey Key, Stamp Stamp), HeldWork> _held = [];
    private readonly IndexOf<HostName, HeldWork> _onHost = new();
    private readonly IndexOf<InstanceId, HeldWork> _onMachine = new();
    private readonly Dictionary<InstanceId, Stamp> _fences = [];
    private readonly Queue<InstanceId> _fencedFirst = new();
    private readonly Lock _gate = new();
    private volatile bool _stopping;

    /// <summary>Attempts on a host, as a poll lists them.</summary>
    public List<HeldAttempt> HeldOn(HostName host) => [.. HeldBy(host).Select(h => h.ToHeld())];

    /// <summary>How many are on a host and not ended.</summary>
    public int RunningOn(HostName host) => HeldBy(host).Count(h => h.Outcome is null);

    /// <summary>Takes an attempt; <paramref name="over"/> is called once it needs no more listing. One that is here already is left alone.</summary>
    public void Take(Attempt attempt, Action<HeldAttempt> over)
    {
        // At a stop: handed out by a poll that was under way. The host takes it back when it is not listed.
        var work = new HeldWork(attempt, ownership.Generation);
        if (Add(work))
        {
            _ = RunToEndAsync(work, over);
        }
    }

    /// <summary>
    /// Stops everything older than the order's stamp on its machine: nothing such begins any more, what runs is aborted, and this returns
    /// when it has ended or has been abandoned.
    /// </summary>
    public async Task FenceAsync(FenceOrder order)
    {
        List<HeldWork> older;
        lock (_gate)
        {
            Raise(order);
            older = [.. _onMachine[order.Machine].Where(h => h.Attempt.Stamp < order.Below && h.Outcome is null)];
        }

        older.ForEach(w => w.Abort());
        await AllEndedAsync(older);
    }

    private static async Task AllEndedAsync(List<HeldWork> works)
    {
        foreach (var work in works)
        {
            await work.Ended;
        }
    }

    private List<HeldWork> HeldBy(HostName host)
    {
        lock (_gate)
        {
            return [.. _onHost[host]];
        }
    }

    private bool Add(HeldWork work)
    {
        lock (_gate)
        {
            if (_stopping || !_held.TryAdd((work.Attempt.Key, work.Attempt.Stamp), work))
            {
                return false;
            }

            _onHost.Add(work.Attempt.Host, work);
            _onMachine.Add(work.Attempt.Machine.Instance, work);
            return true;
        }
    }

    private void Remove(HeldWork work)
    {
        lock (_gate)
        {
            _held.Remove((work.Attempt.Key, work.Attempt.Stamp));
            _onHost.Remove(work.Attempt.Host, work);
            _onMachine.Remove(work.Attempt.Machine.Instance, work);
        }
    }

    private void Raise(FenceOrder order)
    {
        if (!_fences.TryGetValue(order.Machine, out var known))
        {
            _fencedFirst.Enqueue(order.Machine);
        }

        if (known < order.Below)
        {
            _fences[order.Machine] = order.Below;
        }

        while (_fencedFirst.Count > KeepFences)
        {
            _fences.Remove(_fencedFirst.Dequeue());
        }
    }

    /// <summary>Waits for what runs, then aborts it; what is aborted is repeated later, elsewhere.</summary>
    public async Task StopAsync()
    {
        // With what is held, so that nothing is taken that nobody waits for.
        List<HeldWork> running;
        lock (_gate)
        {
            _stopping = true;
            running = [.. _held.Values.Where(h => h.Outcome is null)];
        }

        var all = AllEndedAsync(running);
        await all.WaitAsync(options.StopGrace, time).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        foreach (var work in running.Where(w => w.Outcome is null))
        {
            LogAbortedAtStop(work.Attempt.Key, work.Attempt.Stamp);
            WorkerInstruments.OnAbortedAtStop();
            work.Abort();
        }

        await all;
    }

    private async Task RunToEndAsync(HeldWork work, Action<HeldAttempt> over)
    {
        await Task.Yield();
        try
        {
            if (await RunAsync(work))
            {
                await ReportAsync(work);
            }
        }
        catch (Exception e)
        {
            // A defect: the task finds that no runner has the attempt, and tries again under a fence.
            LogDefect(e, work.Attempt.Key, work.Attempt.Stamp);
            work.End(NotBegun(work));
        }
        finally
        {
            Remove(work);
            over(work.ToHeld());
        }
    }

    /// <summary>Runs it; false when the task refused it, so that there is nobody to report to.</summary>
    private async Task<bool> RunAsync(HeldWork work)
    {
        var grant = await BeginAsync(work.Attempt);
        if (grant == BeginAnswer.Refused)
        {
            work.End(NotBegun(work));
            return false;
        }

        if (grant is null || !MayStart(work))
        {
            work.End(NotBegun(work));
            return true;
        }

        using var abort = work.Arm(work.Attempt.Timeout, time);
        var verb = runner.ExecuteTaskOnInstance(work.Attempt, work.Attempt.Machine, () => MayStart(work), abort.Token);
        work.End(await WaitAsync(work, verb, abort.Token) with { Generation = work.Generation });
        return true;
    }

    private async Task<BeginAnswer?> BeginAsync(Attempt attempt)
    {
        try
        {
            return await peers.BeginAsync(attempt.Key.Task, attempt.Stamp, ownership.Generation);
        }
        catch (Exception e)
        {
            LogBeginFailed(e, attempt.Key, attempt.Stamp);
            return null;
        }
    }

    // The last look before the effect; the world's own check of the stamp covers what can happen between here and there.
    private bool MayStart(HeldWork work)
    {
        lock (_gate)
        {
            var fenced = _fences.TryGetValue(work.Attempt.Machine.Instance, out var below) && work.Attempt.Stamp < below;
            return !fenced && !work.AbortAsked && ownership.LeaseIsSafe && ownership.Generation == work.Generation;
        }
    }

    private async Task<AttemptOutcome> WaitAsync(HeldWork work, Task<AttemptOutcome> verb, CancellationToken abort)
    {
        try
        {
            // The verb has until its abort, and then the grace, to return.
            return await verb.WaitAsync(Timeout.InfiniteTimeSpan, time, abort);
        }
        catch (OperationCanceledException)
        {
            LogAborted(work.Attempt.Key, work.Attempt.Stamp, work.AbortAsked);
        }

        try
        {
            return await verb.WaitAsync(options.AbortGrace, time, CancellationToken.None);
        }
        catch (OperationCanceledException)
        {
            return Stopped(work, AttemptResult.Failed);
        }
        catch (TimeoutException)
        {
            LogAbandoned(work.Attempt.Key, work.Attempt.Stamp);
            _ = CountLateAsync(work, verb);
            return Stopped(work, AttemptResult.Abandoned);
        }
    }

    private async Task CountLateAsync(HeldWork work, Task<AttemptOutcome> verb)
    {
        try
        {
            var late = await verb;
            LogLate(work.Attempt.Key, work.Attempt.Stamp, late.Result);
        }
        catch (OperationCanceledException)
        {
            LogLate(work.Attempt.Key, work.Attempt.Stamp, AttemptResult.Abandoned);
        }
        finally
        {
            WorkerInstruments.OnLateOutcome();
        }
    }

    private static AttemptOutcome Stopped(HeldWork work, AttemptResult result) => new()
    {
        Key = work.Attempt.Key,
        Stamp = work.Attempt.Stamp,
        Result = result,
        Failure = work.AbortAsked
            ? new Failure(FailureKinds.Lost, "The attempt was stopped.", Retryable: true)
            : new Failure(FailureKinds.Timeout, $"The step did not end within {work.Attempt.Timeout.TotalSeconds:0} seconds.", Retryable: true),
    };

    private static AttemptOutcome NotBegun(HeldWork work) => new()
    {
        Key = work.Attempt.Key, Stamp = work.Attempt.Stamp, Result = AttemptResult.NotBegun, Generation = work.Generation,
    };

    /// <summary>Repeats the report until the task has taken it, or its silo generation is over and somebody else decides.</summary>
    private async Task ReportAsync(HeldWork work)
    {
        var delay = TimeSpan.FromMilliseconds(100);
        while (work.Generation == ownership.Generation)
        {
            try
            {
                await peers.EndedAsync(work.Outcome!);
                return;
            }
            catch (Exception e)
            {
                LogReportFailed(e, work.Attempt.Key, work.Attempt.Stamp);
            }

            await Task.Delay(delay, time);
            delay = delay < TimeSpan.FromSeconds(5) ? delay * 2 : delay;
        }
    }
}
