namespace InstanceTasks.Engine;

/// <summary>What would become of a request for one kind.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Mode">How it would be accepted.</param>
/// <param name="Refusal">Why not.</param>
/// <param name="Task">The task that it would wait for, take over from, run beside or join.</param>
/// <param name="OnlyIfAsked">Whether the request must say that it would rather wait than be refused.</param>
public sealed record KindOffer(TaskKind Kind, AcceptMode Mode, Refusal? Refusal, TaskRef? Task, bool OnlyIfAsked)
{
    /// <summary>Whether it would be accepted.</summary>
    public bool Allowed => Mode != AcceptMode.Refuse;
}

/// <summary>Says of every kind whether it may be done now, by the rules that decide on requests themselves. Pure.</summary>
public static class AllowedKinds
{
    /// <summary>The offers for a caller, by name of the kind.</summary>
    public static IReadOnlyList<KindOffer> Of(InstanceRecord instance, Caller caller) =>
        [.. PlanRegistry.All.OrderBy(p => p.Kind.Name, StringComparer.Ordinal).Select(p => Of(instance, Request(instance, p.Kind, caller)))];

    /// <summary>Adds to a refusal what would be accepted now: for the caller to go on from.</summary>
    public static Refusal Explain(InstanceRecord? instance, SubmitTask request, Refusal refusal)
    {
        if (instance is null || refusal.Kind is not (RefusalKind.Busy or RefusalKind.WrongState or RefusalKind.Locked or RefusalKind.NotReady))
        {
            return refusal;
        }

        var accepted = Of(instance, request.Caller).Where(o => o is { Allowed: true, OnlyIfAsked: false }).Select(o => o.Kind.Name);
        return refusal with { Accepted = [.. accepted], CanQueue = refusal.Kind == RefusalKind.Busy && AcceptRules.Decide(instance, request with { QueueWhenBusy = true }).Mode == AcceptMode.Queue };
    }

    private static KindOffer Of(InstanceRecord instance, SubmitTask request)
    {
        var decision = AcceptRules.Decide(instance, request);
        var queues = decision is { Refusal.Kind: RefusalKind.Busy } && AcceptRules.Decide(instance, request with { QueueWhenBusy = true }).Mode == AcceptMode.Queue;
        return queues
            ? new(request.Kind, AcceptMode.Queue, null, instance.Queue.LastOrDefault() ?? instance.Holder, OnlyIfAsked: true)
            : new(request.Kind, decision.Mode, decision.Refusal, decision.Mode == AcceptMode.Refuse ? null : Beside(instance, decision.Mode), OnlyIfAsked: false);
    }

    /// <summary>The task that an accepted request would wait for, take over from, run beside or join.</summary>
    internal static TaskRef? Beside(InstanceRecord? instance, AcceptMode mode) =>
        mode == AcceptMode.Join ? instance?.Queue.Find(q => q.Kind == TaskKinds.Delete) ?? instance?.Holder : instance?.Holder;

    private static SubmitTask Request(InstanceRecord instance, TaskKind kind, Caller caller) => new()
    {
        // A create of what exists can only be a repeat.
        Task = default, Kind = kind, Instance = instance.Id, Request = new(""), Caller = caller, RetryOf = kind == TaskKinds.Create ? default(TaskId) : null,
        // Some other flavor: which one decides about room and quota only.
        Change = kind == TaskKinds.Resize ? new() { Flavor = instance.Flavor with { Id = "" } } : null,
    };
}
