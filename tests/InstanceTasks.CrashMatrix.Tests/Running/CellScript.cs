using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Checking;
using InstanceTasks.CrashMatrix.Faults;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>What people, other activations and operators do in a cell while its task stands at the point, or waits for them.</summary>
internal sealed class CellScript(MatrixCell cell, Expectation right, Subject subject, MatrixRig rig, PointFault fault)
{
    /// <summary>What was wrong on the way.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The task that took over.</summary>
    public TaskId? Successor { get; private set; }

    /// <summary>Plays it.</summary>
    public Task ActAsync() => cell.Fault switch
    {
        MatrixFault.Fail when right.NeedsAttention => AttendAsync((FailFault)fault),
        MatrixFault.Cancel => CommandAsync((StandstillFault)fault, TaskCommandKind.Cancel),
        MatrixFault.Pause => PauseAsync((StandstillFault)fault),
        MatrixFault.Supersede => SupersedeAsync((StandstillFault)fault),
        MatrixFault.SecondActivation => DoubleAsync((SecondActivationFault)fault),
        _ => Task.CompletedTask,
    };

    private static Task StandsAsync(PointFault at) => at.Reached.WaitAsync(Subject.Patience);

    /// <summary>The task waits for an operator; what hindered it is gone, and the operator has it try again.</summary>
    private async Task AttendAsync(FailFault failing)
    {
        var held = await subject.RestAsync(subject.Task);
        Check(held.Outcome == TaskOutcome.NeedsAttention, $"it is {held.State} instead of waiting for an operator");
        Problems.AddRange(await new WireCheck(rig.Api, cell, subject).FindInAttentionAsync());
        failing.Disarm();
        var answer = await subject.CommandAsync(TaskCommandKind.Retry);
        Check(answer.Accepted, $"the retry was refused: {answer.Refusal}");
    }

    private async Task CommandAsync(StandstillFault standing, TaskCommandKind kind)
    {
        await StandsAsync(standing);
        var asked = subject.CommandAsync(kind);
        if (cell.IsControl)
        {
            // The task's actor is at the commit: it hears of the command right after.
            standing.Release();
        }

        var answer = await asked;
        Check(answer.Accepted == (right.Command == CommandFate.Accepted), $"the {kind} was {(answer.Accepted ? $"accepted: {answer.Effect}" : $"refused: {answer.Refusal}")}");
        Check(answer.Accepted ? answer.Effect is not null : answer.Refusal is not null, $"the answer to the {kind} does not say what it means");
        await LetGoAsync(standing, aborts: answer.Accepted && kind == TaskCommandKind.Cancel && !cell.Point.IsUndo && cell.Step!.Cancel == Cancellability.Now);
    }

    /// <summary>What is to be stopped at once must be aborted while it stands; what is not goes on.</summary>
    private async Task LetGoAsync(StandstillFault standing, bool aborts)
    {
        if (aborts && !cell.IsControl)
        {
            await standing.Aborted.WaitAsync(Subject.Patience);
        }

        standing.Release();
    }

    private async Task PauseAsync(StandstillFault standing)
    {
        await CommandAsync(standing, TaskCommandKind.Pause);
        if (right.Command == CommandFate.Refused)
        {
            return;
        }

        var rests = await PausedOrOverAsync();
        var last = cell.Plan.Steps.Count - 1;
        Check(rests.Run == TaskRun.Paused || cell.Point.Index == last || (cell.IsControl && cell.Point.Index + 1 == last), $"it is {rests.State} instead of paused");
        if (rests.Run == TaskRun.Paused)
        {
            Check(rests.Step > cell.Point.Index, $"it is paused at step {rests.Step}, before the one that was under way had ended");
            var answer = await subject.CommandAsync(TaskCommandKind.Resume);
            Check(answer.Accepted, $"the resume was refused: {answer.Refusal}");
        }
    }

    private async Task<TaskRecord> PausedOrOverAsync()
    {
        TaskRecord? task = null;
        await TestKit.Eventually.TrueAsync(
            async () => (task = await rig.Store.GetTaskAsync(subject.Task)) is { Run: TaskRun.Paused } or { IsEnded: true }, Subject.Patience, "it is paused or over", () => $"{task?.State} {task?.WaitReason}");
        return task!;
    }

    private async Task SupersedeAsync(StandstillFault standing)
    {
        await StandsAsync(standing);
        Successor = await subject.AskForAsync(cell.By!.Value);
        await LetGoAsync(standing, aborts: true);
    }

    private async Task DoubleAsync(SecondActivationFault doubled)
    {
        await StandsAsync(doubled);
        using var second = new SecondActivation(subject.Task, rig.Silo.Services);
        await doubled.StartAsync(second);
        await subject.RestAsync(subject.Task);
        Check(second.Defect is null, $"a turn of the second activation failed: {second.Defect}");
        await doubled.ReleaseAsync(Subject.Patience);
    }

    private void Check(bool holds, string problem)
    {
        if (!holds)
        {
            Problems.Add(problem);
        }
    }
}
