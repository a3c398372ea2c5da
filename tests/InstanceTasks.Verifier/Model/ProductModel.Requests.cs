using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <content>What people ask for, and what the instance's actor makes of it.</content>
internal sealed partial class ProductModel
{
    private static readonly TaskCommandKind[] AllCommands = Enum.GetValues<TaskCommandKind>();
    private static readonly object[] Boxed = [.. AllCommands.Select(c => (object)c)];

    private readonly Dictionary<(int, TaskKind, bool), SubmitTask> _requests = [];
    private readonly Dictionary<(InstanceRecord?, SubmitTask), AcceptDecision?> _answers = new(new ByParts<InstanceRecord?, SubmitTask>());
    private readonly Dictionary<(TaskRecord, object), CommandRule?> _rulings = new(new ByParts<TaskRecord, object>());

    private void Requests()
    {
        if (_now.Rows[0] is null)
        {
            Submit(0, first, queue: false);
            return;
        }

        if (_now.Rows[1] is null)
        {
            foreach (var kind in seconds)
            {
                Submit(1, kind, queue: false);
                Submit(1, kind, queue: true);
            }
        }
    }

    private void Submit(int task, TaskKind kind, bool queue)
    {
        var request = RequestOnce(task, kind, queue);
        if (DecideOnce(request) is not { Mode: AcceptMode.Refuse or AcceptMode.Join, Refusal: var refusal } decision || (decision.Mode == AcceptMode.Refuse && refusal is null))
        {
            Try(new Move(MoveKind.Submit, task * 2, Fault.None, Request: kind, Queue: queue), draft => Accept(draft, task, request));
        }
    }

    private SubmitTask RequestOnce(int task, TaskKind kind, bool queue)
    {
        if (!_requests.TryGetValue((task, kind, queue), out var request))
        {
            _requests[(task, kind, queue)] = request = Names.Request(task, kind, queue);
        }

        return request;
    }

    /// <summary>The answer to a request, which depends on the instance alone; null when asking throws.</summary>
    private AcceptDecision? DecideOnce(SubmitTask request)
    {
        var key = (_now.Instance, request);
        if (_answers.TryGetValue(key, out var decision))
        {
            return decision;
        }

        try
        {
            decision = rules.Accept(_now.Instance, request);
            NoteRequest(_now.Instance, request, decision);
        }
        catch (Exception)
        {
            // Asked again by the step, which tells it.
            decision = null;
        }

        return _answers[key] = decision;
    }

    private bool Accept(Draft draft, int task, SubmitTask request)
    {
        var decision = rules.Accept(draft.Instance, request);
        Ensure(decision.Mode != AcceptMode.Refuse || decision.Refusal is not null, Property.Defined, $"'{request.Kind}' is refused without a reason");
        Apply(draft, Compose(draft, decision.Mode, request));
        if (decision.Mode == AcceptMode.Now)
        {
            draft.Wakes[task] = draft.Rows[task];
        }

        if (request.Kind == TaskKinds.ResetToActive || request.Kind == TaskKinds.ResetToError)
        {
            draft.World = draft.World with { Overridden = true };
        }

        return true;
    }

    private Commit Compose(Draft draft, AcceptMode mode, SubmitTask request)
    {
        var plan = PlanRegistry.Find(request.Kind)!;
        var instance = draft.Instance ?? AcceptComposer.NewInstance(request, Names.Now);
        return mode switch
        {
            AcceptMode.Now => ComposeNow(draft, rules.AcceptNow(instance, request, plan, Names.Now), request),
            AcceptMode.Queue => rules.Queue(instance, request, plan, Names.Now),
            AcceptMode.OneCommit => rules.OneCommit(instance, request, plan, Names.Now),
            _ => rules.Supersede(instance, request, plan, Stored(draft, instance.Holder!), Waiting(draft, instance.Queue.Concat(instance.Attention)), Names.Now),
        };
    }

    private Commit ComposeNow(Draft draft, Commit commit, SubmitTask request)
    {
        var takenOver = AcceptComposer.TakenOver(commit.Instance!.After, request);
        return takenOver.Count == 0 ? commit : rules.ClearAttention(commit, request, Waiting(draft, takenOver), Names.Now);
    }

    private static StoredTask Stored(Draft draft, TaskRef task) => new(draft.Rows[Names.IndexOf(task.Id) - 1]!, 0, TimeSpan.Zero);

    private static List<StoredTask> Waiting(Draft draft, IEnumerable<TaskRef> tasks) => [.. tasks.Select(t => Stored(draft, t)).Where(t => !t.Record.IsEnded)];

