using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Retention;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Runs of retention, with whatever can come in between: nothing is taken away that is not in the archive, and no reader of the stream misses anything.</summary>
public abstract class RetentionRunConformance : StoreTest, IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromDays(91);

    private readonly TempDirectory _directory = new("archive");

    private string ArchivePath => _directory.Combine("of", "this");

    public void Dispose()
    {
        _directory.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Run_InSmallBatches_ArchivesAndTakesAwayEverythingThatIsOver()
    {
        var (gone, kept) = (await ServersAsync(7, deleted: true), await ServersAsync(2, deleted: false));
        await Store.MoveClockAsync(Long);

        Assert.Equal(RetentionStep.Done, await RunAsync(NewActor(batch: 4)));

        Assert.Equal(gone.Order(), ArchiveReader.Tasks(ArchivePath).Order());
        Assert.Equal(7, ArchiveReader.Lines(ArchivePath).Count(l => (string?)l["type"] == "server"));
        Assert.Equal(kept.Order(), (await Queries.ListTasksAsync(new())).Select(t => t.Id.Value).Order());
        Assert.Equal((14L, 7L, false), await Store.Retention.ReadRetentionAsync() is var s ? (s.Tasks, s.Servers, s.IsRunning) : default);
        Assert.True(ArchiveReader.Files(ArchivePath).Count >= 4, "a file for each batch");
    }

    /// <summary>The process dies when the batch is in the archive and not yet taken away.</summary>
    [Fact]
    public async Task Run_DiesBetweenArchiveAndPurge_TheNextOneLosesNothing()
    {
        var gone = await ServersAsync(3, deleted: true);
        await Store.MoveClockAsync(Long);
        var dying = new DyingStore(Store.Retention);

        await Assert.ThrowsAsync<DyingStore.DiedException>(() => NewActor(store: dying).StepAsync());

        Assert.Equal((1, gone.Count), (dying.Deaths, (await Queries.ListTasksAsync(new())).Count));
        Assert.Equal(gone.Order(), ArchiveReader.Tasks(ArchivePath).Order());
        await Store.ReopenAsync();
        Assert.Equal(RetentionStep.Busy, await NewActor().StepAsync());
        await Store.MoveClockAsync(Long + TimeSpan.FromMinutes(6));
        Assert.Equal(RetentionStep.Done, await RunAsync(NewActor()));
        Assert.Empty(await Queries.ListTasksAsync(new()));
        Assert.Equal(gone.Concat(gone).Order(), ArchiveReader.Tasks(ArchivePath).Order());
    }

    [Fact]
    public async Task Run_ArchiveCannotBeWritten_TakesNothingAway()
    {
        var gone = await ServersAsync(2, deleted: true);
        await Store.MoveClockAsync(Long);
        await File.WriteAllTextAsync(_directory.Combine("of"), "in the way");

        await Assert.ThrowsAnyAsync<IOException>(() => NewActor().StepAsync());

        Assert.Equal(gone.Count, (await Queries.ListTasksAsync(new())).Count);
    }

    [Fact]
    public async Task Run_TwoAtOnce_EachBatchIsDoneByOne()
    {
        var gone = await ServersAsync(30, deleted: true);
        await Store.MoveClockAsync(Long);

        var steps = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => RunAsync(NewActor(batch: 4)))));

        Assert.Contains(RetentionStep.Done, steps);
        Assert.Equal(gone.Order(), ArchiveReader.Tasks(ArchivePath).Order());
        Assert.Empty(await Queries.ListTasksAsync(new()));
    }

    [Fact]
    public async Task Run_RestartInTheMiddle_GoesOnWhereItWas()
    {
        var gone = await ServersAsync(5, deleted: true);
        await Store.MoveClockAsync(Long);
        Assert.Equal(RetentionStep.More, await NewActor(batch: 2).StepAsync());
        await Store.ReopenAsync();
        await Store.MoveClockAsync(Long + TimeSpan.FromMinutes(6));

        Assert.Equal(RetentionStep.Done, await RunAsync(NewActor(batch: 2)));

        Assert.Equal(gone.Order(), ArchiveReader.Tasks(ArchivePath).Order());
        Assert.Empty(await Queries.ListTasksAsync(new()));
    }

    [Fact]
    public async Task Run_WhileEverythingIsHeld_ArchivesAndTakesAwayNothing()
    {
        var gone = await ServersAsync(1, deleted: true);
        await Store.MoveClockAsync(Long);
        await Store.Holds.AddHoldAsync(new() { Id = Guid.NewGuid(), Reason = "r", By = new("a") });

        Assert.Equal(RetentionStep.Held, await NewActor().StepAsync());

        Assert.Equal((gone.Count, false), ((await Queries.ListTasksAsync(new())).Count, Directory.Exists(ArchivePath)));
    }

    [Fact]
    public async Task Run_EventsYoungerThanReadersMayBeAway_KeepTheirTasks()
    {
        await ServersAsync(1, deleted: true);
        await Store.MoveClockAsync(Long);

        Assert.Equal(RetentionStep.Done, await NewActor(resumeFor: Long * 2).StepAsync());
        Assert.Equal(2, (await Queries.ListTasksAsync(new())).Count);
        Assert.Equal(RetentionStep.Done, await NewActor(resumeFor: Long / 2).StepAsync());
        Assert.Empty(await Queries.ListTasksAsync(new()));
    }

    /// <summary>One reader comes from the beginning, one is at the head; both read while commits and purges go on.</summary>
    [Fact]
    public async Task Run_WhileTheStreamIsRead_AReaderHasEverythingOrIsToldSo()
    {
        await ServersAsync(40, deleted: true);
        await ServersAsync(3, deleted: false);
        await Store.MoveClockAsync(Long);
        var (head, all) = (await Store.Events.ReadLastPlaceAsync(), (await Store.ReadStreamAsync()).Select(r => r.StreamId).ToList());
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await ApplyAsync(Some.Commit(Some.Task()));
            }
        });
        var (readBehind, readAhead) = (Task.Run(() => ReadAsync(0, 5, stop.Token)), Task.Run(() => ReadAsync(head, 50, stop.Token)));

        Assert.Equal(RetentionStep.Done, await RunAsync(NewActor(batch: 3)));

        await stop.CancelAsync();
        await writing;
        var (behind, ahead) = (await readBehind, await readAhead);
        Assert.Equal(all.Take(behind.Seen.Count), behind.Seen.Take(all.Count));
        Assert.True(behind.WasTold || behind.Seen.Count >= all.Count, "the reader from the beginning has all or was told");
        Assert.False(ahead.WasTold);
        Assert.Equal((await Store.ReadStreamAsync()).Select(r => r.StreamId).Where(id => id > head).Take(ahead.Seen.Count), ahead.Seen);
        Assert.NotEmpty(ahead.Seen);
    }

    private async Task<(List<long> Seen, bool WasTold)> ReadAsync(long place, int page, CancellationToken stop)
    {
        var seen = new List<long>();
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var next = await Store.Events.ReadStreamAsync(place, page, CancellationToken.None);
                seen.AddRange(next.Rows.Select(r => r.Stored.StreamId));
                place = next.Last;
            }

            return (seen, false);
        }
        catch (PlaceGoneException)
        {
            return (seen, true);
        }
    }

    private static async Task<RetentionStep> RunAsync(RetentionActor actor)
    {
        RetentionStep step;
        do
        {
            step = await actor.StepAsync();
        }
        while (step == RetentionStep.More);

        return step;
    }

    private RetentionActor NewActor(int batch = 100, IRetention? store = null, TimeSpan? resumeFor = null) => new(
        store ?? Store.Retention,
        new FileArchive(ArchivePath, () => 7, TimeProvider.System),
        new() { KeepFor = TimeSpan.FromDays(90), ResumeFor = resumeFor ?? TimeSpan.Zero, BatchSize = batch },
        TimeProvider.System,
        NullLogger<RetentionActor>.Instance);

    /// <summary>Servers with two ended tasks each; the ids of those.</summary>
    private async Task<List<Guid>> ServersAsync(int count, bool deleted)
    {
        var ids = new List<Guid>();
        for (var n = 0; n < count; n++)
        {
            var server = Some.Instance();
            foreach (var task in new[] { Some.Task(server.Id), Some.Task(server.Id, "delete") })
            {
                await ApplyAsync(Some.Commit(task));
                await ApplyAsync(Some.Commit(task.Ended()));
                ids.Add(task.Id.Value);
            }

            await ApplyAsync(Some.Commit(deleted ? server with { VmState = VmState.Deleted, TerminatedAt = Some.Start } : server));
        }

        return ids;
    }
}
