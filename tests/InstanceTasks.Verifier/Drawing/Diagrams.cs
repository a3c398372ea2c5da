using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Drawing;

/// <summary>The diagrams, from the tables and plans.</summary>
internal static class Diagrams
{
    private const string Start = "start";

    public static IReadOnlyList<Graph> All { get; } = [Task(), Instance(), .. PlanRegistry.All.Where(p => !p.IsOneCommit).Select(Plan)];

    /// <summary>The public name of a shape.</summary>
    public static string NameOf(TaskShape shape) => TaskStateNames.Of(new TaskRecord
    {
        Id = default, Kind = default, Instance = default, Project = default, User = default, Request = default,
        Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome, Turn = shape.HasMachine ? 1 : 0,
    });

    /// <summary>The transitions between public names.</summary>
    public static IEnumerable<Arc> TaskArcs() => TaskTransitions.Reachable
        .SelectMany(s => TaskTransitions.All.Where(r => r.Sources(s)).Select(r => (From: NameOf(s), r.Trigger, To: NameOf(r.Destination(s)))))
        .Where(e => e.From != e.To)
        .GroupBy(e => (e.From, e.To))
        .Select(g => new Arc(g.Key.From, g.Key.To, [.. g.Select(e => e.Trigger).Distinct().Order().Select(t => t.ToString())]));

    /// <summary>The states in which a task can come to be.</summary>
    public static IEnumerable<string> TaskBeginnings() => TaskTransitions.Initial.Select(NameOf);

    private static Graph Task()
    {
        var nodes = TaskStateNames.All.Select(n => new Node(n, [n], StyleOf(n)));
        return new Graph(
            "task", "The states of a task", [Beginning(), .. nodes],
            [.. TaskBeginnings().Select(n => new Arc(Start, n, [])), .. TaskArcs()]);
    }

    private static NodeStyle StyleOf(string name) => name switch
    {
        "needs_attention" => NodeStyle.Attention,
        "undoing" or "canceling" => NodeStyle.Undo,
        _ => TaskStateNames.Terminal.Contains(name) ? NodeStyle.End : NodeStyle.Plain,
    };

    private static Node Beginning() => new(Start, [""], NodeStyle.Begin);

    private static Graph Instance()
    {
        var states = Enum.GetValues<VmState>().Where(s => InstanceMachine.All.Any(r => r.From == s || r.Success == s)).Select(s => new Node(ServerStatus.WireName(s), [ServerStatus.WireName(s)], s switch { VmState.Deleted => NodeStyle.End, VmState.Error => NodeStyle.Attention, _ => NodeStyle.Plain }));
        var arcs = InstanceMachine.All.SelectMany(Leads).Where(e => e.From != e.To).GroupBy(e => (e.From, e.To))
            .Select(g => new Arc(ServerStatus.WireName(g.Key.From), ServerStatus.WireName(g.Key.To), [.. g.Select(e => e.Label).Distinct()]));
        return new Graph("instance", "The vm_states of a server, and the kinds of tasks between them", [Beginning(), .. states], [new Arc(Start, ServerStatus.WireName(VmState.Building), ["create accepted"]), .. arcs]);
    }

    private static IEnumerable<(VmState From, VmState To, string Label)> Leads(InstanceTransition row)
    {
        yield return (row.From, row.Success, row.Kind.Name);
        if (row.Returns)
        {
            yield return (row.From, VmState.Stopped, row.Kind.Name);
        }

        if (row.Failure is { } failure)
        {
            yield return (row.From, failure, $"{row.Kind} failed");
        }

        if (row.Undone is { } undone)
        {
            yield return (row.From, undone, $"{row.Kind} canceled");
        }

        // Any step that is held, or whose undo fails, leaves the server in error until somebody decides.
        if (PlanRegistry.Find(row.Kind)!.Steps.Any(s => s.OnExhausted == Exhausted.Hold || s.Undo is not null))
        {
            yield return (row.From, VmState.Error, $"{row.Kind} needs attention");
        }
    }

