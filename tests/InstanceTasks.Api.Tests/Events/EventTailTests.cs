using InstanceTasks.Api.Events;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tests.Events;

/// <summary>All streams of a process share one look at the store, and none of them can lose its place.</summary>
public sealed class EventTailTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    private readonly FakeEvents _events = new();
    private readonly ManualTime _time = new();
    private readonly TaskRecord _task = Sample.Task(Sample.Server(), "stop");

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10_000)]
    public void Read_WhateverTheWindowAndTheReader_HasNoGapAndNoRepeat(int limit)
    {
        var random = new Random(limit);
        var window = new EventWindow(0, limit);
        var (given, seen, place, lost) = (0L, new List<long>(), 0L, 0);
        for (var step = 0; step < 3000; step++)
        {
            if (random.Next(3) > 0)
            {
                var rows = Enumerable.Range(1, random.Next(4)).Select(i => Row(given + i)).ToList();
                given += rows.Count + random.Next(2);
                window.Append(new(rows, given, IsFull: false));
            }
            else if (window.Read(place, random.Next(1, 5), out _) is { } page)
            {
                seen.AddRange(page.Rows.Select(r => r.Stored.StreamId));
                Assert.True(page.Last >= place && page.Rows.All(r => r.Stored.StreamId > place && r.Stored.StreamId <= page.Last));
                place = page.Last;
            }
            else
            {
                // From the store, as the reader would.
                lost++;
                seen.AddRange(_all.Where(id => id > place && id <= given));
                place = given;
            }
        }

        Assert.Equal(_all.Where(id => id <= place), seen);
        Assert.Equal(limit < 10_000, lost > 0);
    }

    /// <summary>A process that was away for as long as events are kept: it goes on where the stream begins now, and who reads along finds his place gone.</summary>
    [Fact]
    public async Task Follow_PlaceOfTheTailIsGone_ReadersAreToldAndTheTailGoesOn()
    {
        await using var tail = NewTail();
        using var reader = await tail.EnterAsync(default);
        _events.First = 3;
        for (var i = 0; i < 5; i++)
        {
            _events.Add(_task, new TaskPaused());
        }

        await Assert.ThrowsAsync<PlaceGoneException>(async () =>
        {
            while (true)
            {
                Assert.Empty((await reader.NextAsync(0, Long, default)).Rows);
            }
        });

        EventPage? page = null;
        await Eventually.TrueAsync(
            async () =>
            {
                _time.Advance(Long);
                page = await reader.NextAsync(3, TimeSpan.Zero, default);
                return page.Rows.Count > 0;
            },
            TimeSpan.FromSeconds(60),
            "the tail goes on");
        Assert.Equal([4L, 5L], page!.Rows.Select(r => r.Stored.StreamId));
    }

    [Fact]
    public async Task Follow_ManyReaders_CostOneReadOfTheStore()
    {
        await using var tail = NewTail();
        var readers = new List<EventReader>();
        for (var i = 0; i < 20; i++)
        {
            readers.Add(await tail.EnterAsync(default));
        }

        for (var round = 1; round <= 10; round++)
        {
            var pages = readers.Select(r => r.NextAsync(round - 1, Long, default)).ToList();
            _events.Add(_task, new TaskPaused());
            Assert.All(await Task.WhenAll(pages), p => Assert.Equal(round, Assert.Single(p.Rows).Stored.StreamId));
        }

        // Each commit is found by a look of which the last may find nothing.
        Assert.InRange(_events.Reads, 10, 31);
        readers.ForEach(r => r.Dispose());
    }

    [Fact]
    public async Task Follow_NobodyReads_TheStoreIsLeftAlone_AndFollowedAgainFromThere()
    {
        await using var tail = NewTail();
        var first = await tail.EnterAsync(default);
        _events.Add(_task, new TaskPaused());
        Assert.Single((await first.NextAsync(0, Long, default)).Rows);
        first.Dispose();
        first.Dispose();

        var looks = _events.Reads;
        for (var i = 0; i < 5; i++)
        {
            _events.Add(_task, new TaskPaused());
            _time.Advance(TimeSpan.FromSeconds(10));
        }

        // One look may have been under way.
        Assert.InRange(_events.Reads, looks, looks + 1);
        using var second = await tail.EnterAsync(default);
        Assert.Equal([2L, 3, 4, 5, 6], (await second.NextAsync(1, Long, default)).Rows.Select(r => r.Stored.StreamId));
    }

    [Fact]
    public async Task Next_Nothing_ReturnsWhenTheTimeIsOver()
    {
        await using var tail = NewTail();
        using var reader = await tail.EnterAsync(default);

        var page = reader.NextAsync(0, TimeSpan.FromSeconds(5), default);
        Assert.False(page.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.Empty((await page).Rows);
    }

    private readonly List<long> _all = [];

    private EventTail NewTail() => new(_events, Options.Create(new ApiOptions { Events = { Gather = TimeSpan.Zero } }), _time, NullLogger<EventTail>.Instance);

    private StreamedEvents Row(long id)
    {
        _all.Add(id);
        return new(new(_task.Id, _task.Kind, 1, _task.Instance, _task.Project, _task.User, null), new(1, id, Sample.Time, []));
    }
}
