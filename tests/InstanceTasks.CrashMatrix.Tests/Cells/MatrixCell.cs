using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>Why a combination means nothing: a rule of the generator, never a judgement about one cell.</summary>
/// <param name="Name">The rule's name in the results.</param>
/// <param name="Reason">The reason.</param>
public sealed record Rule(string Name, string Reason);

/// <summary>A rule as it applies to one cell.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Detail">What the plan says about it, if it does.</param>
public sealed record NotApplicable(Rule Rule, string? Detail = null);

/// <summary>One cell: a kind, started in a vm_state, has something happen to it at a point.</summary>
/// <param name="Plan">The plan of the kind.</param>
/// <param name="Row">The row of the instance machine: where it starts and what it leads to.</param>
/// <param name="Point">Where it happens.</param>
/// <param name="Fault">What happens.</param>
public sealed record MatrixCell(Plan Plan, InstanceTransition Row, MatrixPoint Point, MatrixFault Fault)
{
    /// <summary>For <see cref="MatrixFault.Supersede"/>: the kind that takes over.</summary>
    public TaskKind? By { get; init; }

    /// <summary>For a point on the way back: what turns the task round.</summary>
    public Turn? Turn { get; init; }

    /// <summary>Why there is nothing to run; null: there is.</summary>
    public NotApplicable? NotApplicable { get; init; }

    /// <summary>How a server comes to where the kind starts; null: none ever does.</summary>
    public StartPath? Start { get; init; }

    /// <summary>The vm_state that the plan goes by: where it starts, or where the resize did that it ends.</summary>
    public VmState Origin => (Plan.EndsResize ? Start?.BeforeResize : null) ?? Row.From;

    /// <summary>The kind.</summary>
    public TaskKind Kind => Row.Kind;

    /// <summary>The step; null for the accept.</summary>
    public Step? Step => Point.IsAccept ? null : Plan.Steps[Point.Index];

    /// <summary>Whether the step is done beside the task and not by a host's worker.</summary>
    public bool IsControl => Step is { OnHost: false };

    /// <summary>Names it in results; the same in every run.</summary>
    public string Id => $"{Kind} from {ServerStatus.WireName(Row.From)}: {Point}: {MatrixFaults.NameOf(Fault)}{(By is { } by ? $" by {by}" : "")}";

    /// <inheritdoc/>
    public override string ToString() => Id;
}

/// <summary>What turns a task round, so that it undoes what it did.</summary>
/// <param name="Step">The step at which it does.</param>
/// <param name="ByCancel">A cancel while the step is being done, instead of its failure.</param>
public sealed record Turn(int Step, bool ByCancel);
