using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// Looks for tasks of one shard that are due or whose owner is gone, and pokes them. A task that cannot be decoded quarantines itself
/// and never stops the scan. Safe to run twice.
/// </summary>
public sealed partial class RecoveryActor(int shard, IJournal journal, IPeers peers, RecoveryOptions options, TimeProvider time, ILogger<RecoveryActor> logger)
{
    // By the clock that is only measured: the wall clock may jump.
    private readonly Dictionary<TaskId, long> _notBefore = [];

    /// <summary>Looks once: pokes what is due, and says how long it may sleep.</summary>
    public async Task<TimeSpan> LookAsync(string cause)
    {
        // Tasks that rest (paused, queued, blocked) stay due after their poke. They are the oldest, so they must not take the places of the others.
        var now = time.GetTimestamp();
        var resting = _notBefore.Values.Count(later => later > now);
        var due = await journal.ReadDueAsync(shard, options.BatchSize + resting);
        var chosen = due.Where(d => !_notBefore.TryGetValue(d.Task, out var later) || later <= now).ToList();
        if (chosen.Count > 0)
        {
            var lost = chosen.Count(d => d.OwnerLost);
            LogLook(shard, cause, chosen.Count, lost);
        }

        // One that takes long holds up a place, not the others.
        var waiting = new Queue<TaskId>(chosen.Select(d => d.Task));
        await Task.WhenAll(Enumerable.Range(0, Math.Min(options.ParallelPokes, chosen.Count)).Select(_ => PokeInTurnAsync(waiting)));
        Prune(due);
        return await SleepAsync(due.Count > 0);
    }

    private async Task PokeInTurnAsync(Queue<TaskId> waiting)
    {
        while (waiting.TryDequeue(out var task))
        {
            await PokeAsync(task);
        }
    }

    private async Task PokeAsync(TaskId task)
    {
        try
        {
            var answer = await peers.PokeAsync(task);
            _notBefore[task] = From(answer.LookAgainIn);
        }
        catch (Exception e)
        {
            // Its silo may be going away: the next look finds it again.
            LogPokeFailed(e, task);
            _notBefore[task] = From(TimeSpan.FromSeconds(1));
        }
    }

    private long From(TimeSpan delay) => time.GetTimestamp() + (long)(delay.TotalSeconds * time.TimestampFrequency);

    private void Prune(IReadOnlyList<DueTask> due)
    {
        var still = due.Select(d => d.Task).ToHashSet();
        foreach (var gone in _notBefore.Keys.Where(k => !still.Contains(k)).ToList())
        {
            _notBefore.Remove(gone);
        }
    }

    private async Task<TimeSpan> SleepAsync(bool overdue)
    {
        var next = await journal.ReadNextDueAsync(shard);
        var sleep = next is { } time0 && time0 < options.LongestSleep ? time0 : options.LongestSleep;
        var shortest = overdue ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromMilliseconds(50);
        return sleep < shortest ? shortest : sleep;
    }

    [LoggerMessage(EventId = 1201, Level = LogLevel.Information, Message = "Recovery of shard {Shard} looked because of '{Cause}': {Due} tasks due, {Lost} of them without a living owner")]
    private partial void LogLook(int shard, string cause, int due, int lost);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "Poking task {Task} failed; the next look finds it again")]
    private partial void LogPokeFailed(Exception exception, TaskId task);
}
