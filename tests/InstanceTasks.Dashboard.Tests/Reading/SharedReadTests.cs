using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Dashboard.Tests.Reading;

/// <summary>Found in review: every open tab asked the store for itself, each second.</summary>
public sealed class SharedReadTests : IAsyncDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Oldest = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private readonly OneChange _stream = new();
    private readonly ChangeFeed _feed;
    private readonly SharedRead<int> _shared;
    private TaskCompletionSource<int>? _slow;
    private int _reads;

    public SharedReadTests()
    {
        _feed = new(_stream, _time, NullLogger<ChangeFeed>.Instance);
        _shared = new(Every, Oldest, _feed, _time, ReadAsync);
    }

    public ValueTask DisposeAsync() => _feed.DisposeAsync();

    [Fact]
    public async Task Get_ByManyAtOnce_IsReadOnceForEachKey()
    {
        _slow = new();
        var asked = Enumerable.Range(0, 50).Select(i => _shared.GetAsync(i % 2 == 0 ? "a" : "b", default)).ToList();
        _slow.SetResult(7);

        Assert.All(await Task.WhenAll(asked), s => Assert.Equal(new Shared<int>(7, false), s));
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Get_WhileNothingChanges_IsReadAgainOnlyWhenItIsOld()
    {
        await _shared.GetAsync("a", default);
        _time.Advance(Oldest - TimeSpan.FromMilliseconds(1));
        await _shared.GetAsync("a", default);
        Assert.Equal(1, _reads);

        _time.Advance(TimeSpan.FromMilliseconds(1));
        await _shared.GetAsync("a", default);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Get_AfterAChange_IsStaleUntilItMayBeReadAgain()
    {
        await _shared.GetAsync("a", default);
        _time.Advance(TimeSpan.FromMilliseconds(10));
        await ChangeAsync();

        Assert.True((await _shared.GetAsync("a", default)).IsStale);
        Assert.Equal(1, _reads);
        _time.Advance(Every);
        Assert.False((await _shared.GetAsync("a", default)).IsStale);
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task Get_ThatFailed_IsReadAgainForTheNextWhoAsks()
    {
        _slow = new();
        var first = _shared.GetAsync("a", default);
        _slow.SetException(new IOException("The disk is away."));
        await Assert.ThrowsAsync<IOException>(() => first);

        _slow = null;
        Assert.Equal(2, (await _shared.GetAsync("a", default)).Value);
    }

    [Fact]
    public async Task Get_ByOneWhoLeaves_GoesOnForTheOthers()
    {
        _slow = new();
        using var leaves = new CancellationTokenSource();
        var (first, second) = (_shared.GetAsync("a", leaves.Token), _shared.GetAsync("a", default));
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);

        _slow.SetResult(7);
        Assert.Equal(7, (await second).Value);
        Assert.Equal(1, _reads);
    }

    private Task<int> ReadAsync(string key)
    {
        _reads++;
        return _slow?.Task ?? Task.FromResult(_reads);
    }

    // The feed says once that everything may have changed, when somebody begins to listen.
    private async Task ChangeAsync()
    {
        using var subscription = _feed.Subscribe(_ => { });
        await Eventually.TrueAsync(() => _feed.LastChange > 0, TimeSpan.FromSeconds(10), "the change is told", () => "");
    }

    private sealed class OneChange : IEventStream
    {
        private readonly TaskCompletionSource _never = new();

        public Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default) => Task.FromResult(1L);

        public Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default) => Task.FromResult(0L);

        public Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default) => Task.FromResult(new EventPage([], after, false));

        public Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task NextCommit() => _never.Task;
    }
}
