using System.Collections.Concurrent;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains.Workers;

/// <summary>Pulls work for one host: long-polls its grain, hands attempts to the desk, carries fences out and confirms them at once.</summary>
internal sealed partial class HostWorker(HostName host, WorkerDesk desk, IGrainFactory grains, IOwnership ownership, string silo, WorkerOptions options, TimeProvider time, ILogger<HostWorker> logger)
{
    private static readonly TimeSpan WhenFull = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<HeldAttempt, bool> _over = new();
    private readonly ConcurrentDictionary<FenceOrder, bool> _fenced = new();
    private volatile bool _draining;

    /// <summary>Takes no new work from now on; fences are still answered.</summary>
    public void Drain() => _draining = true;

    /// <summary>Polls until stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var room = Room();
                await PollAsync(room, room > 0 ? options.PollWait : WhenFull).WaitAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogPollFailed(e, host);
                await Task.WhenAny(Task.Delay(AfterFailure, time, stop));
            }
        }

        await ReleasePollAsync();
    }

    // A newer poll answers the held one with nothing: a grain with a call under way would hold up the silo's stop.
    private async Task ReleasePollAsync()
    {
        try
        {
            await PollAsync(0, TimeSpan.FromMilliseconds(1));
        }
        catch (Exception e)
        {
            LogPollFailed(e, host);
        }
    }

    private int Room() => _draining || !ownership.LeaseIsSafe ? 0 : Math.Max(0, options.PerHost - desk.RunningOn(host));

    private async Task PollAsync(int room, TimeSpan wait)
    {
        var over = _over.Keys.ToList();
        var fenced = _fenced.Keys.ToList();
        var generation = ownership.Generation;
        var answer = await grains.GetGrain<IHostGrain>(host.GrainKey).Poll(new PollRequest
        {
            Generation = generation, Silo = silo, Held = desk.HeldOn(host), Over = over, Fenced = fenced, Room = room, Wait = wait,
        });
        over.ForEach(o => _over.TryRemove(o, out _));
        fenced.ForEach(f => _fenced.TryRemove(f, out _));
        answer.Fences.ForEach(f => _ = FenceAsync(f));
        answer.Attempts.ForEach(a => desk.Take(a, held => _over.TryAdd(held, true)));
    }

    private async Task FenceAsync(FenceOrder order)
    {
        try
        {
            await desk.FenceAsync(order);
            _fenced.TryAdd(order, true);
            await PollAsync(0, TimeSpan.Zero);
        }
        catch (Exception e)
        {
            // The confirmation goes with the next poll.
            LogConfirmFailed(e, host, order.Machine);
        }
    }

    [LoggerMessage(EventId = 2401, Level = LogLevel.Warning, Message = "Polling host {Host} failed; it is repeated")]
    private partial void LogPollFailed(Exception exception, HostName host);

    [LoggerMessage(EventId = 2402, Level = LogLevel.Warning, Message = "The fence of {Machine} could not be confirmed to host {Host} at once")]
    private partial void LogConfirmFailed(Exception exception, HostName host, InstanceId machine);
}
