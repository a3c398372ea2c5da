using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>The task comes to the point and no further: its process dies there, and with it everything that had got so far.</summary>
/// <param name="where">Around the effect, or around the commit.</param>
/// <param name="dead">Completes when nobody is left whom this could concern.</param>
internal sealed class CrashFault(MatrixFault where, Task dead) : OnceFault
{
    public override async Task<VerbAnswer> OnVerbAsync(Func<Task<VerbAnswer>> run, CancellationToken abort)
    {
        if (where == MatrixFault.CrashBeforeEffect && Take())
        {
            await DieAsync();
        }

        var answer = await run();
        if (where == MatrixFault.CrashAfterEffect && Take())
        {
            await DieAsync();
        }

        return answer;
    }

    public override async Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        if (where == MatrixFault.CrashBeforeCommit && Take())
        {
            await DieAsync();
        }

        var result = await run();
        if (where == MatrixFault.CrashAfterCommit && result.Applied && Take())
        {
            await DieAsync();
        }

        return result;
    }

    private async Task DieAsync()
    {
        Strike();
        Reach();
        await dead;
        throw new OperationCanceledException("The process is dead.");
    }
}
