using System.Collections.Concurrent;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>
/// Asks tasks, recovery shards and retention to look, from outside any turn, each until it has: for whoever sees that something was left behind. While a
/// silo dies and the directory finds itself again, what is told once may be lost, and nobody else looks before a task is due.
/// </summary>
internal sealed partial class Nudges(IGrainFactory grains, IPeers peers, TimeProvider time, ILogger<Nudges> logger) : IDisposable
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    // Tasks that will be asked and have not been yet: one more reason to ask adds nothing.
    private readonly ConcurrentDictionary<TaskId, string> _waiting = new();

    // The same for all others, by what is asked of them. Leases come and go while a shard cannot be reached, and each is a reason.
    private readonly ConcurrentDictionary<string, string> _waitingToo = new();
    private volatile bool _stopped;
    private int _asking;

    /// <summary>The silo stops: others look.</summary>
    public void Stop() => _stopped = true;

    /// <inheritdoc/>
    public void Dispose() => Stop();

    /// <summary>Asks a task after a moment. Nobody waits.</summary>
    public void OfTask(TaskId task, TimeSpan delay, string cause) => OfTask(task, delay, cause, AskAgain);

    /// <summary>Asks a shard. Nobody waits.</summary>
    public void OfShard(int shard, string cause) => UntilDone(() => Shard(shard).Nudge(cause), $"recovery shard {shard}", cause);

    /// <summary>Asks every shard. Nobody waits.</summary>
    public void OfAllShards(string cause)
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            OfShard(shard, cause);
        }
    }

    /// <summary>Starts every shard. Nobody waits: one may still be on a silo that dies at this very moment, and that is no reason for this one not to start.</summary>
    public void StartAllShards()
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            var grain = Shard(shard);
            UntilDone(grain.Start, $"start of recovery shard {shard}", "a silo has started");
        }
    }

    /// <summary>Starts retention. Nobody waits.</summary>
    public void StartRetention() => UntilDone(grains.GetGrain<IRetentionGrain>(RetentionGrain.Key).Start, "retention", "a silo has started");

    private IRecoveryGrain Shard(int shard) => grains.GetGrain<IRecoveryGrain>($"r-{shard}");

    private void OfTask(TaskId task, TimeSpan delay, string cause, TimeSpan pause)
    {
        if (_waiting.TryAdd(task, cause))
        {
            _ = Task.Run(() => AskAsync(task, delay, cause, pause));
        }
    }

    private async Task AskAsync(TaskId task, TimeSpan delay, string cause, TimeSpan pause)
    {
        await Task.Delay(delay, time);
        // From here on another reason is a reason again: the task may be dropped while it answers.
        _waiting.TryRemove(task, out _);
        if (_stopped)
        {
            return;
        }

        try
        {
            await peers.PokeAsync(task);
        }
        catch (Exception e)
        {
            LogTaskFailed(e, task, cause);
            OfTask(task, pause, cause, pause * 2 < LongestPause ? pause * 2 : LongestPause);
        }
    }

    /// <summary>How many ask, or wait to ask again, apart from those of tasks.</summary>
    internal int Asking => _asking;

    private void UntilDone(Func<Task> ask, string whom, string cause)
    {
        if (_waitingToo.TryAdd(whom, cause))
        {
            Interlocked.Increment(ref _asking);
            _ = Task.Run(() => UntilDoneAsync(ask, whom, cause));
        }
    }

    // The activation that is asked may be on the very silo whose lease has ended, without its store and about to go: until one has looked, the next is asked.
    private async Task UntilDoneAsync(Func<Task> ask, string whom, string cause)
    {
        while (!await IsDoneAsync(ask, whom, cause))
        {
            // Somebody else may wait to ask already.
            if (!_waitingToo.TryAdd(whom, cause))
            {
                break;
            }

            await Task.Delay(AskAgain, time);
        }

        Interlocked.Decrement(ref _asking);
    }

    private async Task<bool> IsDoneAsync(Func<Task> ask, string whom, string cause)
    {
        // From here on another reason is a reason again: whoever answers may have looked before.
        _waitingToo.TryRemove(whom, out _);
        if (_stopped)
        {
            return true;
        }

        try
        {
            await ask();
            return true;
        }
        catch (Exception e)
        {
            LogNotDone(e, whom, cause);
            return false;
        }
    }

    [LoggerMessage(EventId = 2202, Level = LogLevel.Warning, Message = "{Whom} could not be asked to look because {Cause}; it is asked again")]
    private partial void LogNotDone(Exception exception, string whom, string cause);

    [LoggerMessage(EventId = 2203, Level = LogLevel.Warning, Message = "Task {Task} could not look because {Cause}; it is asked again")]
    private partial void LogTaskFailed(Exception exception, TaskId task, string cause);
}
