using System.Runtime.CompilerServices;

namespace InstanceTasks.Verifier.Model;

/// <summary>
/// Everything that matters at one moment, in canonical form: two moments from which the same can follow are equal. Its parts come from
/// <see cref="Canon"/>, so that records are compared by reference.
/// </summary>
internal sealed class Situation : IEquatable<Situation>
{
    private readonly int _hash;

    public Situation(InstanceRecord? instance, TaskRecord?[] rows, Activation?[] activations, Work[] works, LateSettle? late, TaskRecord?[] wakes, World world, Used used)
    {
        (Instance, Rows, Activations, Works, Late, Wakes, World, Used) = (instance, rows, activations, works, late, wakes, world, used);
        var hash = new HashCode();
        hash.Add(Identity(instance));
        hash.Add(Identity(rows[0]));
        hash.Add(Identity(rows[1]));
        hash.Add(Identity(wakes[0]));
        hash.Add(Identity(wakes[1]));
        Array.ForEach(activations, a => hash.Add(a));
        Array.ForEach(works, w => hash.Add(Identity(w)));
        hash.Add(late);
        hash.Add(world);
        hash.Add(used);
        _hash = hash.ToHashCode();
    }

    /// <summary>The instance's row; null before it exists.</summary>
    public InstanceRecord? Instance { get; }

    /// <summary>The rows of the two tasks; null before they exist.</summary>
    public TaskRecord?[] Rows { get; }

    /// <summary>For each task the activation that calls reach, and an older one that lives on.</summary>
    public Activation?[] Activations { get; }

    /// <summary>Attempts, by stamp.</summary>
    public Work[] Works { get; }

    public LateSettle? Late { get; }

    /// <summary>For each task the wake-up of its accept, while it is under way: it carries the record.</summary>
    public TaskRecord?[] Wakes { get; }

    public World World { get; }

    public Used Used { get; }

    public bool Equals(Situation? other) =>
        other is not null && _hash == other._hash && ReferenceEquals(Instance, other.Instance) && World == other.World && Used == other.Used
        && Same(Rows, other.Rows) && Same(Wakes, other.Wakes) && Same(Works, other.Works) && Equals(Late, other.Late)
        && Activations.AsSpan().SequenceEqual(other.Activations);

    public override bool Equals(object? obj) => Equals(obj as Situation);

    public override int GetHashCode() => _hash;

    private static int Identity(object? part) => part is null ? 0 : RuntimeHelpers.GetHashCode(part);

    private static bool Same(object?[] left, object?[] right)
    {
        for (var i = 0; i < left.Length; i++)
        {
            if (i >= right.Length || !ReferenceEquals(left[i], right[i]))
            {
                return false;
            }
        }

        return left.Length == right.Length;
    }
}

/// <summary>A situation while a step changes it.</summary>
internal sealed class Draft(Situation from)
{
    public InstanceRecord? Instance { get; set; } = from.Instance;

    public TaskRecord?[] Rows { get; } = [.. from.Rows];

    public Activation?[] Activations { get; } = [.. from.Activations];

    public List<Work> Works { get; } = [.. from.Works];

    public LateSettle? Late { get; set; } = from.Late;

    public TaskRecord?[] Wakes { get; } = [.. from.Wakes];

    public World World { get; set; } = from.World;

    public Used Used { get; set; } = from.Used;

    /// <summary>What an activation takes for its task's record.</summary>
    public TaskRecord Memory(int slot) => Activations[slot]!.Old ?? Rows[slot / 2]!;

    /// <summary>Writes a task's row; every activation but the writer now has an old record.</summary>
    public void SetRow(int task, TaskRecord after, int writer)
    {
        var before = Rows[task];
        Rows[task] = after;
        foreach (var slot in new[] { task * 2, (task * 2) + 1 })
        {
            if (slot != writer && Activations[slot] is { Old: null } activation)
            {
                Activations[slot] = activation with { Old = before };
            }
        }

        Late = Late?.Task == task ? null : Late;
        if (before is null || before.Step != after.Step || before.Phase != after.Phase)
        {
            World = World.WithDone(task, false);
        }
    }

    public void Replace(Work old, Work with) => Works[Works.IndexOf(old)] = with;
}