    private static Graph Plan(Plan plan)
    {
        var steps = plan.Steps.Select((s, i) => new Node(DoOf(i), DoLines(s, i)));
        var undos = plan.Steps.Select((s, i) => (s, i)).Reverse().Where(s => CanTurn(plan, s.i)).Select(s => new Node(UndoOf(s.i), UndoLines(s.s), NodeStyle.Undo));
        Node[] ends = [new("succeeded", ["succeeded"], NodeStyle.End), new("attention", ["needs_attention"], NodeStyle.Attention), new("failed", plan.PointOfNoReturn == 0 ? ["failed"] : ["failed", "(canceled, if that was asked for)"], NodeStyle.End)];
        var arcs = plan.Steps.SelectMany((s, i) => Arcs(plan, s, i)).Prepend(new Arc(Start, DoOf(0), [])).ToList();
        var nodes = new[] { Beginning() }.Concat(steps).Concat(undos).Concat(ends).Where(n => n.Id == Start || arcs.Exists(a => a.From == n.Id || a.To == n.Id));
        return new Graph($"plan-{plan.Kind}", $"How '{plan.Kind}' is done and undone (version {plan.Version})", [.. nodes], arcs);
    }

    private static string DoOf(int step) => $"do{step}";

    private static string UndoOf(int step) => $"undo{step}";

    private static IReadOnlyList<string> DoLines(Step step, int index) =>
    [
        $"{index + 1}. {step.Name}", step.Do?.ToString() ?? step.Control.ToString(),
        $"attempts {step.Retry.MaxAttempts}, cancel {step.Cancel}", .. step.OnlyWithHost ? new[] { "only with a host" } : [],
    ];

    private static IReadOnlyList<string> UndoLines(Step step) => step switch
    {
        { Undo: { } undo } => [$"undo {step.Name}", undo.ToString()],
        { Control: ControlWork.ChooseHost } => [$"undo {step.Name}", "releases the claim"],
        { Control: ControlWork.GrowClaim } => [$"undo {step.Name}", "claims the old flavor only"],
        _ => [$"undo {step.Name}: none", .. Text.Wrap(step.NoUndoBecause ?? "", 30)],
    };

    /// <summary>Whether a task can ever turn round at this step: not past the point of no return, unless a step there is undone when its retries are used up.</summary>
    private static bool CanTurn(Plan plan, int step) => plan.Steps.Skip(step).Any(s => s.OnExhausted != Exhausted.Hold || s.Cancel != Cancellability.PastNoReturn);

    private static IEnumerable<Arc> Arcs(Plan plan, Step step, int index)
    {
        var next = index + 1 < plan.Steps.Count ? DoOf(index + 1) : "succeeded";
        var before = index > 0 ? UndoOf(index - 1) : "failed";
        yield return new Arc(DoOf(index), next, step.OnExhausted == Exhausted.GoOn ? ["done, or", "retries used up"] : ["done"]);
        switch (step.OnExhausted)
        {
            case Exhausted.Hold:
                yield return new Arc(DoOf(index), "attention", ["retries used up"]);
                break;
            case Exhausted.Undo:
                yield return new Arc(DoOf(index), step.OnHost ? UndoOf(index) : before, [step.OnHost ? "retries used up" : "no host has room", .. Canceled(step)]);
                break;
            default:
                yield return new Arc(DoOf(index), UndoOf(index), ["canceled"]);
                break;
        }

        if (CanTurn(plan, index))
        {
            yield return new Arc(UndoOf(index), before, []);
        }

        if (step.Undo is not null)
        {
            yield return new Arc(UndoOf(index), "attention", ["undo fails"]);
        }
    }

    private static IEnumerable<string> Canceled(Step step) => step.Cancel == Cancellability.PastNoReturn ? [] : ["or canceled"];
}
