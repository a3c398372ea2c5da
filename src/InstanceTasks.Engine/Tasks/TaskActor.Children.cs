namespace InstanceTasks.Engine;

/// <content>
/// Children. A parent never lists them: their ids follow from its own, and the commits that accept and end them keep its counts. Everything
/// it asks of them may be asked again.
/// </content>
public sealed partial class TaskActor
{
    private static readonly TimeSpan ChildrenPace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ChildrenLook = TimeSpan.FromSeconds(2);

    private ChildCounts _counts = ChildCounts.None;
    private long? _lookedAt;
    private Guid? _passedOn;

    // Removals that have been asked for, of which some are open: in this activation only, the next one asks again from what is noted.
    private readonly SortedSet<int> _unsettled = [];
    private readonly Dictionary<int, string> _kept = [];
    private int _removedTo;
    private long? _askedAgain;

    /// <summary>How long a parent still keeps its hands still: a thousand children that end wake it a thousand times.</summary>
    private TimeSpan? PaceLeft => _task is { Children: not null } && _lookedAt is { } at && ChildrenPace - time.GetElapsedTime(at) is { Ticks: > 0 } left ? left : null;

    private async Task<Move> RunChildrenAsync()
    {
        if (await LookAtChildrenAsync() is { } wait)
        {
            return wait;
        }

        var (task, children) = (_task!, _task!.Children!);
        if (ParentRules.BudgetSpent(children, _counts) is { } spent)
        {
            return await CheckpointAsync([new UndoBegun { At = time.GetUtcNow(), Failure = spent, FromStep = task.Step }]);
        }

        if (ParentRules.StartNow(children, _counts) is > 0 and var count)
        {
            return await AskForChildrenAsync(children.Next, count);
        }

        return ParentRules.AllOver(children, _counts) ? await EndOfChildrenAsync() : RestAmongChildren();
    }

    private Task<Move> EndOfChildrenAsync()
    {
        var (task, now) = (_task!, time.GetUtcNow());
        return ParentRules.FailureOfEnd(task.Children!, _counts) is { } failure
            // What the others have done is done: nothing of it is undone.
            ? CheckpointAsync([new UndoBegun { At = now, Failure = failure, FromStep = -1 }])
            : CheckpointAsync([new StepDone { At = now, Step = task.Step, Direction = Direction.Do }]);
    }

    private async Task<Move> AskForChildrenAsync(int next, int count)
    {
        var userData = _task!.Children!.Template is { UserDataSet: true } ? await queries.ReadSecretAsync(id.Value, SecretNames.UserData) : null;
        if (userData is null && _task.Children.Template is { UserDataSet: true })
        {
            var lost = new Failure(FailureKinds.Children, "The user data of the servers is not there any more: no more of them are made.");
            return await CheckpointAsync([new UndoBegun { At = time.GetUtcNow(), Failure = lost, FromStep = _task.Step }]);
        }

        var asked = await Task.WhenAll(Enumerable.Range(next, count).Select(i => AskForAsync(ParentRules.RequestOf(_task!, i, userData))));
        if (asked.Any(a => a is { Refusal.Kind: RefusalKind.ParentMoved }))
        {
            await LoadAsync();
            return Move.Raced;
        }

        var known = asked.TakeWhile(a => a is not null).Count();
        var refused = asked.Take(known).Select((a, i) => (Index: next + i, a!.Refusal)).Where(a => a.Refusal is not null).ToDictionary(a => a.Index, a => a.Refusal!.Message);
        if (known == 0)
        {
            return RestAmongChildren();
        }

        return await CheckpointAsync([new ChildrenMoved { At = time.GetUtcNow(), Next = next + known, Refused = refused }]);
    }

    /// <summary>Null: it is not known whether there is a child now. Asking again finds out.</summary>
    private async Task<AcceptAnswer?> AskForAsync(SubmitTask request)
    {
        try
        {
            var answer = await peers.SubmitAsync(request);
            return answer.Verdict == AcceptVerdict.Unknown || answer.Refusal?.Kind == RefusalKind.Unavailable ? null : answer;
        }
        catch (Exception e)
        {
            LogPeerFailed(e, id, "submit a child");
            return null;
        }
    }

    private async Task<Move> StopChildrenAsync()
    {
        if (await LookAtChildrenAsync() is { } wait)
        {
            return wait;
        }

        var children = _task!.Children!;
        var moved = children.MakesInstances ? await RemoveChildrenAsync(children) : await PassOnAsync(TaskCommandKind.Cancel, CauseOfStop());
        if (moved is not null)
        {
            return moved.Value;
        }

        return _counts.Open > 0
            ? RestAmongChildren()
            : await CheckpointAsync([new StepDone { At = time.GetUtcNow(), Step = _task.Step, Direction = Direction.Undo }]);
    }

    // Since the parent began to undo, no create is accepted any more: what was accepted until then is all there is.
    private async Task<Move?> RemoveChildrenAsync(ChildrenRecord children)
    {
        if (children.Created is null)
        {
            var moved = new ChildrenMoved { At = time.GetUtcNow(), Created = _counts.Started };
            return await CommitAsync("step", [moved], [], ParentRules.Unused(_task!, _counts.Started));
        }

        _removedTo = Math.Max(_removedTo, children.Removed);
        _unsettled.RemoveWhere(i => i < children.Removed);
        var next = NextRemovals(MayExist(children));
        var asked = await Task.WhenAll(next.Select(i => AskForAsync(ParentRules.RemovalOf(_task!, i))));
        for (var i = 0; i < next.Count; i++)
        {
            NoteRemoval(next[i], asked[i]);
        }

        // Behind the first that is open nothing is noted: another activation would ask for it, and note it, again. What could not be noted the last time is noted now.
        var removed = _unsettled.Count == 0 ? _removedTo : _unsettled.Min;
        if (removed > children.Removed)
        {
            var kept = _kept.Where(k => k.Key >= children.Removed && k.Key < removed).ToDictionary();
            return await CheckpointAsync([new ChildrenMoved { At = time.GetUtcNow(), Removed = removed, Refused = kept }]);
        }

        return next.Count == 0 && _unsettled.Count == 0 ? null : RestUntil(_removedTo < MayExist(children) ? ChildrenPace : ChildrenLook);
    }

