using InstanceTasks.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>
/// A second activation of a task beside its grain, as there may be for seconds after the directory has lost an entry: the engine's own actor,
/// with turns and ticks like a grain's. What concerns its claim goes to it, the rest to the grain.
/// </summary>
internal sealed class SecondActivation : ITaskTurns, IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _gate = new();
    private readonly TaskActor _actor;
    private readonly TaskId _task;
    private readonly IPeers _peers;
    private readonly ITimer _tick;
    private bool _gone;

    public SecondActivation(TaskId task, IServiceProvider silo)
    {
        var time = silo.GetRequiredService<TimeProvider>();
        (_task, _peers) = (task, silo.GetRequiredService<IPeers>());
        _tick = time.CreateTimer(_ => _ = TakeTurnAsync(a => a.TickAsync()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _actor = new TaskActor(
            task, silo.GetRequiredService<IJournal>(), silo.GetRequiredService<IQueries>(), _peers, silo.GetRequiredService<IOwnership>(), this, time,
            silo.GetRequiredService<ILogger<TaskActor>>(), silo.GetRequiredService<IHolds>(), silo.GetRequiredService<ServerGroups>());
    }

    /// <summary>Whether it is still there.</summary>
    public bool IsAlive
    {
        get
        {
            lock (_gate)
            {
                return !_gone;
            }
        }
    }

    /// <summary>What went wrong in a turn that nobody waits for; null: nothing.</summary>
    public Exception? Defect { get; private set; }

    /// <summary>Claims the task and drives it.</summary>
    public Task StartAsync() => TakeTurnAsync(a => a.PokeAsync());

    /// <summary>A runner asks to begin.</summary>
    public async Task<BeginAnswer> BeginAsync(Stamp stamp, long generation)
    {
        var answer = BeginAnswer.Refused;
        await TakeTurnAsync(a =>
        {
            answer = a.Begin(stamp, generation);
            return Task.CompletedTask;
        });
        return answer;
    }

    /// <summary>A runner reports an outcome.</summary>
    public Task EndedAsync(AttemptOutcome outcome) => TakeTurnAsync(a => a.EndedAsync(outcome));

    /// <inheritdoc/>
    public void TickIn(TimeSpan? delay)
    {
        lock (_gate)
        {
            if (!_gone)
            {
                _tick.Change(delay ?? Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <inheritdoc/>
    public void Drop(string reason, bool wakeAgain)
    {
        Dispose();
        if (wakeAgain)
        {
            _peers.Wake(_task, new WakeUp { Cause = reason });
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _gone = true;
            _tick.Dispose();
        }
    }

    private async Task TakeTurnAsync(Func<TaskActor, Task> turn)
    {
        await _turn.WaitAsync();
        try
        {
            if (IsAlive)
            {
                await turn(_actor);
            }
        }
        catch (Exception e)
        {
            Defect = e;
            Drop("a turn failed", wakeAgain: true);
        }
        finally
        {
            _turn.Release();
        }
    }
}

/// <summary>
/// The first activation stands before the commit that records the step; a second one does the rest; then the first one's commit arrives, and
/// must lose.
/// </summary>
internal sealed class SecondActivationFault : OnceFault
{
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SecondActivation? _second;
    private int _firstEpoch;

    /// <summary>The second activation, from the moment it is there.</summary>
    public SecondActivation? Second => Volatile.Read(ref _second);

    /// <summary>Puts the second activation beside the first, and starts it.</summary>
    public Task StartAsync(SecondActivation second)
    {
        Volatile.Write(ref _second, second);
        return second.StartAsync();
    }

    /// <summary>Lets the first one's commit go on; completes when it has been answered.</summary>
    public async Task ReleaseAsync(TimeSpan atMost)
    {
        _released.TrySetResult();
        await _answered.Task.WaitAsync(atMost);
    }

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether a message about an attempt is for the second activation.</summary>
    public bool IsForSecond(Stamp stamp) => Second is { IsAlive: true } && stamp.TaskEpoch > Volatile.Read(ref _firstEpoch);

    public override Task<SettleAnswer> OnSettleAsync(TaskRecord before, Func<Task<SettleAnswer>> run) =>
        Take() ? StandAsync(before.Epoch, run, a => a.Verdict != SettleVerdict.Settled) : run();

    public override Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run) =>
        Take() ? StandAsync(after.Epoch, run, r => !r.Applied) : run();

    private async Task<T> StandAsync<T>(int epoch, Func<Task<T>> run, Func<T, bool> lost)
    {
        Volatile.Write(ref _firstEpoch, epoch);
        Reach();
        await _released.Task;
        try
        {
            var answer = await run();
            if (lost(answer))
            {
                Strike();
            }

            return answer;
        }
        finally
        {
            _answered.TrySetResult();
        }
    }
}
