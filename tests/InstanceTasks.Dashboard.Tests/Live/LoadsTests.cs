using InstanceTasks.Dashboard.Live;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Dashboard.Tests.Live;

/// <summary>When a page is loaded. Found in review: loads of one page overlapped, and an older address could overwrite a newer one.</summary>
public sealed class LoadsTests : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly ManualTime _time = new();
    private readonly List<Load> _begun = [];
    private readonly Loads _loads;

    public LoadsTests() => _loads = new(BeginAsync, Every, _time);

    public void Dispose() => _loads.Dispose();

    [Fact]
    public async Task Now_WhileAnOlderAddressIsLoaded_CancelsThatAndWaitsForItsEnd()
    {
        var first = _loads.NowAsync();
        var second = _loads.NowAsync();
        var third = _loads.NowAsync();

        var older = Assert.Single(_begun);
        Assert.True(older.Token.IsCancellationRequested);
        older.End(true);
        await first;
        await second;
        await Until(() => _begun.Count == 2);
        Assert.False(_begun[1].Token.IsCancellationRequested);
        _begun[1].End(true);
        await third;
        Assert.Equal(2, _begun.Count);
    }

    [Fact]
    public async Task Soon_WhileLoadingOrResting_LoadsOnceMoreAfterTheRest()
    {
        var first = _loads.NowAsync();
        await _loads.SoonAsync();
        await _loads.SoonAsync();
        Assert.Single(_begun);

        _begun[0].End(true);
        await first;
        _time.Advance(Every - TimeSpan.FromMilliseconds(1));
        Assert.Single(_begun);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await Until(() => _begun.Count == 2);

        _begun[1].End(true);
        _time.Advance(Every * 5);
        Assert.Equal(2, _begun.Count);
    }

    [Fact]
    public async Task Soon_AfterALoadThatTookLong_RestsInProportion()
    {
        var first = _loads.NowAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        _begun[0].End(true);
        await first;
        await _loads.SoonAsync();

        _time.Advance(TimeSpan.FromSeconds(19));
        Assert.Single(_begun);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Until(() => _begun.Count == 2);
    }

    [Fact]
    public async Task Load_ThatFails_IsTriedAgainEverMoreRarely()
    {
        var first = _loads.NowAsync();
        _begun[0].End(false);
        await first;
        foreach (var rest in new[] { 2, 4, 8 })
        {
            var before = _begun.Count;
            _time.Advance(TimeSpan.FromSeconds(rest) - TimeSpan.FromMilliseconds(1));
            Assert.Equal(before, _begun.Count);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await Until(() => _begun.Count == before + 1);
            _begun[^1].End(false);
            await Until(() => _begun[^1].HasEnded);
        }
    }

    [Fact]
    public async Task LookAgain_DuringALoad_LoadsOnceMore()
    {
        var first = _loads.NowAsync();
        _loads.LookAgain();
        _begun[0].End(true);
        await first;

        _time.Advance(Every);
        await Until(() => _begun.Count == 2);
    }

    [Fact]
    public async Task Dispose_DuringALoad_CancelsItAndLoadsNoMore()
    {
        var first = _loads.NowAsync();
        await _loads.SoonAsync();
        _loads.Dispose();

        Assert.True(_begun[0].Token.IsCancellationRequested);
        _begun[0].End(true);
        await first;
        _time.Advance(Every * 100);
        await _loads.SoonAsync();
        Assert.Single(_begun);
    }

    [Fact]
    public async Task Latest_AnswerThatComesAfterANewerQuestion_IsDropped()
    {
        var (latest, older) = (new Latest<string>(), new TaskCompletionSource<string>());
        var first = latest.AskAsync(() => older.Task);
        await latest.AskAsync(() => Task.FromResult("of the newer"));

        older.SetResult("of the older");
        await first;
        Assert.Equal("of the newer", latest.Answer);
        latest.Forget();
        Assert.Null(latest.Answer);
    }

    private static Task Until(Func<bool> condition) => TestKit.Eventually.TrueAsync(condition, TimeSpan.FromSeconds(10), "the load has begun or ended", () => "");

    private async Task<bool> BeginAsync(CancellationToken token)
    {
        var load = new Load(token);
        _begun.Add(load);
        return await load.Result;
    }

    private sealed class Load(CancellationToken token)
    {
        private readonly TaskCompletionSource<bool> _end = new();

        public CancellationToken Token => token;

        public Task<bool> Result => _end.Task;

        public bool HasEnded => _end.Task.IsCompleted;

        public void End(bool loaded) => _end.SetResult(loaded);
    }
}