    /// <summary>First each once, a round at a time; then, now and then, those that are open: one whose server is long in going does not hold up the others.</summary>
    private List<int> NextRemovals(int end)
    {
        if (_removedTo < end)
        {
            var first = _removedTo;
            _removedTo = Math.Min(end, first + ParentRules.Round);
            return [.. Enumerable.Range(first, _removedTo - first)];
        }

        if (_unsettled.Count == 0 || (_askedAgain is { } at && time.GetElapsedTime(at) < ChildrenLook))
        {
            return [];
        }

        _askedAgain = time.GetTimestamp();
        return [.. _unsettled];
    }

    private void NoteRemoval(int index, AcceptAnswer? answer)
    {
        if (!IsSettled(answer, ChildIds.RemovalOf(id, index)))
        {
            _unsettled.Add(index);
            return;
        }

        _unsettled.Remove(index);
        // Why a server stays: it was locked, for example. One that is not there does not stay.
        if (answer!.Refusal is { Kind: not RefusalKind.NotFound } refusal)
        {
            _kept[index] = refusal.Message;
        }
    }

    // A delete that somebody else has asked for may still be canceled: the parent asks again until the server is gone, or has a delete of its own. Busy is said of a lost race.
    private static bool IsSettled(AcceptAnswer? answer, TaskId removal) =>
        answer is not (null or { Refusal.Kind: RefusalKind.ParentMoved or RefusalKind.Busy }) && (answer.Verdict != AcceptVerdict.Joined || answer.Task == removal);

    /// <summary>Of those asked for last, some may exist that the parent has not noted.</summary>
    private static int MayExist(ChildrenRecord children) => Math.Min(children.Total, children.Next + ParentRules.Round);

    private Guid CauseOfStop() => _task!.Commands.FindLast(c => c.Kind == TaskCommandKind.Cancel)?.Id ?? ChildIds.Of(id.Value, "stop", 0);

    /// <summary>Before a parent pauses, its children have heard of it; when it goes on, so have they. Null: nothing to pass on.</summary>
    private async Task<Move?> PassOnPauseAsync()
    {
        if (_task is not { Children: not null, Phase: TaskPhase.Forward } task || task.Commands.FindLast(c => c.Kind is TaskCommandKind.Pause or TaskCommandKind.Resume) is not { } last)
        {
            return null;
        }

        var pauses = task.Intent == TaskIntent.Pause && last.Kind == TaskCommandKind.Pause;
        return pauses || (task.Intent == TaskIntent.None && last.Kind == TaskCommandKind.Resume) ? await PassOnAsync(last.Kind, last.Id) : null;
    }

    private async Task<Move?> PassOnAsync(TaskCommandKind kind, Guid cause)
    {
        if (_passedOn == cause)
        {
            return null;
        }

        for (var first = 0; first < MayExist(_task!.Children!); first += ParentRules.Round)
        {
            var count = Math.Min(ParentRules.Round, MayExist(_task.Children!) - first);
            var heard = await Task.WhenAll(Enumerable.Range(first, count).Select(i => TellAsync(kind, cause, i)));
            if (!heard.All(h => h))
            {
                return RestAmongChildren();
            }
        }

        _passedOn = cause;
        return null;
    }

    // Whatever a child answers is an answer: one that has ended, or was never there, needs no command.
    private async Task<bool> TellAsync(TaskCommandKind kind, Guid cause, int index)
    {
        try
        {
            var answer = await peers.CommandAsync(ChildIds.TaskOf(id, index), ParentRules.CommandOf(_task!, kind, cause, index));
            return !answer.Unknown;
        }
        catch (Exception e)
        {
            LogPeerFailed(e, id, "command to a child");
            return false;
        }
    }

    /// <summary>Reads the counts, at most five times a second; not null: later.</summary>
    private async Task<Move?> LookAtChildrenAsync()
    {
        if (PaceLeft is { } left)
        {
            turns.TickIn(left);
            return Move.Rest;
        }

        var seq = _task!.Seq;
        _lookedAt = time.GetTimestamp();
        await LoadAsync();
        return _dropped ? Move.Rest : _task.Seq != seq ? Move.Raced : null;
    }

    private Move RestAmongChildren() => RestUntil(_lookedAt is null || _counts.Open > 0 ? ChildrenLook : ChildrenPace);

    private Move RestUntil(TimeSpan look)
    {
        turns.TickIn(BeforeDeadline(look));
        return Move.Rest;
    }

    /// <summary>A parent is on no instance: it ends itself, and gives back what its children were to take and never did.</summary>
    private async Task<Move> EndParentAsync(IReadOnlyList<TaskEvent> events)
    {
        var children = _task!.Children!;
        var unused = children.Created is null ? ParentRules.Unused(_task, children.Next - children.Refused) : [];
        var move = await CommitAsync("settle", events, [], unused);
        if (move == Move.On)
        {
            (_owned, _outcome) = (false, null);
        }

        return move;
    }
}
