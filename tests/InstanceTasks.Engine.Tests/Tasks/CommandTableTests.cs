using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

/// <summary>Every (state, command) pair with its answer: <c>+</c> accepted and recorded, <c>=</c> accepted and nothing changes, <c>-</c> refused.</summary>
public sealed class CommandTableTests
{
    private const string Reordered = "+ its attempts wait for workers with it";
    private const string Attention = "- needs attention: retry, skip, done or abandon";

    private static readonly TaskCommandKind[] Commands =
    [
        TaskCommandKind.Cancel, TaskCommandKind.Pause, TaskCommandKind.Resume, TaskCommandKind.Retry, TaskCommandKind.Skip, TaskCommandKind.Done, TaskCommandKind.Abandon,
        TaskCommandKind.SetPriority,
    ];

    /// <summary>Cancel, pause, resume, retry, skip, done, abandon, set priority.</summary>
    private static readonly Dictionary<string, string[]> Table = new()
    {
        ["queued"] =
        [
            "+ it had not begun and is canceled", "- it has not begun; cancel it, or pause the task that has the instance", "- is not paused; it is queued",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["running"] =
        [
            "+ takes effect after step 'shut-down-guest'; what was done is undone", "+ takes effect after step 'shut-down-guest'", "- is not paused; it is running",
            "- does not need attention; it is running", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["running its last step"] =
        [
            "+ takes effect after step 'power-off'; what was done is undone", "+ takes effect unless a worker has begun step 'power-off', its last", "- is not paused; it is running",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["running past the point of no return"] =
        [
            "- is past its point of no return (step 'power-off')", "+ takes effect after step 'power-off'", "- is not paused; it is running",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["waiting for its next attempt"] =
        [
            "+ takes effect after step 'shut-down-guest'; what was done is undone", "+ takes effect after step 'shut-down-guest'", "- is not paused; it is waiting",
            "- It tries again by itself.", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["waiting to take over"] =
        [
            "+ it had not begun and is canceled", "- it has not begun", "- is not paused; it is waiting",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["pausing"] =
        [
            "+ takes effect after step 'shut-down-guest'; what was done is undone", "= it is paused already", "+ the pause is taken back",
            "- does not need attention; it is pausing", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["paused"] =
        [
            "+ takes effect after step 'shut-down-guest'; what was done is undone", "= it is paused already", "+ it goes on",
            "- does not need attention; it is paused", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["canceling"] =
        [
            "= it is being stopped already", "- cannot be paused while it is canceling: half of a change is not a state to stay in", "- is not paused; it is canceling",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["superseded"] =
        [
            "= it is being stopped already", "- takes over", "- is not paused; it is canceling",
            "- does not need attention", "- does not need attention", "- does not need attention", "- To stop it, cancel it.", Reordered,
        ],
        ["undoing"] =
        [
            "= it is being undone already", "- cannot be paused while it is undoing: half of a change is not a state to stay in", "- is not paused; it is undoing",
            "- does not need attention; it is undoing", "- does not need attention", "- does not need attention", "- does not need attention; it is undoing", Reordered,
        ],
        ["needs attention"] = [Attention, Attention, Attention, "+ it goes on", "+ it goes on", "+ it goes on", "+ it has ended as failed", Reordered],
        ["needs attention while undoing"] = [Attention, Attention, Attention, "+ it goes on", "+ it goes on", "+ it goes on", "+ it has ended as failed", Reordered],
        ["succeeded"] = ["- has ended: succeeded", "- has ended", "- has ended", "- has succeeded: there is nothing to retry", "- has ended", "- has ended", "- has ended", "- has ended"],
        ["failed"] = ["- has ended: failed", "- has ended", "- has ended", "new a new task does it again", "- has ended", "- has ended", "- has ended", "- has ended"],
        ["canceled"] = ["- has ended: canceled", "- has ended", "- has ended", "new a new task does it again", "- has ended", "- has ended", "- has ended", "- has ended"],
    };

    public static TheoryData<string, TaskCommandKind, string> Pairs()
    {
        var data = new TheoryData<string, TaskCommandKind, string>();
        foreach (var (state, answers) in Table)
        {
            for (var i = 0; i < Commands.Length; i++)
            {
                data.Add(state, Commands[i], answers[i]);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Decide_EveryStateAndCommand_AnswersAsTheTableSays(string state, TaskCommandKind kind, string expected)
    {
        var task = StateOf(state);
        var (mark, text) = (expected[..expected.IndexOf(' ', StringComparison.Ordinal)], expected[(expected.IndexOf(' ', StringComparison.Ordinal) + 1)..]);

        var rule = CommandRules.Decide(task, PlanRegistry.Of(task), Some.Command(kind, "why") with { Priority = 2 }, Some.Start);
        var offer = CommandOffers.Of(task, Some.Owner, Some.Start).Single(o => o.Kind == kind);

        Assert.Contains(text, offer.Effect ?? offer.Refusal!.Message, StringComparison.Ordinal);
        Assert.Equal(mark != "-", offer.Allowed);
        if (mark != "new" && !(task.IsEnded && kind == TaskCommandKind.Retry))
        {
            Assert.Contains(text, rule.Effect ?? rule.Refusal!.Message, StringComparison.Ordinal);
            Assert.Equal((mark == "+", mark == "-"), (rule.Events.Count > 0, rule.Refusal is not null));
        }
    }

    [Fact]
    public void Table_NamesEveryPublicStateAndEveryCommand()
    {
        Assert.Equal(TaskStateNames.All.Order(), Table.Keys.Select(k => StateOf(k).State).Distinct().Order());
        Assert.Equal(Enum.GetValues<TaskCommandKind>().Length, Commands.Length);
        Assert.All(Table, row => Assert.Equal(Commands.Length, row.Value.Length));
    }

    private static TaskRecord StateOf(string state)
    {
        var stop = Some.Task(TaskKinds.Stop);
        return state switch
        {
            "queued" => stop with { Run = TaskRun.Queued, Turn = 0 },
            "running its last step" => stop with { Step = 1 },
            "running past the point of no return" => Some.Task(TaskKinds.Delete),
            "waiting for its next attempt" => stop with { Run = TaskRun.Waiting, FailedAttempts = 1 },
            "waiting to take over" => Some.Task(TaskKinds.Delete) with { Run = TaskRun.Waiting, Turn = 0 },
            "pausing" => stop with { Intent = TaskIntent.Pause },
            "paused" => stop with { Run = TaskRun.Paused },
            "canceling" => stop with { Intent = TaskIntent.Cancel },
            "superseded" => stop with { Intent = TaskIntent.Supersede, SupersededBy = TaskId.New() },
            "undoing" => stop with { Phase = TaskPhase.Undo },
            "needs attention" => stop with { Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention, Turn = 0 },
            "needs attention while undoing" => stop with { Phase = TaskPhase.Undo, Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention, Turn = 0 },
            "succeeded" => stop with { Run = TaskRun.Ended, Outcome = TaskOutcome.Succeeded, Turn = 0 },
            "failed" => stop with { Run = TaskRun.Ended, Outcome = TaskOutcome.Failed, Turn = 0 },
            "canceled" => stop with { Run = TaskRun.Ended, Outcome = TaskOutcome.Canceled, Turn = 0 },
            _ => stop,
        };
    }
}
