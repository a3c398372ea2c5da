namespace InstanceTasks.Dashboard.Live;

/// <summary>
/// When a page is loaded: one load at a time. A new address does not wait for the load of the old one, which is canceled; a change waits until the last load
/// has ended and the page has rested; what failed is tried again, ever more rarely. Everything is called by the page's dispatcher, one call at a time.
/// </summary>
internal sealed class Loads : IDisposable
{
    // A page that is slow to load must not keep the store busy: it rests for so many times what it took.
    private const int RestPerLoad = 10;
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    private readonly Func<CancellationToken, Task<bool>> _load;
    private readonly TimeSpan _every;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _gone = new();
    private CancellationTokenSource? _current;
    private Task _running = Task.CompletedTask;
    private long _addresses;
    private long _rests;
    private int _failures;
    private bool _resting;
    private bool _again;

    /// <param name="load">Loads the page, and never throws. False: it failed in a way that may pass.</param>
    /// <param name="every">How long a page rests between two loads at least.</param>
    /// <param name="time">The clock.</param>
    public Loads(Func<CancellationToken, Task<bool>> load, TimeSpan every, TimeProvider time)
    {
        (_load, _every, _time) = (load, every, time);
        // Kept: it is asked for also when the page has been left.
        Gone = _gone.Token;
    }

    /// <summary>Ends when the load under way is not wanted any more.</summary>
    public CancellationToken Token => _current?.Token ?? Gone;

    /// <summary>Ends when the page is left.</summary>
    public CancellationToken Gone { get; }

    /// <summary>Loads at once: what is shown has another address, or somebody has done something.</summary>
    public async Task NowAsync()
    {
        var mine = ++_addresses;
        while (mine == _addresses && _current is { } older)
        {
            await older.CancelAsync();
            await _running;
        }

        if (mine == _addresses && !Gone.IsCancellationRequested)
        {
            await StartAsync();
        }
    }

    /// <summary>Loads as soon as it may: something has changed.</summary>
    public Task SoonAsync()
    {
        if (_current is not null || _resting || Gone.IsCancellationRequested)
        {
            _again = true;
            return Task.CompletedTask;
        }

        return StartAsync();
    }

    /// <summary>Told by a load that what it has read may be older than the last change.</summary>
    public void LookAgain() => _again = true;

    public void Dispose()
    {
        if (!Gone.IsCancellationRequested)
        {
            _gone.Cancel();
            _gone.Dispose();
        }
    }

    private Task StartAsync() => _running = OnceAsync();

    private async Task OnceAsync()
    {
        using var current = CancellationTokenSource.CreateLinkedTokenSource(Gone);
        (_current, _again) = (current, false);
        var begun = _time.GetTimestamp();
        var loaded = await _load(current.Token);
        var wanted = !current.IsCancellationRequested;
        _current = null;
        if (wanted)
        {
            _failures = loaded ? 0 : _failures + 1;
            _again |= !loaded;
        }

        if (!Gone.IsCancellationRequested)
        {
            _ = RestAsync(RestAfter(_time.GetElapsedTime(begun)));
        }
    }

    private TimeSpan RestAfter(TimeSpan took)
    {
        var rest = _failures > 0 ? _every * Math.Pow(2, Math.Min(_failures, 10)) : took * RestPerLoad;
        return rest < _every ? _every : rest > LongestRest ? LongestRest : rest;
    }

    // What has happened meanwhile is then looked at.
    private async Task RestAsync(TimeSpan rest)
    {
        var mine = ++_rests;
        _resting = true;
        await Task.Delay(rest, _time, Gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (mine != _rests || Gone.IsCancellationRequested)
        {
            return;
        }

        _resting = false;
        if (_again && _current is null)
        {
            await StartAsync();
        }
    }
}
