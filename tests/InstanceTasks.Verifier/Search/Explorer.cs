using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>A property that does not hold, with the shortest way to see it.</summary>
internal sealed record Violation(Property Property, string How, IReadOnlyList<(Move Step, Situation Before, Situation? After)> Story);

/// <summary>What a search found.</summary>
internal sealed record Result(Bounds Bounds, string Scope, int Situations, int Steps, int Stable, int Over, int Cut, Coverage Coverage, Violation? Violation);

/// <summary>Breadth-first search: the first violation that is found has the shortest story.</summary>
internal sealed class Explorer(ProductModel model, Bounds bounds, string scope)
{
    private readonly Dictionary<Situation, int> _known = [];
    private readonly List<Situation> _situations = [];
    private readonly List<(int Parent, Move? By, int Depth)> _origins = [];
    private readonly EdgeList _faultless = new();
    private readonly Properties _properties = new();
    private int _steps;

    /// <summary>Searches everything that follows from the moments given.</summary>
    public Result Run(params IEnumerable<Situation> starts)
    {
        foreach (var start in starts)
        {
            Add(start, -1, null);
        }

        for (var i = 0; i < _situations.Count; i++)
        {
            if (_origins[i].Depth < bounds.Steps && Expand(i) is { } violation)
            {
                return ResultWith(violation);
            }

            if (_situations.Count > bounds.Situations)
            {
                throw new InvalidOperationException($"{scope}: more than {bounds.Situations} situations. Choose narrower bounds.");
            }
        }

        return ResultWith(bounds.Steps == int.MaxValue ? DeadEnd() : null);
    }

    private Violation? Expand(int index)
    {
        foreach (var edge in model.Next(_situations[index]))
        {
            _steps++;
            if (edge.Broken is { } how)
            {
                return new Violation(edge.Property, how, [.. StoryOf(index), (edge.Step, _situations[index], null)]);
            }

            var to = Add(edge.To!, index, edge.Step);
            if (to.IsNew && _properties.Broken(edge.To!) is var (property, broken))
            {
                return new Violation(property, broken, StoryOf(to.Index));
            }

            if (edge.Step.Fault == Fault.None && (!edge.Step.IsChoice || edge.Step.IsWayOut))
            {
                _faultless.Add(index, to.Index, edge.Step.IsWayOut);
            }
        }

        return null;
    }

    private (int Index, bool IsNew) Add(Situation situation, int parent, Move? by)
    {
        if (_known.TryGetValue(situation, out var index))
        {
            return (index, false);
        }

        _known[situation] = index = _situations.Count;
        _situations.Add(situation);
        _origins.Add((parent, by, parent < 0 ? 0 : _origins[parent].Depth + 1));
        return (index, true);
    }

    /// <summary>
    /// Without further faults: a stable situation must be in reach with no help at all, and the end of every task with no more help than
    /// that a person resumes what is paused and abandons what needs attention.
    /// </summary>
    private Violation? DeadEnd()
    {
        var stable = _faultless.Reaching(_situations.Count, i => Properties.IsStable(_situations[i]), wayOut: false);
        if (Array.IndexOf(stable, false) is var stuck and >= 0)
        {
            return new Violation(Property.NoDeadEnd, "from here no stable situation can be reached, although nothing more goes wrong", StoryOf(stuck));
        }

        var over = _faultless.Reaching(_situations.Count, i => Properties.IsOver(_situations[i]), wayOut: true);
        return Array.IndexOf(over, false) is var endless and >= 0
            ? new Violation(Property.NoDeadEnd, "from here not every task can end, whatever a person does", StoryOf(endless))
            : null;
    }

    private List<(Move Step, Situation Before, Situation? After)> StoryOf(int index)
    {
        var story = new List<(Move, Situation, Situation?)>();
        for (var at = index; _origins[at] is { By: { } step } origin; at = origin.Parent)
        {
            story.Add((step, _situations[origin.Parent], _situations[at]));
        }

        story.Reverse();
        return story;
    }

    private Result ResultWith(Violation? violation) => new(
        bounds, scope, _situations.Count, _steps, _situations.Count(Properties.IsStable), _situations.Count(Properties.IsOver), model.Cut, model.Coverage, violation);
}

/// <summary>The steps that need no fault, for the search backwards.</summary>
internal sealed class EdgeList
{
    private readonly List<(int From, int To, bool WayOut)> _edges = [];

    public void Add(int from, int to, bool wayOut) => _edges.Add((from, to, wayOut));

    /// <summary>For each situation, whether one that is wanted can be reached from it.</summary>
    public bool[] Reaching(int count, Func<int, bool> wanted, bool wayOut)
    {
        var (first, sources) = Backwards(count, wayOut);
        var reaches = new bool[count];
        var queue = new Queue<int>();
        for (var i = 0; i < count; i++)
        {
            if (wanted(i))
            {
                reaches[i] = true;
                queue.Enqueue(i);
            }
        }

        while (queue.TryDequeue(out var at))
        {
            for (var e = first[at]; e < first[at + 1]; e++)
            {
                if (!reaches[sources[e]])
                {
                    reaches[sources[e]] = true;
                    queue.Enqueue(sources[e]);
                }
            }
        }

        return reaches;
    }

    // By destination: first[i] .. first[i + 1] are the places of its sources.
    private (int[] First, int[] Sources) Backwards(int count, bool wayOut)
    {
        var first = new int[count + 1];
        var used = _edges.Where(e => wayOut || !e.WayOut).ToList();
        used.ForEach(e => first[e.To + 1]++);
        for (var i = 0; i < count; i++)
        {
            first[i + 1] += first[i];
        }

        var next = first[..count];
        var sources = new int[used.Count];
        used.ForEach(e => sources[next[e.To]++] = e.From);
        return (first, sources);
    }
}
