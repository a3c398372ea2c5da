namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>Where in the life of a task: its accept, or one of its steps in one direction. A row of the matrix.</summary>
/// <param name="Index">The step's index in the plan; -1: the accept.</param>
/// <param name="Step">The step's name.</param>
/// <param name="Direction">Done or undone.</param>
public sealed record MatrixPoint(int Index, string Step, Direction Direction)
{
    /// <summary>The accept.</summary>
    public static MatrixPoint Accept { get; } = new(-1, "accept", Direction.Do);

    /// <summary>Whether it is the accept.</summary>
    public bool IsAccept => Index < 0;

    /// <summary>Whether it is on the way back.</summary>
    public bool IsUndo => Direction == Direction.Undo;

    /// <inheritdoc/>
    public override string ToString() => IsAccept ? Step : $"{Step} ({(IsUndo ? "undo" : "do")})";

    /// <summary>Every point of a plan, in the order in which a task that turns round at its last step passes them.</summary>
    public static IEnumerable<MatrixPoint> Of(Engine.Plan plan) =>
    [
        Accept,
        .. plan.Steps.Select((s, i) => new MatrixPoint(i, s.Name, Direction.Do)),
        .. plan.Steps.Select((s, i) => new MatrixPoint(i, s.Name, Direction.Undo)).Reverse(),
    ];
}
