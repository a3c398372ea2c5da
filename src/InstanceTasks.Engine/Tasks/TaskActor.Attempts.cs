namespace InstanceTasks.Engine;

/// <content>Attempts on hosts, and control steps.</content>
public sealed partial class TaskActor
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ShowAfter = TimeSpan.FromSeconds(1);

    private long? _blockedSince;

    private async Task<Move> StartAttemptAsync(TaskDecision.StartAttempt start)
    {
        var task = _task!;
        var stamp = new Stamp(journal.ClusterEpoch, task.Turn, task.Epoch, _attempts + 1);
        if (task.MustFence && !_fenced && await FenceOlderAsync(stamp) is { } blocked)
        {
            return blocked;
        }

        _attempts++;
        _blockedSince = null;
        _flight = new Flight(NewAttempt(task, start, stamp));
        turns.TickIn(LookEvery);
        await OfferAsync(_flight);
        return Move.Rest;
    }

    private async Task<Move?> FenceBeforeEndAsync(TaskRecord last) => AttemptRules.MustFenceBeforeEnd(last, _fenced)
        ? await FenceOlderAsync(new Stamp(journal.ClusterEpoch, last.Turn, last.Epoch, _attempts + 1))
        : null;

    /// <summary>Has every runner stop what is older than the stamp; null once that is over, else what to do meanwhile.</summary>
    private async Task<Move?> FenceOlderAsync(Stamp below)
    {
        var fence = await AskFenceAsync(below);
        if (!fence.Done)
        {
            return await BlockedAsync(fence.Reason ?? "waits until older work on the machine has ended");
        }

        (_fenced, _blockedSince) = (true, null);
        return null;
    }

    private static Attempt NewAttempt(TaskRecord task, TaskDecision.StartAttempt start, Stamp stamp) => new()
    {
        Priority = TaskPriorities.Of(task),
        Project = task.Project,
        Key = new VerbKey(task.Id, start.Step.Name, start.Direction),
        Stamp = stamp,
        Host = task.Host!.Value,
        Secret = start.Direction == Direction.Do ? start.Step.Secret : null,
        Verb = start.Verb,
        Machine = task.Machine!,
        Kind = task.Kind,
        Timeout = start.Step.Timeout,
        FenceFirst = task.MustFence,
        ObserveFirst = task.MustFence || task.FailedAttempts > 0,
    };

    private async Task OfferAsync(Flight flight)
    {
        try
        {
            await peers.OfferAsync(flight.Attempt);
        }
        catch (Exception e)
        {
            // The tick asks where it is, and offers it again if the host does not know.
            LogPeerFailed(e, id, "offer");
        }
    }

    /// <summary>An attempt is out: is it still wanted?</summary>
    private async Task<Move> SuperviseAsync()
    {
        var flight = _flight!;
        // What is being stopped is stopped to its end, also if the pause that asked for it is taken back meanwhile.
        if (!flight.Stopping && !MustStop())
        {
            return Move.Rest;
        }

        flight.Stopping = true;
        if (flight.BegunBy is null)
        {
            await WithdrawAsync(flight);
            _flight = null;
            return Move.On;
        }

        var stamp = flight.Attempt.Stamp;
        var fence = await AskFenceAsync(stamp with { Attempt = stamp.Attempt + 1 });
        if (!fence.Done)
        {
            turns.TickIn(AskAgain);
            return Move.Rest;
        }

        (_outcome, _flight) = (await StoppedOutcomeAsync(flight), null);
        return Move.On;
    }

    private bool MustStop() => AttemptRules.MustStop(_task!, _flight!.BegunBy is not null) || IsHeldBack;

    // Every runner has confirmed: the attempt has ended, and if its outcome is still to be had, it is the better answer.
    private async Task<AttemptOutcome> StoppedOutcomeAsync(Flight flight)
    {
        var where = await AskWhereAsync(flight);
        return where?.Outcome ?? LostOutcome(flight, "The attempt was stopped and left no outcome.");
    }

    /// <summary>Every two seconds while an attempt is out: where is it?</summary>
    private async Task LookForAttemptAsync()
    {
        var flight = _flight!;
        turns.TickIn(LookEvery);
        if (flight.BegunBy is { } runner && ownership.IsOver(runner))
        {
            Lose(flight, "The runner's lease is over.");
            return;
        }

        var where = await AskWhereAsync(flight);
        if (where is null || _flight != flight)
        {
            return;
        }

        switch (where.Place)
        {
            case AttemptPlace.Ended:
                (_outcome, _flight) = (where.Outcome, null);
                break;
            case AttemptPlace.Lost:
                Lose(flight, "The runner that had it is gone.");
                break;
            case AttemptPlace.Unknown:
                await UnknownPlaceAsync(flight);
                break;
            case AttemptPlace.Queued:
                await ShowAsync(where.Reason, where.Wait);
                break;
            case AttemptPlace.Held:
                flight.Unknowns = 0;
                await ShowAsync(null);
                break;
        }
    }

    private async Task UnknownPlaceAsync(Flight flight)
    {
        // A host that has fenced the attempt takes it no more: then another activation has claimed the task, and this one must go.
        await LoadAsync();
        if (_dropped)
        {
            return;
        }

        if (flight.BegunBy is null)
        {
            await OfferAsync(flight);
        }
        else if (++flight.Unknowns >= 2)
        {
            // The host has heard of every runner, and none has it.
            Lose(flight, "No runner has it.");
        }
    }

    private void Lose(Flight flight, string why) => (_outcome, _flight) = (LostOutcome(flight, why), null);

    private static AttemptOutcome LostOutcome(Flight flight, string why) => new()
    {
        Key = flight.Attempt.Key,
        Stamp = flight.Attempt.Stamp,
        Result = AttemptResult.Abandoned,
        Failure = new Failure(FailureKinds.Lost, "The worker was lost; the step is tried again.", Retryable: true, Details: why),
    };

    private async Task<Move> RunControlAsync(TaskDecision.RunControl control) => (control.Step.Control, control.Direction) switch
    {
        (ControlWork.Children, Direction.Do) => await RunChildrenAsync(),
        (ControlWork.Children, _) => await StopChildrenAsync(),
        (ControlWork.ChooseHost or ControlWork.GrowClaim, Direction.Do) => await ChooseHostAsync(),
        _ => await FreeHostAsync(control.Direction),
    };

    private async Task<Move> ChooseHostAsync()
    {
        var task = _task!;
        var choice = HostChoice.Rank(task, NotHeld(task, await queries.ListHostsAsync()), time.GetUtcNow());
        var candidates = groups is null ? choice.Candidates : await groups.OrderAsync(task, choice.Candidates);
        foreach (var host in FullOnesLast(candidates))
        {
            if (groups is not null && await groups.ChooseAsync(task, host.Host) is { } reason)
            {
                choice.Refuse(host.Host, reason);
                continue;
            }

            var move = await CommitAsync("step", choice.Choose(task, host), HostChoice.Take(task, host.Host));
            if (move != Move.NoRoom)
            {
                return move;
            }

            choice.Refuse(host.Host, "another task took the room first");
        }

        return await CheckpointAsync(choice.GiveUp(task));
    }

    /// <summary>A slow host must not collect what others could do now. Of most hosts it is never asked.</summary>
    private IEnumerable<HostView> FullOnesLast(IEnumerable<HostView> candidates)
    {
        var full = new List<HostView>();
        foreach (var host in candidates)
        {
            if (admission?.IsFull(host.Host) != true)
            {
                yield return host;
            }
            else
            {
                full.Add(host);
            }
        }

        foreach (var host in full)
        {
            yield return host;
        }
    }

    private async Task<Move> FreeHostAsync(Direction direction)
    {
        var task = _task!;
        return await CommitAsync("step", [HostChoice.GivenBack(task, direction, time.GetUtcNow())], HostChoice.GiveBack(task));
    }

    private async Task<Move> BlockedAsync(string reason)
    {
        _blockedSince ??= time.GetTimestamp();
        turns.TickIn(AskAgain);
        if (time.GetElapsedTime(_blockedSince.Value) < ShowAfter || _task!.WaitReason == reason)
        {
            return Move.Rest;
        }

        var move = await CommitAsync("wait", [new TaskWaiting { At = time.GetUtcNow(), Reason = reason }], []);
        return move == Move.On ? Move.Rest : move;
    }

    /// <summary>Shows why an attempt does not move, or that it does.</summary>
    private async Task ShowAsync(string? reason, WaitDetail? detail = null)
    {
        if (_task!.WaitReason == reason)
        {
            return;
        }

        var now = time.GetUtcNow();
        TaskEvent e = reason is null ? new TaskProceeded { At = now } : new TaskWaiting { At = now, Reason = reason, Detail = detail };
        if (TaskTransitions.Allows(TaskShape.Of(_task), reason is null ? TaskTrigger.Proceed : TaskTrigger.Wait))
        {
            await CommitAsync("wait", [e], []);
        }
    }

    private async Task<FenceAnswer> AskFenceAsync(Stamp below)
    {
        try
        {
            return await peers.FenceAsync(_task!.Host!.Value, _task.Instance, below);
        }
        catch (Exception e)
        {
            LogPeerFailed(e, id, "fence");
            return new FenceAnswer { Done = false, Reason = "the host cannot be asked" };
        }
    }

    private async Task<WhereAnswer?> AskWhereAsync(Flight flight)
    {
        try
        {
            return await peers.WhereAsync(flight.Attempt.Host, flight.Attempt.Key, flight.Attempt.Stamp);
        }
        catch (Exception e)
        {
            LogPeerFailed(e, id, "where");
            return null;
        }
    }

    private async Task WithdrawAsync(Flight flight)
    {
        try
        {
            await peers.WithdrawAsync(flight.Attempt.Host, flight.Attempt.Key, flight.Attempt.Stamp);
        }
        catch (Exception e)
        {
            // Not withdrawn, it will ask to begin and be refused.
            LogPeerFailed(e, id, "withdraw");
        }
    }
}