    private void NoteRequest(InstanceRecord? instance, SubmitTask request, AcceptDecision decision)
    {
        if (instance?.Holder is { } holder)
        {
            Coverage.Requests.Add((holder.Kind, request.Kind, decision.Mode));
        }
    }

    private void Commands(int task)
    {
        if (_now.Rows[task] is not { IsEnded: false } row)
        {
            return;
        }

        foreach (var kind in AllCommands)
        {
            // Null: asking throws, which the step tells.
            if (RuleOnce(row, kind) is not { Events.Count: 0 } rule || (rule.Refusal is null && rule.Effect is null))
            {
                Try(new Move(MoveKind.Command, task * 2, Fault.None, Command: kind), draft => Command(draft, task, row, kind));
            }
        }
    }

    private CommandRule? RuleOnce(TaskRecord row, TaskCommandKind kind)
    {
        var key = (row, Boxed[(int)kind]);
        if (_rulings.TryGetValue(key, out var rule))
        {
            return rule;
        }

        try
        {
            rule = rules.Command(row, PlanRegistry.Of(row), Names.Command(kind), Names.Now);
            Coverage.Commands.Add((kind, row.State, rule.Events.Count > 0));
        }
        catch (Exception)
        {
            rule = null;
        }

        return _rulings[key] = rule;
    }

    private bool Command(Draft draft, int task, TaskRecord row, TaskCommandKind kind)
    {
        // Always carried out on the row as it is: the actor reads it first.
        if (draft.Activations[task * 2] is { } activation && !Refresh(draft, task * 2, activation))
        {
            return false;
        }

        var rule = rules.Command(row, PlanRegistry.Of(row), Names.Command(kind), Names.Now);
        Ensure(rule.Events.Count > 0 || rule.Refusal is not null || rule.Effect is not null, Property.Defined, $"'{kind}' of a task that is {row.State} has no answer");
        return Affordable(draft, kind) && CarryOut(draft, task, row, kind, rule);
    }

    private bool Affordable(Draft draft, TaskCommandKind kind)
    {
        if (kind is TaskCommandKind.Resume or TaskCommandKind.Abandon)
        {
            return true;
        }

        draft.Used = draft.Used with { Commands = (byte)(draft.Used.Commands + 1) };
        return draft.Used.Commands <= bounds.Commands;
    }

    private bool CarryOut(Draft draft, int task, TaskRecord row, TaskCommandKind kind, CommandRule rule)
    {
        var slot = task * 2;
        if (kind is TaskCommandKind.Skip or TaskCommandKind.Done)
        {
            draft.World = draft.World with { Overridden = true };
        }

        if (rule.Settles)
        {
            draft.Activations[slot] = null;
            return Settle(draft, row, rule.Events);
        }

        CommitOwn(draft, row, rule.Events, slot);
        StopIfUnwanted(draft, slot);
        return true;
    }

    /// <summary>Ends, holds or returns a task together with its instance; false when the instance's actor refuses.</summary>
    private bool Settle(Draft draft, TaskRecord before, IReadOnlyList<TaskEvent> events)
    {
        var instance = draft.Instance!;
        var ruling = rules.Settle(instance, new SettleRequest { Before = before, Events = [.. events] }, Names.Now);
        if (ruling.Refusal is not null)
        {
            return false;
        }

        var after = rules.ApplySettle(instance, ruling.After, Names.Now);
        var (next, gone) = SettleRules.ClearGone(after, Waiting(draft, after.Attention), ruling.After.Id, Names.Now);
        var grants = gone.ToList();
        while (SettleRules.NextInQueue(next) is { } waiting)
        {
            (next, var write) = rules.Grant(next, Waiting(draft, [waiting]).FirstOrDefault(), ruling.After, Names.Now);
            grants.AddRange(write is null ? [] : [write]);
        }

        if (instance.Holder?.Id == before.Id)
        {
            Coverage.Leaves.Add((before.FromState, before.Kind, after.VmState));
        }

        Apply(draft, SettleRules.Compose(instance, ruling, after, next, grants));
        return true;
    }

    /// <summary>A task's own commit, which touches no instance.</summary>
    private void CommitOwn(Draft draft, TaskRecord before, IReadOnlyList<TaskEvent> events, int slot)
    {
        var after = rules.Commit(before, events);
        Write(draft, new TaskWrite(after, events, DueTimes.Of(after, Names.Now), 0), slot);
    }
}
