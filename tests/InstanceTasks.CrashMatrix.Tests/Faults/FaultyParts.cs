using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>
/// A driver whose verbs pass the board. It knows verbs by their shape alone, so that one that is added to the interface is in it.
/// </summary>
[SuppressMessage("Performance", "CA1852", Justification = "the proxy derives from it")]
internal class FaultyHypervisor : DispatchProxy
{
    private string _silo = "";
    private IHypervisor _inner = null!;
    private FaultBoard _board = null!;

    /// <summary>Puts the board in front of a silo's driver.</summary>
    public static IHypervisor Of(string silo, IHypervisor inner, FaultBoard board)
    {
        var proxy = Create<IHypervisor, FaultyHypervisor>();
        var self = (FaultyHypervisor)(object)proxy;
        (self._silo, self._inner, self._board) = (silo, inner, board);
        return proxy;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        ArgumentNullException.ThrowIfNull(targetMethod);
        if (args is [VerbCall call, CancellationToken abort])
        {
            return RunAsync(call.Key, f => f.OnVerbAsync(() => Call<Task<VerbAnswer>>(targetMethod, args), abort), () => Call<Task<VerbAnswer>>(targetMethod, args));
        }

        if (args is [HostName, InstanceId, VerbKey key, CancellationToken])
        {
            return RunAsync(key, f => f.OnObserveAsync(() => Call<Task<Observation>>(targetMethod, args)), () => Call<Task<Observation>>(targetMethod, args));
        }

        return Call<object?>(targetMethod, args);
    }

    private async Task<T> RunAsync<T>(VerbKey key, Func<PointFault, Task<T>> through, Func<Task<T>> run)
    {
        if (_board.IsDead(_silo))
        {
            await _board.Over;
            throw new OperationCanceledException("The process is dead.");
        }

        return await (_board.Find(key) is { } fault ? through(fault) : run());
    }

    private T Call<T>(MethodInfo method, object?[]? args)
    {
        try
        {
            return (T)method.Invoke(_inner, args)!;
        }
        catch (TargetInvocationException e) when (e.InnerException is { } inner)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(inner);
            throw;
        }
    }
}

/// <summary>One silo's way of telling its actors' messages, which pass the board.</summary>
internal sealed class FaultyPeers(string silo, IPeers inner, FaultBoard board) : IPeers
{
    /// <inheritdoc/>
    public void Wake(TaskId task, WakeUp wake)
    {
        if (!board.IsDead(silo))
        {
            inner.Wake(task, wake);
        }
    }

    /// <inheritdoc/>
    public Task<PokeAnswer> PokeAsync(TaskId task) => Alive(() => inner.PokeAsync(task));

    /// <inheritdoc/>
    public Task<AcceptAnswer> SubmitAsync(SubmitTask request) => Alive(() => inner.SubmitAsync(request));

    /// <inheritdoc/>
    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command) => Alive(() => inner.CommandAsync(task, command));

    /// <inheritdoc/>
    public Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request) => Alive(() =>
        FaultBoard.PointOf(request.Before, request.Events) is { } key && board.Find(key) is { } fault
            ? fault.OnSettleAsync(request.Before, () => inner.SettleAsync(instance, request))
            : inner.SettleAsync(instance, request));

    /// <inheritdoc/>
    public Task<WhereAnswer> OfferAsync(Attempt attempt) => Alive(() => inner.OfferAsync(attempt));

    /// <inheritdoc/>
    public Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp) => Alive(async () =>
    {
        await inner.WithdrawAsync(host, key, stamp);
        return true;
    });

    /// <inheritdoc/>
    public Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp) => Alive(() => inner.WhereAsync(host, key, stamp));

    /// <inheritdoc/>
    public Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below) => Alive(() => inner.FenceAsync(host, machine, below));

    /// <inheritdoc/>
    public Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation) => Alive(() =>
        Second(task, stamp) is { } second ? second.BeginAsync(stamp, generation) : inner.BeginAsync(task, stamp, generation));

    /// <inheritdoc/>
    public Task EndedAsync(AttemptOutcome outcome) => Alive(async () =>
    {
        await (board.Find(outcome.Key) is { } fault ? fault.OnEndedAsync(outcome, DeliverAsync) : DeliverAsync(outcome));
        return true;
    });

    /// <inheritdoc/>
    public Task<PollAnswer> PollAsync(HostName host, PollRequest request) => Alive(() => inner.PollAsync(host, request));

    /// <inheritdoc/>
    public Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer) => Alive(async () =>
    {
        await inner.AnswerConsoleAsync(host, question, answer);
        return true;
    });

    private Task DeliverAsync(AttemptOutcome outcome) => Second(outcome.Key.Task, outcome.Stamp) is { } second ? second.EndedAsync(outcome) : inner.EndedAsync(outcome);

    private SecondActivation? Second(TaskId task, Stamp stamp) => board.FindSecond(task) is { } fault && fault.IsForSecond(stamp) ? fault.Second : null;

    private Task<T> Alive<T>(Func<Task<T>> call) => board.IsDead(silo) ? Task.FromException<T>(new TimeoutException("The process is dead.")) : call();
}

/// <summary>One silo's commits, which pass the board.</summary>
internal sealed class FaultyCommits(IJournal inner, FaultBoard board) : IJournal
{
    /// <inheritdoc/>
    public int ClusterEpoch => inner.ClusterEpoch;

    /// <inheritdoc/>
    public Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        foreach (var write in commit.Tasks)
        {
            if (FaultBoard.PointOf(write.After, write.Events) is { } key && board.Find(key) is { } fault)
            {
                return fault.OnCommitAsync(write.After, () => inner.CommitAsync(commit, cancellationToken));
            }
        }

        return inner.CommitAsync(commit, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadTaskAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => inner.ReadInstanceAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadEventsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default) => inner.RefuseAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        inner.ReadIdempotencyAsync(project, user, key, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => inner.ReadDueAsync(shard, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => inner.ReadNextDueAsync(shard, cancellationToken);

    /// <inheritdoc/>
    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => inner.QuarantineAsync(id, reason, cancellationToken);
}
