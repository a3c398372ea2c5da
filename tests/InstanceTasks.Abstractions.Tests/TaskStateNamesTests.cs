namespace InstanceTasks.Abstractions.Tests;

public sealed class TaskStateNamesTests
{
    [Theory]
    [InlineData(TaskPhase.Forward, TaskRun.Queued, TaskIntent.None, TaskOutcome.None, "queued")]
    [InlineData(TaskPhase.Forward, TaskRun.Running, TaskIntent.None, TaskOutcome.None, "running")]
    [InlineData(TaskPhase.Forward, TaskRun.Waiting, TaskIntent.None, TaskOutcome.None, "waiting")]
    [InlineData(TaskPhase.Forward, TaskRun.Waiting, TaskIntent.Pause, TaskOutcome.None, "pausing")]
    [InlineData(TaskPhase.Forward, TaskRun.Paused, TaskIntent.None, TaskOutcome.None, "paused")]
    [InlineData(TaskPhase.Forward, TaskRun.Running, TaskIntent.Cancel, TaskOutcome.None, "canceling")]
    [InlineData(TaskPhase.Forward, TaskRun.Running, TaskIntent.Supersede, TaskOutcome.None, "canceling")]
    [InlineData(TaskPhase.Undo, TaskRun.Running, TaskIntent.Supersede, TaskOutcome.None, "undoing")]
    [InlineData(TaskPhase.Undo, TaskRun.Paused, TaskIntent.None, TaskOutcome.NeedsAttention, "needs_attention")]
    [InlineData(TaskPhase.Forward, TaskRun.Ended, TaskIntent.None, TaskOutcome.Succeeded, "succeeded")]
    [InlineData(TaskPhase.Undo, TaskRun.Ended, TaskIntent.None, TaskOutcome.Failed, "failed")]
    [InlineData(TaskPhase.Undo, TaskRun.Ended, TaskIntent.None, TaskOutcome.Canceled, "canceled")]
    public void Of_AShape_HasThisName(TaskPhase phase, TaskRun run, TaskIntent intent, TaskOutcome outcome, string name)
    {
        var task = new TaskRecord
        {
            Id = TaskId.New(), Kind = new("stop"), Instance = InstanceId.New(), Project = new("p"), User = new("u"), Request = RequestId.New(),
            Phase = phase, Run = run, Intent = intent, Outcome = outcome,
        };

        Assert.Equal((name, run == TaskRun.Ended), (task.State, task.IsEnded));
        Assert.Contains(name, TaskStateNames.All);
        Assert.Equal(task.IsEnded, TaskStateNames.Terminal.Contains(name));
    }
}
