using InstanceTasks.Dashboard.Reading;

namespace InstanceTasks.Dashboard.Tests.Reading;

public sealed class TaskAsOfTests
{
    [Theory]
    [InlineData(1, "running")]
    [InlineData(2, "running")]
    [InlineData(3, "succeeded")]
    public void Of_ACommit_IsTheTaskAsItWasThen(long seq, string state)
    {
        var task = TaskAsOf.Of(Some.Stop(), seq);

        Assert.Equal(state, task.State);
        Assert.Equal(seq, task.Seq);
        Assert.Equal(seq - 1, task.Steps.Count(s => s.Result == "done"));
    }

    [Fact]
    public void Compare_TwoCommits_TellsWhatDiffers()
    {
        var rows = Some.Stop();

        var changes = TaskAsOf.Compare(TaskAsOf.Of(rows, 1), TaskAsOf.Of(rows, 2), withHosts: true);

        Assert.Contains(changes, c => c is { Name: "Step", Differs: true } && c.Before!.StartsWith("1 of 2", StringComparison.Ordinal) && c.After!.StartsWith("2 of 2", StringComparison.Ordinal));
        Assert.Contains(changes, c => c is { Name: "State", Differs: false, After: "running" });
    }

    [Fact]
    public void Compare_WhatIsNoMore_IsShownAsGone()
    {
        var rows = Some.Stop();

        var changes = TaskAsOf.Compare(TaskAsOf.Of(rows, 2), TaskAsOf.Of(rows, 3), withHosts: true);

        Assert.Contains(changes, c => c is { Name: "Step", Before: not null, After: null, Differs: true });
    }

    [Fact]
    public void Fields_ForOthersThanAdministrators_NameNoHost()
    {
        var task = TaskAsOf.Of(Some.Stop(), 1);

        Assert.Contains(TaskAsOf.Fields(task, withHosts: true), f => f.Value.Contains("sim-1", StringComparison.Ordinal));
        Assert.DoesNotContain(TaskAsOf.Fields(task, withHosts: false), f => f.Value.Contains("sim-1", StringComparison.Ordinal));
    }
}
