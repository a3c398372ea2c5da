namespace InstanceTasks.Engine;

/// <content>Holds: a task that is held starts no step, and says why. What a worker has begun goes on to its end.</content>
public sealed partial class TaskActor
{
    private static readonly TimeSpan HoldLook = TimeSpan.FromSeconds(1);

    private bool _held;

    private bool IsHeldBack => _flight is { BegunBy: null } && holds?.Find(_task!) is not null;

    /// <summary>What to do while the task is held; null: it is not, and goes on.</summary>
    private async Task<Move?> HeldAsync()
    {
        if (holds?.Find(_task!) is not { } hold)
        {
            return _held ? await ReleaseAsync() : null;
        }

        _held = true;
        turns.TickIn(BeforeDeadline(HoldLook));
        var reason = $"held by an operator: {hold.Reason} (hold {hold.Id})";
        if (_task!.WaitReason == reason)
        {
            return Move.Rest;
        }

        var move = await CommitAsync("wait", [new TaskWaiting { At = time.GetUtcNow(), Reason = reason }], []);
        return move == Move.On ? Move.Rest : move;
    }

    private async Task<Move?> ReleaseAsync()
    {
        _held = false;
        return TaskTransitions.Allows(TaskShape.Of(_task!), TaskTrigger.Proceed)
            ? await CommitAsync("wait", [new TaskProceeded { At = time.GetUtcNow() }], [])
            : null;
    }

    /// <summary>Hosts as a task sees them that must choose one: a held one takes nothing new.</summary>
    private IReadOnlyList<HostView> NotHeld(TaskRecord task, IReadOnlyList<HostView> hosts) => holds is null
        ? hosts
        : [.. hosts.Select(h => holds.Find(task with { Host = h.Host }) is { } hold ? h with { Disabled = h.Disabled ?? $"held: {hold.Reason}" } : h)];
}
