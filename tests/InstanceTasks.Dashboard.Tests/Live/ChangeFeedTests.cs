using InstanceTasks.Dashboard.Live;
using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Dashboard.Tests.Live;

public sealed class ChangeFeedTests
{
    [Fact]
    public async Task Subscribe_WhatIsCommittedLater_IsToldOnce()
    {
        var (stream, told) = (new FakeStream(), new List<Changes>());
        await using var feed = new ChangeFeed(stream, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        stream.Commit("before");
        using var subscription = feed.Subscribe(c => { lock (told) { told.Add(c); } });
        await BegunAsync(told);

        stream.Commit("after");
        await Eventually.TrueAsync(() => { lock (told) { return told.Count > 0; } }, TimeSpan.FromSeconds(10), "the change is told", () => "");

        Assert.Equal(["after"], told.SelectMany(c => c.Subjects).Select(s => s.User.Value));
    }

    [Fact]
    public async Task Subscribe_FarBehind_IsToldThatEverythingMayHaveChanged()
    {
        var (stream, told) = (new FakeStream(), new List<Changes>());
        await using var feed = new ChangeFeed(stream, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        using var subscription = feed.Subscribe(c => { lock (told) { told.Add(c); } });
        await BegunAsync(told);

        stream.Commit([.. Enumerable.Repeat("x", 10_000)]);
        await Eventually.TrueAsync(() => { lock (told) { return told.Count > 0; } }, TimeSpan.FromSeconds(10), "the change is told", () => "");

        Assert.True(told[0].IsEverything);
    }

    [Fact]
    public async Task Subscribe_StoreThatFails_IsToldWhenItCanBeReadAgain()
    {
        var (stream, told) = (new FakeStream(), new List<Changes>());
        await using var feed = new ChangeFeed(stream, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        using var subscription = feed.Subscribe(c => { lock (told) { told.Add(c); } });
        await BegunAsync(told);

        stream.FailNext = true;
        stream.Commit("during");
        await Eventually.TrueAsync(() => { lock (told) { return told.Count > 0; } }, TimeSpan.FromSeconds(15), "the change is told", () => "");

        Assert.False(stream.FailNext);
        Assert.Equal("during", Assert.Single(told[0].Subjects).User.Value);
    }

    [Fact]
    public async Task Dispose_OfTheLastReader_EndsReading()
    {
        var stream = new FakeStream();
        await using var feed = new ChangeFeed(stream, TimeProvider.System, NullLogger<ChangeFeed>.Instance);
        var subscription = feed.Subscribe(_ => { });
        await Eventually.TrueAsync(() => stream.Reads > 0, TimeSpan.FromSeconds(10), "the feed has found its place", () => "");

        subscription.Dispose();
        subscription.Dispose();
        await feed.DisposeAsync();

        var reads = stream.Reads;
        stream.Commit("nobody looks");
        Assert.Equal(reads, stream.Reads);
    }

    /// <summary>Found in review: what was committed after a page was loaded and before the feed had its place was in neither.</summary>
    private static async Task BegunAsync(List<Changes> told)
    {
        await Eventually.TrueAsync(() => { lock (told) { return told.Count > 0; } }, TimeSpan.FromSeconds(10), "the feed has found its place, and said so", () => "");
        lock (told)
        {
            Assert.True(Assert.Single(told).IsEverything);
            told.Clear();
        }
    }

    /// <summary>A stream in memory whose reads can fail.</summary>
    private sealed class FakeStream : IEventStream
    {
        private readonly Lock _gate = new();
        private readonly List<StreamedEvents> _rows = [];
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _reads;

        public int Reads => Volatile.Read(ref _reads);

        public bool FailNext { get; set; }

        public void Commit(params IReadOnlyList<string> users)
        {
            lock (_gate)
            {
                foreach (var user in users)
                {
                    _rows.Add(new(new(TaskId.New(), TaskKinds.Stop, 1, InstanceId.New(), new("demo"), new(user), null), new(1, _rows.Count + 1, default, [])));
                }

                _next.TrySetResult();
                _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public Task<long> ReadLastPlaceAsync(CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _reads);
            lock (_gate)
            {
                return Task.FromResult((long)_rows.Count);
            }
        }

        public Task<long> ReadFirstPlaceAsync(CancellationToken cancellationToken = default) => Task.FromResult(0L);

        public Task<EventPage> ReadStreamAsync(long after, int limit, CancellationToken cancellationToken = default)
        {
            Interlocked.Increment(ref _reads);
            if (FailNext)
            {
                FailNext = false;
                throw new IOException("The disk is away.");
            }

            lock (_gate)
            {
                List<StreamedEvents> page = [.. _rows.Skip((int)after).Take(limit)];
                return Task.FromResult(new EventPage(page, after + page.Count, page.Count == limit));
            }
        }

        public Task<EventPage> ReadStreamOfAsync(TaskId task, long after, int limit, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<bool> HasComeToAsync(long place, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task NextCommit()
        {
            lock (_gate)
            {
                return _next.Task;
            }
        }
    }
}
