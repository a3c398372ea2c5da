using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>What of the tables a search has met in the product.</summary>
internal sealed class Coverage
{
    public HashSet<TaskShape> Shapes { get; } = [];

    public HashSet<(TaskShape From, TaskTrigger Trigger)> Edges { get; } = [];

    /// <summary>(vm_state, kind) with which a task got the machine, or was one commit.</summary>
    public HashSet<(VmState From, TaskKind Kind)> Starts { get; } = [];

    /// <summary>What a task left behind: the row it started by, and the vm_state that its settle wrote.</summary>
    public HashSet<(VmState From, TaskKind Kind, VmState After)> Leaves { get; } = [];

    /// <summary>(running, requested), with what became of the request.</summary>
    public HashSet<(TaskKind Running, TaskKind Requested, AcceptMode Mode)> Requests { get; } = [];

    public HashSet<(TaskKind Kind, string Step, Direction Direction)> Effects { get; } = [];

    /// <summary>(command, state's public name), with whether it changed anything.</summary>
    public HashSet<(TaskCommandKind Command, string State, bool Changed)> Commands { get; } = [];

    /// <summary>What has happened at all: a step of the model that never happens would make it say less than it seems to.</summary>
    public HashSet<MoveKind> Moves { get; } = [];

    /// <summary>Outcomes that a task's activation has met.</summary>
    public HashSet<Ending> Endings { get; } = [];

    public void Note(TaskRecord? before, IReadOnlyList<TaskEvent> events)
    {
        TaskShape? shape = before is null ? null : TaskShape.Of(before);
        foreach (var e in events)
        {
            if (e is TaskAccepted accepted)
            {
                shape = TaskShape.Of(accepted.Initial);
            }
            else if (shape is { } from && TaskTransitions.Allows(from, TaskMachine.TriggerOf(e)))
            {
                var trigger = TaskMachine.TriggerOf(e);
                Edges.Add((from, trigger));
                shape = TaskTransitions.Next(from, trigger);
            }

            if (shape is { } reached)
            {
                Shapes.Add(reached);
            }
        }
    }

    public void Add(Coverage other)
    {
        Shapes.UnionWith(other.Shapes);
        Edges.UnionWith(other.Edges);
        Starts.UnionWith(other.Starts);
        Leaves.UnionWith(other.Leaves);
        Requests.UnionWith(other.Requests);
        Effects.UnionWith(other.Effects);
        Commands.UnionWith(other.Commands);
        Moves.UnionWith(other.Moves);
        Endings.UnionWith(other.Endings);
    }
}
