using InstanceTasks.CrashMatrix.Cells;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>What came of one cell.</summary>
/// <param name="Id">The cell.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Point">Its point.</param>
/// <param name="Fault">Its fault.</param>
/// <param name="Rule">The rule by which it means nothing; null: it was run.</param>
/// <param name="Problems">What was wrong; none: everything was right.</param>
/// <param name="Milliseconds">How long it took, beside others.</param>
public sealed record CellResult(string Id, string Kind, string Point, MatrixFault Fault, string? Rule, IReadOnlyList<string> Problems, long Milliseconds)
{
    /// <summary>Whether it was run and everything was right.</summary>
    public bool IsOk => Rule is null && Problems.Count == 0;

    /// <summary>The result of a cell that was run.</summary>
    public static CellResult Of(MatrixCell cell, IReadOnlyList<string> problems, TimeSpan took) =>
        new(cell.Id, cell.Kind.Name, cell.Point.ToString(), cell.Fault, null, problems, (long)took.TotalMilliseconds);

    /// <summary>The result of a cell that means nothing.</summary>
    public static CellResult Of(MatrixCell cell, NotApplicable why) => new(cell.Id, cell.Kind.Name, cell.Point.ToString(), cell.Fault, why.Rule.Name, [], 0);
}
