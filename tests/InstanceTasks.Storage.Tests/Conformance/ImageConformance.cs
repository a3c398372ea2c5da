using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>The catalogue of images changes with the tasks that make images, and never without them.</summary>
public abstract class ImageConformance : StoreTest
{
    private ICatalog Catalog => Store.Catalog;

    [Fact]
    public async Task Commit_TaskThatSavesAnImage_RowIsThereFromAcceptAndActiveAfterSuccess()
    {
        var task = Saving("image-1") with { Parameters = new() { [TaskParameters.ImageName] = "snap", [TaskParameters.ImageProperties] = """{"a":"b"}""" } };
        await ApplyAsync(Some.Commit(task));

        var saving = Assert.Single(await Catalog.ListImagesAsync(Some.Project));
        Assert.Equal(("image-1", "snap", false, 1, "b", task.Id), (saving.Id, saving.Name, saving.Active, saving.MinDiskGb, saving.Properties["a"], saving.Task));
        Assert.False(await Catalog.DeleteImageAsync("image-1"));

        await ApplyAsync(Some.Commit(task.Ended()));

        Assert.True((await Catalog.GetImageAsync("image-1"))!.Active);
        Assert.Empty(await Catalog.ListImagesAsync(new ProjectId("p2")));
        Assert.True(await Catalog.DeleteImageAsync("image-1"));
        Assert.Null(await Catalog.GetImageAsync("image-1"));
    }

    [Theory]
    [InlineData(TaskOutcome.Failed)]
    [InlineData(TaskOutcome.Canceled)]
    public async Task Commit_TaskThatSavesAnImageEndsOtherwise_RowIsGone(TaskOutcome outcome)
    {
        var task = Saving("image-1");
        await ApplyAsync(Some.Commit(task));
        Assert.Single(await Catalog.ListImagesAsync(null));

        await ApplyAsync(Some.Commit(task.Ended(outcome)));

        Assert.Empty(await Catalog.ListImagesAsync(null));
    }

    [Fact]
    public async Task Commit_ImageIdOfAnotherTask_OnlyTheFirstOneChangesTheRow()
    {
        var (first, second) = (Saving("image-1"), Saving("image-1"));
        await ApplyAsync(Some.Commit(first));
        await ApplyAsync(Some.Commit(first.Ended()));

        await ApplyAsync(Some.Commit(second));
        await ApplyAsync(Some.Commit(second.Ended(TaskOutcome.Canceled)));

        Assert.Equal((first.Id, true), Assert.Single(await Catalog.ListImagesAsync(null)) is var row ? (row.Task, row.Active) : default);
    }

    [Fact]
    public async Task Commit_Loses_NoImageChanges()
    {
        var (lost, won) = (Saving("image-1"), Saving("image-2"));
        await ApplyAsync(Some.Quota(0));
        await Store.SetLimitsAsync(Some.Project, 0, -1, -1);

        var results = await Task.WhenAll(Journal.CommitAsync(Some.Commit(lost) with { Quota = [new(Some.Project, 1, 0, 0)] }), Journal.CommitAsync(Some.Commit(won)));

        Assert.Equal([CommitVerdict.QuotaExceeded, CommitVerdict.Applied], results.Select(r => r.Verdict));
        Assert.Equal("image-2", Assert.Single(await Catalog.ListImagesAsync(null)).Id);
    }

    // Found by the simulator: an unshelve removed the image that the shelve which waited behind it was to fill.
    [Theory]
    [InlineData("unshelve")]
    [InlineData("delete")]
    public async Task Commit_ShelvedServerIsGivenUp_ItsCompleteImageIsGoneAndOneToComeStays(string kind)
    {
        var shelve = Saving("image-1", "shelve");
        await ApplyAsync(Some.Commit(shelve));
        await ApplyAsync(Some.Commit(shelve.Ended()));
        var other = Saving("image-2", "shelve");
        await ApplyAsync(Some.Commit(other));
        await ApplyAsync(Some.Commit(other.Ended()));
        Assert.False(await Catalog.DeleteImageAsync("image-1"));
        var end = Of(shelve.Instance, kind, "image-1");
        var next = Of(shelve.Instance, "shelve", "image-3");
        await ApplyAsync(Some.Commit(end));
        await ApplyAsync(Some.Commit(next));

        await ApplyAsync(Some.Commit(end.Ended()));

        Assert.Equal([("image-2", true), ("image-3", false)], (await Catalog.ListImagesAsync(null)).Select(i => (i.Id, i.Active)).Order());
        await ApplyAsync(Some.Commit(next.Ended()));
        Assert.True((await Catalog.GetImageAsync("image-3"))!.Active);
    }

    private static TaskRecord Of(InstanceId instance, string kind, string image) => Saving(image, kind) is var task ? task with
    {
        Instance = instance, Machine = task.Machine! with { Instance = instance },
    } : throw new InvalidOperationException();

    private static TaskRecord Saving(string image, string kind = "create-image") => Some.Task(kind: kind) is var task ? task with
    {
        Machine = new() { Instance = task.Instance, Name = "vm", ImageId = "cirros", Resources = Some.Small, SnapshotId = image },
    } : throw new InvalidOperationException();
}
