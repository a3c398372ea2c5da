using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Dashboard.Live;

/// <summary>
/// Says what has changed, to all pages that are open in this process, from one look at the event stream. It says only that: what a page shows it asks the
/// API for, which decides who may see what. Nobody reads along while no page is open.
/// </summary>
internal sealed partial class ChangeFeed(IEventStream stream, TimeProvider time, ILogger<ChangeFeed> log) : IAsyncDisposable
{
    private const int PageSize = 500;

    // Further behind than this it is cheaper to look at everything again.
    private const int MostPages = 8;
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly List<Action<Changes>> _readers = [];
    private CancellationTokenSource? _stop;
    private Task _loop = Task.CompletedTask;
    private long _lastChange;

    /// <summary>When it was last told that something has changed, as a timestamp of the clock; what was read before may be old.</summary>
    public long LastChange => Volatile.Read(ref _lastChange);

    /// <summary>Reads along until it is disposed. The action must be quick, and may come from any thread.</summary>
    public IDisposable Subscribe(Action<Changes> reader)
    {
        lock (_gate)
        {
            _readers.Add(reader);
            if (_stop is null)
            {
                _stop = new();
                var (before, token) = (_loop, _stop.Token);
                _loop = Task.Run(() => FollowAsync(before, token));
            }
        }

        return new Subscription(() => Leave(reader));
    }

    public async ValueTask DisposeAsync()
    {
        Task loop;
        lock (_gate)
        {
            _readers.Clear();
            _stop?.Cancel();
            loop = _loop;
        }

        await loop;
    }

    private void Leave(Action<Changes> reader)
    {
        lock (_gate)
        {
            _readers.Remove(reader);
            if (_readers.Count == 0)
            {
                _stop?.Cancel();
                _stop = null;
            }
        }
    }

    private async Task FollowAsync(Task before, CancellationToken cancellationToken)
    {
        await before;
        long? place = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Before reading: what is committed from now on is either read or hinted at.
                var more = stream.NextCommit();
                place = place is { } known ? await ReadAsync(known, cancellationToken) : await BeginAsync(cancellationToken);
                await Task.WhenAny(more, Task.Delay(LookAgain, time, cancellationToken));
                await Task.Delay(Gather, time, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (PlaceGoneException)
            {
                // So far behind that it is not known any more what has changed.
                place = null;
                Tell(new([], IsEverything: true));
            }
            catch (Exception e)
            {
                // The pages stay as they are, and catch up when the store can be read again.
                LogFailed(e);
                await Task.Delay(LookAgain, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    // A page may have been loaded before there was a place to read from: what was committed between the two is in neither.
    private async Task<long> BeginAsync(CancellationToken cancellationToken)
    {
        var place = await stream.ReadLastPlaceAsync(cancellationToken);
        Tell(new([], IsEverything: true));
        return place;
    }

    private async Task<long> ReadAsync(long place, CancellationToken cancellationToken)
    {
        List<EventSubject> subjects = [];
        for (var i = 0; i < MostPages; i++)
        {
            var page = await stream.ReadStreamAsync(place, PageSize, cancellationToken);
            subjects.AddRange(page.Rows.Select(r => r.Subject));
            place = page.Last;
            if (!page.IsFull)
            {
                Tell(new(subjects, IsEverything: false));
                return place;
            }
        }

        Tell(new([], IsEverything: true));
        return await stream.ReadLastPlaceAsync(cancellationToken);
    }

    private void Tell(Changes changes)
    {
        if (changes is { IsEverything: false, Subjects.Count: 0 })
        {
            return;
        }

        Volatile.Write(ref _lastChange, time.GetTimestamp());
        List<Action<Changes>> readers;
        lock (_gate)
        {
            readers = [.. _readers];
        }

        readers.ForEach(r => r(changes));
    }

    [LoggerMessage(EventId = 4001, Level = LogLevel.Warning, Message = "The dashboard cannot read the event stream; its pages stand still until it can")]
    private partial void LogFailed(Exception exception);

    private sealed class Subscription(Action leave) : IDisposable
    {
        private Action? _leave = leave;

        public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
    }
}

/// <summary>What has changed.</summary>
/// <param name="Subjects">The tasks; one may be there several times.</param>
/// <param name="IsEverything">So much that it is not said what.</param>
internal sealed record Changes(IReadOnlyList<EventSubject> Subjects, bool IsEverything)
{
    /// <summary>Whether any of it is of interest.</summary>
    public bool Any(Func<EventSubject, bool> condition) => IsEverything || Subjects.Any(condition);
}
