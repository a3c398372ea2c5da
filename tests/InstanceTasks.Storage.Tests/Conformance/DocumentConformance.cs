using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Small records of operators, and what they decide about hosts.</summary>
public abstract class DocumentConformance : StoreTest
{
    private IDocumentStore Documents => Store.Documents;

    [Fact]
    public async Task Put_NewDocument_IsThereOnce()
    {
        Assert.True(await Documents.PutDocumentAsync(new("aggregate", "2", "two")));
        Assert.True(await Documents.PutDocumentAsync(new("aggregate", "1", "one")));
        Assert.True(await Documents.PutDocumentAsync(new("group", "1", "other")));

        Assert.False(await Documents.PutDocumentAsync(new("aggregate", "1", "again")));

        Assert.Equal([new("aggregate", "1", "one", 1), new Document("aggregate", "2", "two", 1)], await Documents.ListDocumentsAsync("aggregate"));
        Assert.Null(await Documents.GetDocumentAsync("group", "2"));
    }

    [Fact]
    public async Task Put_OfTwoThatReadTheSame_OneWins()
    {
        await Documents.PutDocumentAsync(new("aggregate", "1", "one"));
        var read = (await Documents.GetDocumentAsync("aggregate", "1"))!;

        Assert.True(await Documents.PutDocumentAsync(read with { Body = "first" }));
        Assert.False(await Documents.PutDocumentAsync(read with { Body = "second" }));

        Assert.Equal(new("aggregate", "1", "first", 2), await Documents.GetDocumentAsync("aggregate", "1"));
    }

    [Fact]
    public async Task Delete_Document_IsGoneAndCannotBeReplaced()
    {
        await Documents.PutDocumentAsync(new("aggregate", "1", "one"));
        var read = (await Documents.GetDocumentAsync("aggregate", "1"))!;

        Assert.True(await Documents.DeleteDocumentAsync("aggregate", "1"));

        Assert.False(await Documents.DeleteDocumentAsync("aggregate", "1"));
        Assert.False(await Documents.PutDocumentAsync(read with { Body = "late" }));
        Assert.Empty(await Documents.ListDocumentsAsync("aggregate"));
    }

    [Fact]
    public async Task Host_DisabledAndInTheZoneOfAnAggregate_StaysSoWhenItRegistersAgain()
    {
        HostName host = new("h1");
        await Store.Hosts.RegisterAsync(host, "z", new(8, 8, 8));
        Assert.True(await Store.HostControl.SetDisabledAsync(host, "broken fan"));
        Assert.True(await Store.HostControl.SetAggregateZoneAsync(host, "blue"));

        await Store.Hosts.RegisterAsync(host, "z2", new(16, 8, 8));
        var seen = Assert.Single(await Store.ListHostsAsync());

        Assert.Equal(("blue", "broken fan", 16), (seen.Zone, seen.Disabled, seen.Capacity.Vcpus));
        await Store.HostControl.SetAggregateZoneAsync(host, null);
        await Store.HostControl.SetDisabledAsync(host, null);
        seen = Assert.Single(await Store.ListHostsAsync());
        Assert.Equal(("z2", null), (seen.Zone, seen.Disabled));
        Assert.False(await Store.HostControl.SetDisabledAsync(new("h2"), null));
    }
}
