using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Holds are kept, and so is who made and removed them.</summary>
public abstract class HoldConformance : StoreTest
{
    [Fact]
    public async Task Add_List_GivesBackWhatWasAdded_AlsoAfterReopening()
    {
        var first = await Store.Holds.AddHoldAsync(Hold() with { Host = new("h1") });
        var second = await Store.Holds.AddHoldAsync(Hold() with { Project = new("p1"), Kind = new("create") });

        await Store.ReopenAsync();

        Assert.Equal([first, second], await Store.Holds.ListHoldsAsync());
        Assert.Equal(("why", "ann", null), (first.Reason, first.By.Value, first.RemovedAt));
    }

    [Fact]
    public async Task Remove_IsShownOnlyWhenAskedFor_WithWhoAndWhen()
    {
        var hold = await Store.Holds.AddHoldAsync(Hold() with { Host = new("h1") });
        await Store.MoveClockAsync(TimeSpan.FromMinutes(5));

        Assert.True(await Store.Holds.RemoveHoldAsync(hold.Id, new("bob")));

        Assert.Empty(await Store.Holds.ListHoldsAsync());
        var removed = Assert.Single(await Store.Holds.ListHoldsAsync(withRemoved: true));
        Assert.Equal("bob", removed.RemovedBy!.Value.Value);
        Assert.InRange(removed.RemovedAt!.Value - hold.At, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(6));
    }

    [Fact]
    public async Task Remove_Twice_OrWhatIsNotThere_SaysSo()
    {
        var hold = await Store.Holds.AddHoldAsync(Hold() with { Kind = new("stop") });

        Assert.True(await Store.Holds.RemoveHoldAsync(hold.Id, new("bob")));
        Assert.False(await Store.Holds.RemoveHoldAsync(hold.Id, new("bob")));
        Assert.False(await Store.Holds.RemoveHoldAsync(Guid.NewGuid(), new("bob")));
    }

    /// <summary>As a paused start makes it: it keeps everything from going on.</summary>
    [Fact]
    public async Task Add_WithoutAScope_IsOnEverything()
    {
        var hold = await Store.Holds.AddHoldAsync(Hold());

        Assert.Equal([hold], await Store.Holds.ListHoldsAsync());
        Assert.True(hold.Matches(Some.Task()) && hold.Matches(Some.Task(kind: "create") with { Project = new("other"), Host = new("h9") }));
    }

    private static Hold Hold() => new() { Id = Guid.NewGuid(), Reason = "why", By = new("ann") };
}
