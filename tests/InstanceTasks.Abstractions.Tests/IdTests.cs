namespace InstanceTasks.Abstractions.Tests;

public sealed class IdTests
{
    private static readonly Guid Value = Guid.Parse("01234567-89ab-cdef-0123-456789abcdef");

    [Fact]
    public void GrainKeys_HaveAPrefixThatIsNoHexDigit()
    {
        Assert.Equal("t-0123456789abcdef0123456789abcdef", new TaskId(Value).GrainKey);
        Assert.Equal("i-0123456789abcdef0123456789abcdef", new InstanceId(Value).GrainKey);
        Assert.Equal("h-node1", new HostName("node1").GrainKey);
    }

    [Fact]
    public void Ids_New_AreDifferent()
    {
        Assert.NotEqual(TaskId.New(), TaskId.New());
        Assert.NotEqual(InstanceId.New(), InstanceId.New());
        Assert.Matches("^req-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", RequestId.New().Value);
    }

    [Fact]
    public void TaskId_ParsesWhatItPrints()
    {
        var id = TaskId.New();

        Assert.Equal(id, TaskId.Parse(id.ToString()));
        Assert.Equal(id, TaskId.Parse(id.ToString().AsSpan()));
        Assert.True(TaskId.TryParse(id.ToString(), null, out var parsed));
        Assert.Equal(id, parsed);
        Assert.True(TaskId.TryParse(id.ToString().AsSpan(), null, out _));
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("server-1")]
    public void Ids_Nonsense_DoesNotParse(string? text)
    {
        Assert.False(TaskId.TryParse(text, null, out _));
        Assert.False(InstanceId.TryParse(text, out _));
    }

    [Fact]
    public void Ids_PrintTheirValue()
    {
        Assert.Equal("01234567-89ab-cdef-0123-456789abcdef", new TaskId(Value).ToString());
        Assert.Equal("01234567-89ab-cdef-0123-456789abcdef", new InstanceId(Value).ToString());
        Assert.Equal("h p u r k", $"{new HostName("h")} {new ProjectId("p")} {new UserId("u")} {new RequestId("r")} {new TaskKind("k")}");
    }

    [Fact]
    public void VerbKey_PrintsTaskStepAndDirection()
    {
        Assert.Equal("0123456789abcdef0123456789abcdef/power-off/do", new VerbKey(new TaskId(Value), "power-off", Direction.Do).ToString());
        Assert.Equal("0123456789abcdef0123456789abcdef/power-off/undo", new VerbKey(new TaskId(Value), "power-off", Direction.Undo).ToString());
    }

    [Fact]
    public void HostId_IsStablePerProjectAndTellsNoName()
    {
        var host = new HostName("node1");
        var id = host.HostIdFor(new ProjectId("p1"));

        Assert.Matches("^[0-9a-f]{56}$", id);
        Assert.Equal(id, host.HostIdFor(new ProjectId("p1")));
        Assert.NotEqual(id, host.HostIdFor(new ProjectId("p2")));
        Assert.NotEqual(id, new HostName("node2").HostIdFor(new ProjectId("p1")));
    }

    [Fact]
    public void Resources_AddSubtractAndFit()
    {
        var (a, b) = (new Resources(1, 512, 1), new Resources(2, 1024, 10));

        Assert.Equal(new Resources(3, 1536, 11), a + b);
        Assert.Equal(new Resources(-1, -512, -9), a - b);
        Assert.True(a.FitsInto(b));
        Assert.True(a.FitsInto(a));
        Assert.False(new Resources(3, 1, 1).FitsInto(b));
        Assert.False(new Resources(1, 1025, 1).FitsInto(b));
        Assert.False(new Resources(1, 1, 11).FitsInto(b));
    }

    [Theory]
    [InlineData(0, 3)]
    [InlineData(1, 4)]
    [InlineData(1024, 4)]
    [InlineData(1025, 5)]
    public void Flavor_SwapIsRoundedUpToWholeGib(int swapMb, int diskGb)
    {
        var flavor = new FlavorSnapshot { Id = "1", Name = "f", Vcpus = 2, RamMb = 64, DiskGb = 1, EphemeralGb = 2, SwapMb = swapMb };

        Assert.Equal(new Resources(2, 64, diskGb), flavor.ToResources());
    }
}
