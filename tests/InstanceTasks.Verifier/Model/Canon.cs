using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Model;

/// <summary>
/// Brings situations into canonical form: fixes times and texts, drops logs, renumbers the counters (only their order matters), and gives
/// equal parts one identity.
/// </summary>
internal sealed class Canon
{
    private readonly Dictionary<UInt128, TaskRecord> _tasks = [];
    private readonly Dictionary<UInt128, InstanceRecord> _instances = [];
    private readonly Dictionary<Work, Work> _works = [];
    private readonly Dictionary<Activation, Activation> _activations = [];
    // Parts that have been through here: most steps leave most parts as they are.
    private readonly HashSet<object> _done = new(ReferenceEqualityComparer.Instance);
    private readonly Ranks _turns = new();
    private readonly Ranks[] _epochs = [new(), new()];
    private readonly List<(long Turn, int Epoch, Ranks Ranks)> _attempts = [];

    public Situation Of(Draft draft)
    {
        Forget(draft);
        Count(draft);
        var activations = new Activation?[4];
        for (var slot = 0; slot < 4; slot++)
        {
            activations[slot] = Of(draft.Activations[slot], draft.Rows[slot / 2], slot / 2);
        }

        return new Situation(
            draft.Instance is { } instance ? Of(instance) : null,
            [Of(draft.Rows[0], 0), Of(draft.Rows[1], 1)],
            activations,
            Of(draft.Works),
            draft.Late,
            [Of(draft.Wakes[0], 0), Of(draft.Wakes[1], 1)],
            draft.World with { Floor = Of(draft.World.Floor), Fence = Of(draft.World.Fence) },
            draft.Used);
    }

    // An activation whose task has given the machine back forgets all about it; a floor that nothing is below decides nothing.
    private static void Forget(Draft draft)
    {
        for (var slot = 0; slot < 4; slot++)
        {
            if (draft.Activations[slot] is { Old: null } && draft.Rows[slot / 2] is { Turn: 0 })
            {
                draft.Activations[slot] = null;
            }
        }

        var lowest = Lowest(draft);
        var world = draft.World;
        draft.World = world with
        {
            Floor = lowest is { } under && world.Floor.IsAbove(under) ? world.Floor : default,
            Fence = lowest is { } below && world.Fence.IsAbove(below) ? world.Fence : default,
        };
    }

    /// <summary>The oldest stamp under which something can still begin.</summary>
    private static Stamp? Lowest(Draft draft)
    {
        Stamp? lowest = null;
        void See(Stamp stamp) => lowest = lowest is { } known && known < stamp ? known : stamp;

        draft.Works.ForEach(w => See(w.Stamp));
        for (var slot = 0; slot < 4; slot++)
        {
            if (draft.Activations[slot] is { } activation)
            {
                See(activation.Flight?.Stamp ?? StampOf(draft.Memory(slot), activation.Attempts + 1));
            }
        }

        foreach (var wake in draft.Wakes)
        {
            if (wake is not null)
            {
                See(StampOf(wake, 1));
            }
        }

        return lowest;
    }

    internal static Stamp StampOf(TaskRecord task, int attempt) => new(0, task.Turn, task.Epoch, attempt);

    private void Count(Draft draft)
    {
        _turns.Clear();
        _epochs[0].Clear();
        _epochs[1].Clear();
        _attempts.Clear();
        _turns.Add(draft.Instance?.Turn ?? 0);
        for (var task = 0; task < 2; task++)
        {
            Count(draft.Rows[task], task);
            Count(draft.Wakes[task], task);
        }

        for (var slot = 0; slot < 4; slot++)
        {
            if (draft.Activations[slot] is { } activation)
            {
                Count(activation.Old, slot / 2);
                Count(StampOf(draft.Memory(slot), activation.Attempts), slot / 2);
                Count(activation.Flight?.Stamp ?? default, slot / 2);
            }
        }

        draft.Works.ForEach(w => Count(w.Stamp, w.Task));
        Count(draft.World.Floor.Stamp, draft.World.Floor.Task);
        Count(draft.World.Fence.Stamp, draft.World.Fence.Task);
    }

