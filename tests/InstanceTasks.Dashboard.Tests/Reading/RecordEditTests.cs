using InstanceTasks.Dashboard.Reading;

namespace InstanceTasks.Dashboard.Tests.Reading;

public sealed class RecordEditTests
{
    private static readonly Guid Id = Guid.Parse("00000000-0000-4000-8000-000000000001");

    private static readonly ServerInfo Server = new()
    {
        Id = Id, Name = "web", Description = "first", Hostname = "web", Status = "ACTIVE", Tags = ["a", ".."], Metadata = new Dictionary<string, string> { ["role"] = "web", [".."] = "up" },
    };

    [Fact]
    public void Of_WhatIsChanged_IsAllThatIsSent()
    {
        var edit = RecordEdit.Of(Server);

        Assert.Null(edit.Call(["web", "first", "web"]));
        Assert.Equal($"PUT servers/{Id} " + """{"server":{"description":null}}""", TextOf(edit.Call(["web", "", "web"])));
        Assert.Equal($"PUT servers/{Id} " + """{"server":{"name":"db","hostname":"db"}}""", TextOf(edit.Call(["db", "first", "db"])));
    }

    [Fact]
    public void Metadata_AddedChangedAndRemoved_IsACallOfItsItem()
    {
        Assert.Equal($"POST servers/{Id}/metadata " + """{"metadata":{"a b":""}}""", TextOf(RecordEdit.NewMetadata(Server).Call(["a b", ""])));
        Assert.Null(RecordEdit.OfMetadata(Server, "role").Call(["web"]));
        Assert.Equal($"POST servers/{Id}/metadata " + """{"metadata":{"role":"db"}}""", TextOf(RecordEdit.OfMetadata(Server, "role").Call(["db"])));
        Assert.Equal($"DELETE servers/{Id}/metadata/role ", TextOf(RecordEdit.WithoutMetadata(Server, "role").Call([])));
    }

    [Fact]
    public void Tags_AddedAndRemoved_AreCallsOfTheirOwn()
    {
        Assert.Equal($"PUT servers/{Id}/tags/blue%20green ", TextOf(RecordEdit.NewTag(Server).Call(["blue green"])));
        Assert.Null(RecordEdit.NewTag(Server).Call(["a"]));
        Assert.Equal($"DELETE servers/{Id}/tags/a ", TextOf(RecordEdit.WithoutTag(Server, "a").Call([])));
    }

    /// <summary>Two dots in an address lead one level up: <c>DELETE servers/{id}/tags/..</c> would be the end of the server.</summary>
    [Fact]
    public void DotsAlone_NeverStandInAnAddress()
    {
        Assert.Equal($"PUT servers/{Id}/metadata " + """{"metadata":{"role":"web"}}""", TextOf(RecordEdit.WithoutMetadata(Server, "..").Call([])));
        Assert.Equal($"PUT servers/{Id}/tags " + """{"tags":["a"]}""", TextOf(RecordEdit.WithoutTag(Server, "..").Call([])));
        Assert.Equal($"PUT servers/{Id}/tags " + """{"tags":["a","..","."]}""", TextOf(RecordEdit.NewTag(Server).Call(["."])));
        Assert.Equal($"PUT servers/{Id}/tags " + """{"tags":["a","..","x/.."]}""", TextOf(RecordEdit.NewTag(Server).Call(["x/.."])));
    }

    private static string TextOf(RecordCall? call) => $"{call!.Method} {call.Path} {call.Body?.ToJsonString()}";
}
