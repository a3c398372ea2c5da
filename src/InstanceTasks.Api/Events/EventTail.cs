using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Events;

/// <summary>
/// Follows the stream for everybody in this process: however many read along, the store is asked once. It follows only while somebody does.
/// A reader says his place with each call and gets what is behind it, without gap and without repeat, from the window or from the store.
/// </summary>
internal sealed partial class EventTail(IEventStream stream, IOptions<ApiOptions> options, TimeProvider time, ILogger<EventTail> log) : IAsyncDisposable
{
    /// <summary>The most commits of one read.</summary>
    public const int PageSize = 250;

    private readonly EventStreamOptions _options = options.Value.Events;
    private readonly SemaphoreSlim _entering = new(1, 1);
    private readonly Lock _gate = new();
    private Follower? _follower;

    /// <summary>Begins to read along. What is committed from now on is followed until the result is disposed.</summary>
    public async Task<EventReader> EnterAsync(CancellationToken cancellationToken)
    {
        await _entering.WaitAsync(cancellationToken);
        try
        {
            return Join() ?? Begin(await stream.ReadLastPlaceAsync(cancellationToken));
        }
        finally
        {
            _entering.Release();
        }
    }

    /// <summary>Ends whoever still follows.</summary>
    public async ValueTask DisposeAsync()
    {
        Follower? last;
        lock (_gate)
        {
            (last, _follower) = (_follower, null);
        }

        if (last is not null)
        {
            await last.Stop.CancelAsync();
            await last.Loop;
        }

        _entering.Dispose();
    }

    private EventReader? Join()
    {
        lock (_gate)
        {
            if (_follower is null)
            {
                return null;
            }

            _follower.Readers++;
            return NewReader(_follower);
        }
    }

    private EventReader Begin(long place)
    {
        lock (_gate)
        {
            var follower = new Follower(new(place, _options.Window));
            follower.Loop = Task.Run(() => FollowAsync(follower.Window, follower.Stop.Token));
            _follower = follower;
            return NewReader(follower);
        }
    }

    private EventReader NewReader(Follower follower) => new(stream, follower.Window, time, () => Leave(follower));

    private void Leave(Follower follower)
    {
        lock (_gate)
        {
            if (--follower.Readers > 0)
            {
                return;
            }

            _follower = _follower == follower ? null : _follower;
        }

        follower.Stop.Cancel();
    }

    private async Task FollowAsync(EventWindow window, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                // Before reading: what is committed from now on is either read or hinted at.
                var more = stream.NextCommit();
                var page = await ReadAsync(window, cancellationToken);
                if (page is null)
                {
                    await Task.Delay(_options.PollInterval, time, cancellationToken);
                    continue;
                }

                window.Append(page);
                if (!page.IsFull)
                {
                    await PauseAsync(more, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Nobody reads any more.
        }
    }

    /// <summary>Null: the store cannot be read now. The streams stay open: nothing is lost by waiting.</summary>
    private async Task<EventPage?> ReadAsync(EventWindow window, CancellationToken cancellationToken)
    {
        var after = window.Last;
        try
        {
            return await stream.ReadStreamAsync(after, PageSize, cancellationToken);
        }
        catch (PlaceGoneException e)
        {
            // This process was away for as long as events are kept. Whoever reads along finds out that his place is gone.
            LogLeftBehind(log, after, e.First);
            window.BeginAnew(e.First);
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(log, e);
            return null;
        }
    }

    private async Task PauseAsync(Task more, CancellationToken cancellationToken)
    {
        try
        {
            await more.WaitAsync(_options.PollInterval, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return;
        }

        if (_options.Gather > TimeSpan.Zero)
        {
            await Task.Delay(_options.Gather, time, cancellationToken);
        }
    }

    private sealed class Follower(EventWindow window)
    {
        public EventWindow Window { get; } = window;

        public int Readers { get; set; } = 1;

        public CancellationTokenSource Stop { get; } = new();

        public Task Loop { get; set; } = Task.CompletedTask;
    }
}

/// <summary>One who reads along.</summary>
internal sealed class EventReader(IEventStream stream, EventWindow window, TimeProvider time, Action leave) : IDisposable
{
    private Action? _leave = leave;

    /// <summary>What is behind a place, at once if there is something; else when there is, or an empty page when the time is over.</summary>
    public async Task<EventPage> NextAsync(long after, TimeSpan atMost, CancellationToken cancellationToken)
    {
        if (window.Read(after, EventTail.PageSize, out var moved) is not { } page)
        {
            return await stream.ReadStreamAsync(after, EventTail.PageSize, cancellationToken);
        }

        if (page.Last > after || atMost <= TimeSpan.Zero)
        {
            return page;
        }

        try
        {
            await moved.WaitAsync(atMost, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The caller has something else to do.
        }

        return window.Read(after, EventTail.PageSize, out _) ?? new([], after, IsFull: true);
    }

    public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
}
