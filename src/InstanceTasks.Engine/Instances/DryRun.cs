namespace InstanceTasks.Engine;

/// <summary>What a request would lead to, as far as can be said without doing it.</summary>
public sealed record DryRun
{
    /// <summary>The plan that the task would follow.</summary>
    public required Plan Plan { get; init; }

    /// <summary>How it would be accepted.</summary>
    public required AcceptMode Mode { get; init; }

    /// <summary>Why not.</summary>
    public Refusal? Refusal { get; init; }

    /// <summary>The task that it would wait for, take over from, run beside or join.</summary>
    public TaskRef? Task { get; init; }

    /// <summary>The host that the steps would run on, by what is free now; null when there is none.</summary>
    public HostName? Host { get; init; }

    /// <summary>The host's zone.</summary>
    public string Zone { get; init; } = "";

    /// <summary>Whether a step of the plan chooses the host.</summary>
    public bool ChoosesHost { get; init; }

    /// <summary>Hosts that would be refused, with the reasons.</summary>
    public IReadOnlyDictionary<string, string> RefusedHosts { get; init; } = new Dictionary<string, string>();

    /// <summary>The steps in order.</summary>
    public IReadOnlyList<DryStep> Steps { get; init; } = [];
}

/// <summary>One step of a dry run.</summary>
/// <param name="Step">The step.</param>
/// <param name="Host">Where it would run; null for a step that runs beside the task.</param>
/// <param name="SkippedBecause">Why it would be left out.</param>
public sealed record DryStep(Step Step, HostName? Host, string? SkippedBecause)
{
    /// <summary>What undoes it; null when nothing does.</summary>
    public string? Undo => Step.Undo is { } verb ? verb.ToString() : Step.OnHost || Step.NoUndoBecause is not null ? null : $"take back {Step.Name}";

    /// <summary>Why nothing undoes it.</summary>
    public string? NoUndoBecause => Undo is null ? Step.NoUndoBecause ?? "nothing to undo" : null;
}

/// <summary>Makes dry runs from the rules that a real request is decided by. Pure: it writes nothing because it has nothing to write with.</summary>
public static class DryRuns
{
    /// <summary>What a request would lead to; null for a kind that does not exist.</summary>
    /// <param name="instance">The instance as stored; null when there is none.</param>
    /// <param name="request">The request.</param>
    /// <param name="hosts">The hosts and what is free.</param>
    /// <param name="usage">The project's usage.</param>
    /// <param name="now">The time.</param>
    public static DryRun? Of(InstanceRecord? instance, SubmitTask request, IReadOnlyList<HostView> hosts, QuotaUsage usage, DateTimeOffset now)
    {
        if (PlanRegistry.Find(request.Kind) is not { } plan)
        {
            return null;
        }

        var subject = instance ?? (request.NewInstance is null ? null : AcceptComposer.NewInstance(request, now));
        var decision = AcceptRules.Decide(instance, request);
        decision = decision.Mode == AcceptMode.Now ? CheckQuota(decision, AcceptComposer.Now(subject!, request, plan, 0, now).Quota, usage) : decision;
        var run = new DryRun
        {
            Plan = plan,
            Mode = decision.Mode,
            Refusal = decision.Refusal is { } refusal ? AllowedKinds.Explain(instance, request, refusal) : null,
            Task = decision.Mode == AcceptMode.Refuse ? null : AllowedKinds.Beside(instance, decision.Mode),
        };
        return subject is null ? run : Place(run, subject, request, hosts, now);
    }

    private static AcceptDecision CheckQuota(AcceptDecision decision, IReadOnlyList<QuotaChange> changes, QuotaUsage usage) =>
        changes.Select(c => QuotaRules.Refusal(usage, c)).FirstOrDefault(why => why is not null) is { } refusal
            ? new(AcceptMode.Refuse, new(RefusalKind.Quota, refusal))
            : decision;

    private static DryRun Place(DryRun run, InstanceRecord instance, SubmitTask request, IReadOnlyList<HostView> hosts, DateTimeOffset now)
    {
        var placed = run with { Host = instance.Host, Zone = instance.AvailabilityZone };
        var origin = run.Plan.EndsResize && instance.Resize is { } resize ? resize.From : instance.VmState;
        if (run.Plan.Steps.Any(s => s.Control is ControlWork.ChooseHost or ControlWork.GrowClaim && s.IsTakenFrom(origin)))
        {
            // The task as its accept would make it, so that placement sees what it would see.
            var task = AcceptComposer.Now(instance, request, run.Plan, 0, now).Tasks[0].After;
            var choice = HostChoice.Rank(task, hosts, now);
            var best = choice.Candidates.Count > 0 ? choice.Candidates[0] : null;
            placed = task.OldFlavor is not null
                ? placed with { RefusedHosts = choice.Refused }
                : placed with { ChoosesHost = true, Host = best?.Host, Zone = best?.Zone ?? "", RefusedHosts = choice.Refused };
        }

        return placed with { Steps = [.. run.Plan.Steps.Select(s => StepOf(s, placed.Host, origin))] };
    }

    private static DryStep StepOf(Step step, HostName? host, VmState origin) => new(
        step,
        step.OnHost ? host : null,
        step.OnlyWithHost && host is null ? "the instance has no machine"
        : !step.IsTakenFrom(origin) ? $"not needed: the instance is {ServerStatus.WireName(origin)}"
        : null);
}
