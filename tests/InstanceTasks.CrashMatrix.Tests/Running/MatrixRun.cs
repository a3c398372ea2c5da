using InstanceTasks.CrashMatrix.Cells;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>Runs many cells on one cluster: those without a crash beside each other, those with one in batches that a crash hits together.</summary>
internal sealed class MatrixRun(MatrixRig rig)
{
    // So many at a time: enough to fill the waits, few enough that none waits long for a turn.
    private const int Beside = 48;

    // So many die together.
    private const int Together = 150;

    private readonly References _references = new(rig);
    private readonly List<CellRun> _runs = [];

    /// <summary>Runs them, and then compares store and world once more as a whole.</summary>
    public async Task<IReadOnlyList<CellResult>> RunAsync(IReadOnlyList<MatrixCell> cells)
    {
        var (dying, living) = (cells.Where(c => MatrixFaults.IsCrash(c.Fault)).Select(New).ToList(), cells.Where(c => !MatrixFaults.IsCrash(c.Fault)).Select(New).ToList());
        await EachAsync(living, async c =>
        {
            await c.BeginAsync();
            await c.FinishAsync();
        });
        foreach (var batch in dying.Chunk(Together))
        {
            await EachAsync(batch, c => c.BeginAsync());
            await rig.CrashAsync();
            await EachAsync(batch, c => c.FinishAsync());
        }

        return await JudgeAsync();
    }

    private CellRun New(MatrixCell cell)
    {
        var run = new CellRun(rig, cell, _references);
        _runs.Add(run);
        return run;
    }

    private static Task EachAsync(IEnumerable<CellRun> runs, Func<CellRun, Task> act) =>
        Parallel.ForEachAsync(runs, new ParallelOptions { MaxDegreeOfParallelism = Beside }, async (run, _) => await act(run));

    private async Task<IReadOnlyList<CellResult>> JudgeAsync()
    {
        var left = (await rig.AuditAsync()).ToList();
        var results = _runs.ConvertAll(r => r.Result([.. TakeOut(left, r.Cell, r.Subject)]));
        foreach (var (cell, subject) in _references.Subjects)
        {
            left.AddRange(TakeOut(left, cell, subject).Select(p => $"without any fault: {p}"));
        }

        // A cell that went wrong may leave sums wrong, too: then it is the one to look at.
        return left.Count == 0 || results.Exists(r => !r.IsOk) ? results : throw new InvalidOperationException($"Problems of no cell:{Environment.NewLine}{string.Join(Environment.NewLine, left.Take(20))}");
    }

    /// <summary>Takes the problems that are about a server out of the list, and returns those that are not as intended.</summary>
    private static List<string> TakeOut(List<string> problems, MatrixCell cell, Subject subject)
    {
        var mine = problems.Where(p => Concerns(p, subject)).ToList();
        problems.RemoveAll(mine.Contains);
        return [.. mine.Where(p => !IsAsIntended(p, cell)).Select(p => $"audit: {p}")];
    }

    private static bool Concerns(string problem, Subject subject) =>
        Array.Exists([subject.Instance.ToString(), subject.Task.ToString(), subject.Task.Value.ToString("N")], id => problem.Contains(id, StringComparison.Ordinal));

    /// <summary>What the fault itself is, and what a kind that only says what the state is has said.</summary>
    private static bool IsAsIntended(string problem, MatrixCell cell) =>
        (cell.Fault == MatrixFault.RunTwice && problem.Contains("repeated", StringComparison.Ordinal))
            || (cell.Plan.IsOneCommit && cell.Row.Success != cell.Row.From && problem.StartsWith("server ", StringComparison.Ordinal));
}
