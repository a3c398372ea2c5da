using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>Pulls work for one host: long-polls its grain, hands attempts to the desk, carries fences out and confirms them at once, and reads consoles.</summary>
internal sealed partial class HostWorker(HostName host, WorkerDesk desk, IConsoleSource consoles, IPeers peers, IOwnership ownership, string silo, WorkerOptions options, TimeProvider time, ILogger<HostWorker> logger,
    LimitOptions? limits = null)
{
    private static readonly TimeSpan WhenFull = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMilliseconds(500);

    // Who asks waits no longer than 10 s.
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(5);

    private readonly Unsaid<HeldAttempt> _over = new();
    private readonly Unsaid<FenceOrder> _fenced = new();
    private volatile bool _draining;

    // 0: nobody confirms; 1: a poll that does is under way; 2: and another must follow it.
    private int _confirming;

    /// <summary>Takes no new work from now on, also none that a held poll would still bring; fences are still answered.</summary>
    public void Drain()
    {
        if (!_draining)
        {
            _draining = true;
            _ = ReleasePollAsync();
        }
    }

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
                await Task.Delay(AfterFailure, time, stop).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
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
        var over = _over.All();
        var fenced = _fenced.All();
        var generation = ownership.Generation;
        var answer = await peers.PollAsync(host, new PollRequest
        {
            Generation = generation, Silo = silo, Held = desk.HeldOn(host), Over = over, Fenced = fenced, Room = room, Wait = wait,
        });
        _over.Remove(over);
        _fenced.Remove(fenced);
        answer.Fences.ForEach(f => _ = FenceAsync(f));
        answer.Questions.ForEach(q => _ = AnswerAsync(q));
        answer.Attempts.ForEach(a => desk.Take(a, OnOver));
    }

    private void OnOver(HeldAttempt attempt)
    {
        _over.Add(attempt);
        if (limits is { Any: true })
        {
            // Others may wait until this one has ended: the host must not learn of it only when the held poll has run out.
            _ = ReleasePollAsync();
        }
    }

    private async Task FenceAsync(FenceOrder order)
    {
        try
        {
            await desk.FenceAsync(order);
            _fenced.Add(order);
            await ConfirmAsync();
        }
        catch (Exception e)
        {
            // The confirmation goes with the next poll.
            LogConfirmFailed(e, host, order.Machine);
        }
    }

    private async Task AnswerAsync(ConsoleQuestion question)
    {
        try
        {
            // What was handed out with it does not wait for a hypervisor that is slow to begin.
            await Task.Yield();
            using var abort = new CancellationTokenSource(LongestRead, time);
            await peers.AnswerConsoleAsync(host, question.Id, await consoles.ReadAsync(host, question, abort.Token));
        }
        catch (Exception e)
        {
            // The host hands it out again.
            LogAnswerFailed(e, host, question.Machine);
        }
    }

    /// <summary>One call at a time: after a process has died hundreds of fences come at once, and each poll lists all that is held.</summary>
    private async Task ConfirmAsync()
    {
        if (Interlocked.Exchange(ref _confirming, 2) != 0)
        {
            return;
        }

        try
        {
            do
            {
                await Task.Yield();
                Volatile.Write(ref _confirming, 1);
                await PollAsync(0, TimeSpan.Zero);
            }
            while (Interlocked.CompareExchange(ref _confirming, 0, 1) != 1);
        }
        catch
        {
            Volatile.Write(ref _confirming, 0);
            throw;
        }
    }

    /// <summary>What the host must still be told; kept until a poll that said it has returned.</summary>
    private sealed class Unsaid<T>
        where T : notnull
    {
        private readonly HashSet<T> _items = [];

        public void Add(T item)
        {
            lock (_items)
            {
                _items.Add(item);
            }
        }

        public List<T> All()
        {
            lock (_items)
            {
                return [.. _items];
            }
        }

        public void Remove(List<T> said)
        {
            lock (_items)
            {
                _items.ExceptWith(said);
            }
        }
    }

    [LoggerMessage(EventId = 2401, Level = LogLevel.Warning, Message = "Polling host {Host} failed; it is repeated")]
    private partial void LogPollFailed(Exception exception, HostName host);

    [LoggerMessage(EventId = 2402, Level = LogLevel.Warning, Message = "The fence of {Machine} could not be confirmed to host {Host} at once")]
    private partial void LogConfirmFailed(Exception exception, HostName host, InstanceId machine);

    [LoggerMessage(EventId = 2403, Level = LogLevel.Warning, Message = "What the console of {Machine} says could not be told to host {Host}")]
    private partial void LogAnswerFailed(Exception exception, HostName host, InstanceId machine);
}
