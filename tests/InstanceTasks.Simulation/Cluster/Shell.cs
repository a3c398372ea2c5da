using InstanceTasks.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Simulation.Cluster;

/// <summary>One activation of an actor in one process: gives it one turn at a time, as a grain's activation does.</summary>
internal abstract class Shell(SimulatedProcess process, ActorKey key)
{
    private readonly Queue<Func<Shell, Task>> _mail = [];
    private bool _busy;

    public SimulatedProcess Process { get; } = process;

    public ActorKey Key { get; } = key;

    /// <summary>It takes no more turns; what was in its mail goes to the next activation.</summary>
    public bool Gone { get; private set; }

    /// <summary>A call or a tick.</summary>
    public virtual void Take(Func<Shell, Task> turn)
    {
        _mail.Enqueue(turn);
        Pump();
    }

    /// <summary>Ends after the current turn.</summary>
    public virtual void End()
    {
        if (Gone)
        {
            return;
        }

        Gone = true;
        Process.Forget(this);
        Pump();
    }

    private void Pump()
    {
        if (!_busy && _mail.TryDequeue(out var turn))
        {
            _busy = true;
            _ = RunAsync(turn);
        }
    }

    private async Task RunAsync(Func<Shell, Task> turn)
    {
        try
        {
            if (Gone)
            {
                Process.Cluster.Network.Forward(Process, Key, turn);
            }
            else
            {
                await turn(this);
            }
        }
        finally
        {
            _busy = false;
            Pump();
        }
    }
}

/// <summary>A task's activation.</summary>
internal sealed class TaskShell : Shell, ITaskTurns
{
    private static readonly TimeSpan AfterDrop = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan AfterDefect = TimeSpan.FromSeconds(5);

    private readonly TaskId _task;
    private ITimer? _tick;

    public TaskShell(SimulatedProcess process, ActorKey key)
        : base(process, key)
    {
        _task = new TaskId(key.Id);
        Actor = new TaskActor(_task, process.Store, process.Store, process.Peers, process.Lease, this, process.Time, NullLogger<TaskActor>.Instance);
    }

    public TaskActor Actor { get; }

    public void TickIn(TimeSpan? delay)
    {
        _tick?.Dispose();
        _tick = delay is { } due && !Gone
            ? Process.Time.CreateTimer(_ => Tick(), null, due, Timeout.InfiniteTimeSpan)
            : null;
    }

    public void Drop(string reason, bool wakeAgain)
    {
        Process.Cluster.Chronicle.Note(20, Process.Number, World.Short.Number(_task), () => $"{Process.Name}: activation of task {World.Short.Of(_task)} dropped: {reason}");
        End();
        if (wakeAgain)
        {
            WakeLater(AfterDrop, reason);
        }
    }

    public override void End()
    {
        _tick?.Dispose();
        base.End();
    }

    /// <summary>A turn as the grain gives it: whatever goes wrong, somebody looks again.</summary>
    public async Task GuardAsync(Func<TaskActor, Task> turn)
    {
        try
        {
            await turn(Actor);
        }
        catch (Exception e)
        {
            Process.Cluster.OnTurnFailed(Process, $"task {World.Short.Of(_task)}", e);
            End();
            WakeLater(AfterDefect, "a turn failed");
            throw;
        }
    }

    /// <summary>Asks for a grant and keeps who got it.</summary>
    public BeginAnswer Begin(Stamp stamp, long generation)
    {
        var answer = Actor.Begin(stamp, generation);
        if (answer == BeginAnswer.Granted)
        {
            Process.Cluster.Watch.Granted(_task, stamp, generation);
        }

        return answer;
    }

    private void Tick()
    {
        if (!Gone)
        {
            Take(async shell =>
            {
                // A tick of an activation that is gone is nobody's.
                if (shell == this)
                {
                    await QuietAsync(() => GuardAsync(a => a.TickAsync()));
                }
            });
        }
    }

    private void WakeLater(TimeSpan delay, string cause) =>
        Process.Time.CreateTimer(_ => Process.Peers.Wake(_task, new WakeUp { Cause = cause }), null, delay, Timeout.InfiniteTimeSpan);

    // Nobody waits for a tick; its exception has been seen by the guard.
    private static async Task QuietAsync(Func<Task> turn)
    {
        try
        {
            await turn();
        }
        catch (Exception)
        {
            await Task.CompletedTask;
        }
    }
}

/// <summary>An instance's activation.</summary>
internal sealed class InstanceShell(SimulatedProcess process, ActorKey key) : Shell(process, key)
{
    private readonly InstanceActor _actor = new(new InstanceId(key.Id), process.Store, process.Peers, process.Lease, process.Time, NullLogger<InstanceActor>.Instance);

    public async Task<T> GuardAsync<T>(Func<InstanceActor, Task<T>> turn)
    {
        try
        {
            return await turn(_actor);
        }
        catch (Exception e)
        {
            Process.Cluster.OnTurnFailed(Process, $"instance {World.Short.Of(new InstanceId(Key.Id))}", e);
            End();
            throw;
        }
        finally
        {
            if (_actor.MustDrop)
            {
                End();
            }
        }
    }
}

/// <summary>A project's activation.</summary>
internal sealed class ProjectShell(SimulatedProcess process, ActorKey key) : Shell(process, key)
{
    private readonly ProjectActor _actor =
        new(ActorKey.ProjectOf(key), process.Store, process.Peers, process.Lease, process.Time, NullLogger<ProjectActor>.Instance);

    public async Task<AcceptAnswer> SubmitAsync(SubmitTask request)
    {
        try
        {
            return await _actor.SubmitAsync(request);
        }
        catch (Exception e)
        {
            Process.Cluster.OnTurnFailed(Process, $"project {Key.Number}", e);
            End();
            throw;
        }
    }
}

/// <summary>A host's activation: every method interleaves.</summary>
internal sealed class HostShell(SimulatedProcess process, ActorKey key, HostName host) : Shell(process, key)
{
    public HostActor Actor { get; } = new(host, process.Lease, process.Time);

    public override void Take(Func<Shell, Task> turn) => _ = turn(this);
}

/// <summary>A recovery shard's activation.</summary>
internal sealed class RecoveryShell(SimulatedProcess process, ActorKey key) : Shell(process, key)
{
    private readonly RecoveryOptions _options = process.Cluster.Recovery;
    private readonly RecoveryActor _actor = new(key.Number, process.Store, process.Peers, process.Cluster.Recovery, process.Time, NullLogger<RecoveryActor>.Instance);
    private ITimer? _timer;

    public override void End()
    {
        _timer?.Dispose();
        base.End();
    }

    public async Task LookAsync(string cause)
    {
        try
        {
            SleepFor(await _actor.LookAsync(cause));
        }
        catch (Exception e)
        {
            Process.Cluster.OnTurnFailed(Process, $"recovery {Key.Number}", e);
            SleepFor(_options.LongestSleep);
        }
    }

    private void SleepFor(TimeSpan sleep)
    {
        _timer?.Dispose();
        if (_options.WhenDue && !Gone)
        {
            _timer = Process.Time.CreateTimer(_ => Take(s => s == this ? LookAsync("due") : Task.CompletedTask), null, sleep, Timeout.InfiniteTimeSpan);
        }
    }
}
