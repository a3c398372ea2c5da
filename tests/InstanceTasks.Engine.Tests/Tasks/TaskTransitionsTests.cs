using System.Text;
using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

public sealed class TaskTransitionsTests
{
    public static TheoryData<TaskTrigger> Triggers() => Some.Theory(Enum.GetValues<TaskTrigger>());

    [Fact]
    public void All_HasOneRowPerTriggerAtItsIndex()
    {
        Assert.Equal(Enum.GetValues<TaskTrigger>(), TaskTransitions.All.Select(r => r.Trigger));
    }

    [Fact]
    public void Matrix_EveryReachableShapeAndTrigger_IsAsCommitted()
    {
        Golden.Check("tests/InstanceTasks.Engine.Tests/Tasks/task-transitions.txt", Matrix());
    }

    [Theory]
    [MemberData(nameof(Triggers))]
    public void Row_IsReachedAndLeadsToAReachableShape(TaskTrigger trigger)
    {
        var sources = TaskTransitions.SourcesOf(trigger).ToList();

        Assert.NotEmpty(sources);
        Assert.All(sources, s => Assert.Contains(TaskTransitions.Next(s, trigger), TaskTransitions.Reachable));
    }

    [Fact]
    public void Reachable_NoneIsListedTwice()
    {
        Assert.Equal(TaskTransitions.Reachable.Count, TaskTransitions.Reachable.Distinct().Count());
    }

    [Fact]
    public void Reachable_EveryShapeCanReachAnEnd()
    {
        var ending = TaskTransitions.Reachable.Where(s => s.Run == TaskRun.Ended).ToHashSet();
        for (var before = -1; before != ending.Count;)
        {
            before = ending.Count;
            ending.UnionWith(TaskTransitions.Reachable.Where(s => Triggered(s).Any(t => ending.Contains(TaskTransitions.Next(s, t)))));
        }

        Assert.Empty(TaskTransitions.Reachable.Except(ending));
    }

    [Fact]
    public void Ended_AllowsNothing()
    {
        Assert.All(TaskTransitions.Reachable.Where(s => s.Run == TaskRun.Ended), s => Assert.Empty(Triggered(s)));
    }

    [Fact]
    public void Ended_HasAnOutcomeNoIntentAndNoMachine()
    {
        Assert.All(TaskTransitions.Reachable, s => Assert.Equal(s.Run == TaskRun.Ended, s.Outcome is TaskOutcome.Succeeded or TaskOutcome.Failed or TaskOutcome.Canceled));
        Assert.All(TaskTransitions.Reachable.Where(s => s.Run == TaskRun.Ended), s => Assert.Equal((TaskIntent.None, false), (s.Intent, s.HasMachine)));
    }

    [Fact]
    public void NeedsAttention_HasGivenTheMachineBack()
    {
        Assert.All(TaskTransitions.Reachable.Where(s => s.Outcome == TaskOutcome.NeedsAttention), s => Assert.Equal((TaskRun.Paused, false), (s.Run, s.HasMachine)));
    }

    [Fact]
    public void Undo_IsNeverLeftForForward()
    {
        var undoing = TaskTransitions.Reachable.Where(s => s.Phase == TaskPhase.Undo);

        Assert.All(undoing, s => Assert.All(Triggered(s), t => Assert.Equal(TaskPhase.Undo, TaskTransitions.Next(s, t).Phase)));
    }

    [Fact]
    public void Superseded_OnlyEndsCanceled()
    {
        var superseded = TaskTransitions.Reachable.Where(s => s.Intent == TaskIntent.Supersede).ToList();

        Assert.NotEmpty(superseded);
        Assert.All(superseded, s => Assert.All(
            Triggered(s).Select(t => TaskTransitions.Next(s, t)),
            next => Assert.True(next.Intent == TaskIntent.Supersede || next.Outcome == TaskOutcome.Canceled)));
    }

    [Theory]
    [MemberData(nameof(Triggers))]
    public void Next_Illegal_NamesTriggerShapeAndAllowedSources(TaskTrigger trigger)
    {
        var sources = TaskTransitions.SourcesOf(trigger).ToList();
        foreach (var shape in TaskTransitions.Reachable.Where(s => !TaskTransitions.Allows(s, trigger)))
        {
            var thrown = Assert.Throws<IllegalTransitionException>(() => TaskTransitions.Next(shape, trigger));
            Assert.Contains($"'{trigger}'", thrown.Message, StringComparison.Ordinal);
            Assert.Contains($"from {shape};", thrown.Message, StringComparison.Ordinal);
            Assert.All(sources, s => Assert.Contains(s.ToString(), thrown.Message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void PublicNames_EveryReachableShapeHasOneAndAllAreUsed()
    {
        var names = TaskTransitions.Reachable.Select(NameOf).ToHashSet();

        Assert.Equal(TaskStateNames.All.Order(), names.Order());
        Assert.Equal(TaskTransitions.Reachable.Where(s => s.Run == TaskRun.Ended).Select(NameOf).Distinct().Order(), TaskStateNames.Terminal.Order());
    }

    [Fact]
    public void Initial_AreTheShapesThatTheComposerMakes()
    {
        Assert.Equal(["Forward/Running/machine", "Forward/Queued", "Forward/Waiting", "Forward/Ended/Succeeded"], TaskTransitions.Initial.Select(s => s.ToString()));
    }

    internal static string NameOf(TaskShape shape) => TaskStateNames.Of(Some.Task(TaskKinds.Stop) with
    {
        Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome, Turn = shape.HasMachine ? 1 : 0,
    });

    private static IEnumerable<TaskTrigger> Triggered(TaskShape shape) => Enum.GetValues<TaskTrigger>().Where(t => TaskTransitions.Allows(shape, t));

    private static string Matrix()
    {
        var text = new StringBuilder();
        foreach (var shape in TaskTransitions.Reachable)
        {
            text.Append($"{shape} = {NameOf(shape)}\n");
            foreach (var trigger in Triggered(shape))
            {
                text.Append($"  {trigger} -> {TaskTransitions.Next(shape, trigger)}\n");
            }
        }

        return text.ToString();
    }
}
