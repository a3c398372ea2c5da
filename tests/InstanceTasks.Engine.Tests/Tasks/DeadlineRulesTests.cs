using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

public sealed class DeadlineRulesTests
{
    [Fact]
    public void Decide_EveryReachableShape_LeadsToALegalEventOrNothing()
    {
        foreach (var shape in TaskTransitions.Reachable)
        {
            var task = Some.Task(TaskKinds.Stop) with
            {
                Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome, Turn = shape.HasMachine ? 2 : 0, DeadlineIn = TimeSpan.FromMinutes(1),
            };

            var rule = DeadlineRules.Decide(task, PlanRegistry.Of(task), Some.Start);

            var stops = shape is { Run: not TaskRun.Ended, Outcome: TaskOutcome.None, Phase: TaskPhase.Forward, Intent: TaskIntent.None or TaskIntent.Pause }
                || shape is { HasMachine: false, Run: not TaskRun.Ended, Outcome: TaskOutcome.None };
            Assert.Equal((shape, stops), (shape, rule is not null));
            if (rule is not null)
            {
                TaskMachine.Preview(task, rule.Events);
            }
        }
    }

    [Fact]
    public void Decide_WithoutADeadline_Nothing() => Assert.Null(Decide(Some.Task(TaskKinds.Stop)));

    [Fact]
    public void Decide_AnOperatorHasDecidedThatItGoesOn_Nothing()
    {
        var task = Some.Task(TaskKinds.Stop) with { DeadlineIn = TimeSpan.FromMinutes(1) };

        Assert.Null(Decide(task with { Commands = [Some.Record(TaskCommandKind.Retry)] }));
        Assert.NotNull(Decide(task with { Commands = [Some.Record(TaskCommandKind.Pause)] }));
        Assert.NotNull(Decide(task with { Commands = [Some.Record(TaskCommandKind.Retry) with { Id = task.Id.Value }] }));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Decide_OnceEveryStepIsDone_Nothing(int step, bool stops) =>
        Assert.Equal(stops, Decide(Some.Task(TaskKinds.Stop, step) with { DeadlineIn = TimeSpan.FromMinutes(1) }) is not null);

    [Theory]
    [InlineData(30, 30)]
    [InlineData(3600, 75)]
    [InlineData(-5, 75)]
    public void DueTimes_ADeadlineThatComesFirst_IsWhenRecoveryLooks(int deadline, int due) =>
        Assert.Equal(TimeSpan.FromSeconds(due), DueTimes.Of(Some.Task(TaskKinds.Stop), Some.Start, TimeSpan.FromSeconds(deadline)));

    private static CommandRule? Decide(TaskRecord task) => DeadlineRules.Decide(task, PlanRegistry.Of(task), Some.Start);
}