    private void Count(TaskRecord? task, int index)
    {
        if (task is not null)
        {
            _turns.Add(task.Turn);
            _epochs[index].Add(task.Epoch);
        }
    }

    private void Count(Stamp stamp, int task)
    {
        if (stamp.Turn > 0)
        {
            _turns.Add(stamp.Turn);
            _epochs[task].Add(stamp.TaskEpoch);
            AttemptsOf(stamp).Add(stamp.Attempt);
        }
    }

    // There are hardly ever more than two.
    private Ranks AttemptsOf(Stamp stamp)
    {
        foreach (var (turn, epoch, ranks) in _attempts)
        {
            if (turn == stamp.Turn && epoch == stamp.TaskEpoch)
            {
                return ranks;
            }
        }

        var more = new Ranks();
        _attempts.Add((stamp.Turn, stamp.TaskEpoch, more));
        return more;
    }

    private Floor Of(Floor floor) => floor with { Stamp = Of(floor.Stamp, floor.Task) };

    private Stamp Of(Stamp stamp, int task) => stamp.Turn == 0
        ? default
        : new Stamp(0, _turns.Of(stamp.Turn), (int)_epochs[task].Of(stamp.TaskEpoch), (int)AttemptsOf(stamp).Of(stamp.Attempt));

    private Work[] Of(List<Work> works)
    {
        var all = new Work[works.Count];
        for (var i = 0; i < all.Length; i++)
        {
            all[i] = Of(works[i]);
        }

        Array.Sort(all, static (x, y) => x.Stamp.CompareTo(y.Stamp) is var order and not 0 ? order : x.Place.CompareTo(y.Place));
        return all;
    }

    private Work Of(Work work)
    {
        var stamp = Of(work.Stamp, work.Task);
        if (stamp == work.Stamp && _done.Contains(work))
        {
            return work;
        }

        var renumbered = work with { Stamp = stamp };
        if (!_works.TryGetValue(renumbered, out var known))
        {
            _works[renumbered] = known = renumbered;
            _done.Add(known);
        }

        return known;
    }

    private Activation? Of(Activation? activation, TaskRecord? row, int task)
    {
        if (activation is null)
        {
            return null;
        }

        var stamp = StampOf(activation.Old ?? row!, activation.Attempts);
        var renumbered = activation with
        {
            Old = Of(activation.Old, task),
            Attempts = stamp.Turn == 0 ? 0 : Of(stamp, task).Attempt,
            Flight = activation.Flight is { } flight ? flight with { Stamp = Of(flight.Stamp, task) } : null,
        };
        if (!_activations.TryGetValue(renumbered, out var known))
        {
            _activations[renumbered] = known = renumbered;
        }

        return known;
    }

    private TaskRecord? Of(TaskRecord? task, int index)
    {
        if (task is null)
        {
            return null;
        }

        var (turn, epoch) = (_turns.Of(task.Turn), (int)_epochs[index].Of(task.Epoch));
        if (turn == task.Turn && epoch == task.Epoch && _done.Contains(task))
        {
            return task;
        }

        var key = Keys.Of(task, turn, epoch);
        if (!_tasks.TryGetValue(key, out var known))
        {
            _tasks[key] = known = Plain.Of(task) with { Turn = turn, Epoch = epoch };
            _done.Add(known);
        }

        return known;
    }

    private InstanceRecord Of(InstanceRecord instance)
    {
        var turn = _turns.Of(instance.Turn);
        if (turn == instance.Turn && _done.Contains(instance))
        {
            return instance;
        }

        var key = Keys.Of(instance, turn);
        if (!_instances.TryGetValue(key, out var known))
        {
            _instances[key] = known = Plain.Of(instance) with { Turn = turn };
            _done.Add(known);
        }

        return known;
    }

    /// <summary>Renumbers counters of which only the order matters; zero stays.</summary>
    private sealed class Ranks
    {
        private readonly List<long> _values = [];

        public void Clear() => _values.Clear();

        public void Add(long value)
        {
            if (value == 0)
            {
                return;
            }

            var index = _values.BinarySearch(value);
            if (index < 0)
            {
                _values.Insert(~index, value);
            }
        }

        public long Of(long value) => value == 0 ? 0 : _values.BinarySearch(value) + 1;
    }
}
