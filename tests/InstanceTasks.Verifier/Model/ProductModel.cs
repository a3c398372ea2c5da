using System.Runtime.CompilerServices;
using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>A step and where it leads, or how it broke a property.</summary>
internal readonly record struct Edge(Move Step, Situation? To, Property Property, string? Broken);

/// <summary>
/// The product as a set of small steps. Decisions are the product's own (<see cref="Rules"/>); what the actors do around them is modelled
/// here: one activation's commit, one call, one crash at a time, in every order.
/// </summary>
internal sealed partial class ProductModel(Rules rules, Bounds bounds, TaskKind first, IReadOnlyList<TaskKind> seconds)
{
    private readonly Canon _canon = new();
    private readonly Dictionary<(TaskRecord Task, Ending Ending), Decided> _decided = new(new ByReference());
    private List<Edge> _edges = [];
    private Situation _now = null!;

    public Coverage Coverage { get; } = new();

    /// <summary>Steps left out because they were beyond the bounds.</summary>
    public int Cut { get; private set; }

    /// <summary>The moment before anything was asked for.</summary>
    public Situation Initial(InstanceRecord? instance)
    {
        var nothing = new Situation(null, [null, null], new Activation?[4], [], null, [null, null], default, default);
        var machine = instance?.Host is not null;
        return _canon.Of(new Draft(nothing)
        {
            Instance = instance,
            World = new World(machine ? World.Of(instance!) : default, machine, false, false, default, default, false, false) { Grown = instance?.Resize is not null },
        });
    }

    /// <summary>Everything that can happen next.</summary>
    public List<Edge> Next(Situation situation)
    {
        (_now, _edges) = (situation, []);
        Requests();
        for (var task = 0; task < 2; task++)
        {
            Commands(task);
            Arrivals(task);
        }

        for (var slot = 0; slot < 4; slot++)
        {
            Activations(slot);
        }

        foreach (var work in situation.Works)
        {
            Workers(work);
        }

        Crashes();
        return _edges;
    }

    /// <summary>Tries a step: it may lead to another situation, change nothing, be impossible, or break a property.</summary>
    private void Try(Move step, Func<Draft, bool> act)
    {
        if (_now.Used.With(step.Fault, bounds) is not { } used)
        {
            return;
        }

        try
        {
            var draft = new Draft(_now) { Used = used };
            if (act(draft) && _canon.Of(draft) is var to && !to.Equals(_now))
            {
                Coverage.Moves.Add(step.Kind);
                _edges.Add(new Edge(step, to, default, null));
            }
        }
        catch (BeyondBoundsException)
        {
            Cut++;
        }
        catch (BrokenRuleException e)
        {
            _edges.Add(new Edge(step, null, e.Property, e.Message));
        }
        catch (Exception e)
        {
            _edges.Add(new Edge(step, null, Property.Defined, $"{e.GetType().Name}: {e.Message}"));
        }
    }

    /// <summary>Applies a commit that has won every comparison.</summary>
    private void Apply(Draft draft, Commit commit, int writer = -1)
    {
        foreach (var write in commit.Tasks)
        {
            Write(draft, write, writer);
        }

        if (commit.Instance is { } instance)
        {
            draft.Instance = instance.After;
        }

        draft.World = draft.World.With(commit.Claims);
    }

    private void Write(Draft draft, TaskWrite write, int writer)
    {
        var task = Names.IndexOf(write.After.Id) - 1;
        var before = draft.Rows[task];
        Coverage.Note(before, write.Events);
        Ensure(before is not { IsEnded: true }, Property.EndedStays, $"task {task + 1} had ended as {before?.State} and is written again");
        Ensure(write.After.IsEnded == write.DueIn is null, Property.NoDeadEnd, $"task {task + 1} is {write.After.State} and recovery {(write.DueIn is null ? "never looks at it" : "looks at it")}");
        draft.SetRow(task, write.After, writer);
        NoteStart(before, write);
    }

    private void NoteStart(TaskRecord? before, TaskWrite write)
    {
        var after = write.After;
        if (before is null ? after.Turn > 0 || after.IsEnded : write.Events.Any(e => e is TaskGranted))
        {
            Coverage.Starts.Add((after.FromState, after.Kind));
        }
    }

    private static void Ensure(bool holds, Property property, string message)
    {
        if (!holds)
        {
            throw new BrokenRuleException(property, message);
        }
    }

    /// <summary>What an activation decides from its record and an outcome: the events to commit, and what follows them.</summary>
    private sealed record Decided(bool Drops, IReadOnlyList<TaskEvent> Events, TaskDecision? Then);

    private sealed class ByReference : IEqualityComparer<(TaskRecord Task, Ending Ending)>
    {
        public bool Equals((TaskRecord Task, Ending Ending) x, (TaskRecord Task, Ending Ending) y) => ReferenceEquals(x.Task, y.Task) && x.Ending == y.Ending;

        public int GetHashCode((TaskRecord Task, Ending Ending) obj) => HashCode.Combine(RuntimeHelpers.GetHashCode(obj.Task), obj.Ending);
    }

    private sealed class ByParts<TFirst, TSecond> : IEqualityComparer<(TFirst, TSecond)>
        where TSecond : notnull
    {
        public bool Equals((TFirst, TSecond) x, (TFirst, TSecond) y) => ReferenceEquals(x.Item1, y.Item1) && ReferenceEquals(x.Item2, y.Item2);

        public int GetHashCode((TFirst, TSecond) obj) => HashCode.Combine(obj.Item1 is null ? 0 : RuntimeHelpers.GetHashCode(obj.Item1), RuntimeHelpers.GetHashCode(obj.Item2));
    }
}
