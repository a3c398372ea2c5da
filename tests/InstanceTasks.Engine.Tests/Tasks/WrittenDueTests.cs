using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

/// <summary>When a commit may leave the due time as it is.</summary>
public sealed class WrittenDueTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ManualTime _time = new();

    [Fact]
    public void Next_NothingKnown_IsWritten() => Assert.Equal(Minute, default(WrittenDue).Next(Minute, _time).ToWrite);

    [Theory]
    [InlineData(0, true)]
    [InlineData(29, true)]
    [InlineData(31, false)]
    [InlineData(90, false)]
    public void Next_SameAgain_IsKeptWhileAtLeastHalfIsLeft(int secondsLater, bool kept)
    {
        var first = default(WrittenDue).Next(Minute, _time);
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(secondsLater));

        Assert.Equal(kept ? null : Minute, first.Next(Minute, _time).ToWrite);
    }

    [Fact]
    public void Next_AfterKept_StillCountsFromWhenItWasWritten()
    {
        var first = default(WrittenDue).Next(Minute, _time);
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(20));
        var second = first.Next(Minute, _time);
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(20));

        Assert.Null(second.ToWrite);
        Assert.Equal(Minute, second.Next(Minute, _time).ToWrite);
    }

    [Fact]
    public void Next_Earlier_IsWritten() => Assert.Equal(Minute / 10, default(WrittenDue).Next(Minute, _time).Next(Minute / 10, _time).ToWrite);

    [Fact]
    public void Next_MuchLater_IsWritten() => Assert.Equal(Minute * 3, default(WrittenDue).Next(Minute, _time).Next(Minute * 3, _time).ToWrite);

    [Fact]
    public void Next_Ended_KnowsNothingAnyMore()
    {
        var ended = default(WrittenDue).Next(Minute, _time).Next(null, _time);

        Assert.Null(ended.ToWrite);
        Assert.Equal(Minute, ended.Next(Minute, _time).ToWrite);
    }
}
