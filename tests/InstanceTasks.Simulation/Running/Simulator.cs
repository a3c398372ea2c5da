using InstanceTasks.Engine;
using InstanceTasks.Simulation.Cluster;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Load;

namespace InstanceTasks.Simulation.Running;

/// <summary>Runs one seed: trouble and load first, then calm until everything has ended, then the books are checked.</summary>
internal sealed class Simulator
{
    /// <summary>So many commits a run has at least.</summary>
    public const int LeastCommits = 200;

    private static readonly TimeSpan LongestLoad = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestCalm = TimeSpan.FromMinutes(45);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWithoutParent = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan TroubleEvery = TimeSpan.FromMilliseconds(500);

    private readonly RunOptions _options;
    private readonly Dice _layout;
    private readonly SimulatedCluster _cluster;
    private readonly Clients _clients;
    private readonly Dice _parents;
    private readonly int _commits;
    private int _rounds;
    private readonly Dictionary<TaskId, int> _decided = [];

    private Simulator(RunOptions options)
    {
        _options = options;
        _layout = Dice.For(options.Seed, 10);
        var faults = new Faults(options.Seed, Dice.For(options.Seed, 11), options.Faults);
        _cluster = new SimulatedCluster(options.Seed, faults, options.Story);
        (_cluster.Database.Sabotage, _cluster.Machines.Sabotage) = (options.Sabotage, options.Sabotage);
        _clients = new Clients(_cluster, Dice.For(options.Seed, 12), options.Requests);
        _parents = Dice.For(options.Seed, 13);
        _commits = LeastCommits + _layout.Below(80);
    }

    public static RunResult Run(RunOptions options) => new Simulator(options).Run();

    private RunResult Run()
    {
        try
        {
            Prepare();
            Load();
            CalmDown();
            CheckEnd();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _cluster.Watch.Violation($"broken off: {e}");
        }
        finally
        {
            // What is left of the processes must not wake up while the next run is under way.
            _cluster.Processes.ForEach(p => p.Die());
        }

        return Result();
    }

    private void CheckEnd()
    {
        if (!Failed)
        {
            _cluster.Watch.CheckEnd();
        }
    }

    private bool Failed => _cluster.Watch.Violations.Count > 0;

    private void Prepare()
    {
        var hosts = _layout.Between(2, 3);
        for (var i = 1; i <= hosts; i++)
        {
            var size = _layout.Between(3, 8);
            _cluster.AddHost(new HostName($"host-{i}"), new Resources(size, 512 * size, size));
        }

        var projects = _layout.Between(2, 3);
        for (var i = 1; i <= projects; i++)
        {
            _clients.Add(new Caller(new($"user-{i}"), new($"project-{i}"), IsAdmin: i == 1));
            if (_layout.Chance(300))
            {
                _cluster.Database.Quota[new($"project-{i}")] = new QuotaUsage(0, 0, 0, MaxInstances: _layout.Between(2, 4));
            }
        }

        var instances = _layout.Between(3, 5);
        for (var i = 0; i < instances; i++)
        {
            AddInstance(_layout.Between(1, projects), running: _layout.Chance(600));
        }

        _cluster.Start(_layout.Between(1, 4));
    }

    private void AddInstance(int project, bool running)
    {
        var flavor = Clients.FlavorOf(1);
        var host = _cluster.Database.ListHosts().MaxBy(h => h.Free.MemoryMb)!;
        var now = SimulatedClock.Epoch;
        var instance = new InstanceRecord
        {
            Id = new InstanceId(_layout.Id()), Project = new($"project-{project}"), User = new($"user-{project}"), Name = "vm", ImageId = "image", Flavor = flavor,
            VmState = running ? VmState.Active : VmState.Stopped, Power = running ? PowerState.Running : PowerState.Shutdown, Host = host.Host,
            AvailabilityZone = host.Zone, LaunchedAt = now, CreatedAt = now, UpdatedAt = now, Version = 1, Turn = 1,
        };
        _cluster.Database.Seed(instance);
        _cluster.Machines.Of(host.Host, instance.Id).State = new(true, true, instance.Power, 1);
        _cluster.Machines.Of(host.Host, instance.Id).Takes = instance.Flavor.ToResources();
        _clients.Add(instance.Id);
    }

    private void Load()
    {
        var limit = _cluster.Scheduler.Now + LongestLoad;
        AskAgain();
        TroubleAgain();
        AskForManyAgain();
        PassUntil(limit, () => _cluster.Database.Commits >= _commits);
    }

    private void AskAgain() => _cluster.Scheduler.After(_layout.Between(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(500)), null, () =>
    {
        if (!_cluster.Faults.Calm)
        {
            _clients.Ask();
            AskAgain();
        }
    });

    private void AskForManyAgain() => _cluster.Scheduler.After(_parents.Between(TimeSpan.FromMilliseconds(100), LongestWithoutParent), null, () =>
    {
        if (!_cluster.Faults.Calm)
        {
            _clients.AskForMany(_parents);
            AskForManyAgain();
        }
    });

    private void TroubleAgain() => _cluster.Scheduler.After(TroubleEvery, null, () =>
    {
        if (!_cluster.Faults.Calm)
        {
            _cluster.Trouble();
            TroubleAgain();
        }
    });

    /// <summary>Nothing goes wrong any more: every task must end. What waits for a person gets one.</summary>
    private void CalmDown()
    {
        if (Failed)
        {
            return;
        }

        _cluster.CalmDown();
        _cluster.Chronicle.Note(8, 0, 0, () => "from here on nothing goes wrong");
        var limit = _cluster.Scheduler.Now + LongestCalm;
        do
        {
            WaitForAll(limit);
            // A call that was on its way for long may still make a task.
            PassUntil(_cluster.Scheduler.Now + Aftermath, () => false);
        }
        while (!Failed && Open().Count > 0 && _cluster.Scheduler.Now < limit);

        if (Open() is { Count: > 0 } open && !Failed)
        {
            _cluster.Watch.Violation($"never ends: {string.Join(", ", open.Select(t => $"{t.Kind} {World.Short.Of(t.Id)} is {t.State} (step {t.Step}, {t.WaitReason})"))}");
        }
    }

    private void WaitForAll(TimeSpan limit)
    {
        while (!Failed && Open().Count > 0 && _cluster.Scheduler.Now < limit)
        {
            PassUntil(_cluster.Scheduler.Now + Look, () => Open().Count == 0);
            Decide();
        }
    }

    private void Decide()
    {
        var waiting = Open().Where(t => t.Run == TaskRun.Paused).ToList();
        if (waiting.Count > 0 && ++_rounds % 4 == 0)
        {
            foreach (var task in waiting)
            {
                // A retry that is refused does not stand with the task: it asks for another decision all the same.
                var retries = Math.Max(task.Commands.Count(c => c.Kind == TaskCommandKind.Retry), _decided.GetValueOrDefault(task.Id));
                _decided[task.Id] = retries + 1;
                _clients.Decide(task.Id, task.Outcome == TaskOutcome.None ? TaskCommandKind.Resume : retries < 3 ? TaskCommandKind.Retry : TaskCommandKind.Abandon);
            }
        }
    }

    private List<TaskRecord> Open() => [.. _cluster.Database.Tasks.Values.Select(r => r.Record).Where(t => !t.IsEnded)];

    private void PassUntil(TimeSpan limit, Func<bool> enough)
    {
        var before = SynchronizationContext.Current;
        try
        {
            while (!Failed && !enough() && _cluster.Scheduler.Step(limit))
            {
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        if (!Failed && !enough())
        {
            _cluster.Scheduler.PassTo(limit);
        }
    }

    private RunResult Result()
    {
        foreach (var row in _cluster.Database.Tasks.Values)
        {
            _cluster.Chronicle.Mix(row.Refused ? row.Record.Id.ToString() : EngineJson.Write(row.Record));
        }

        return new RunResult
        {
            Options = _options,
            Violations = _cluster.Watch.Violations,
            Fingerprint = _cluster.Chronicle.Fingerprint,
            Events = _cluster.Scheduler.Count,
            Commits = _cluster.Database.Commits,
            Instances = _cluster.Database.Instances.Count,
            Tasks = _cluster.Database.Tasks.Count,
            Effects = _cluster.Machines.Effects,
            Refusals = _cluster.Machines.Refusals,
            Time = _cluster.Scheduler.Now,
            Faults = _cluster.Faults.Struck,
            Requests = _clients.Made,
            Coverage = _cluster.Watch.Coverage,
            Story = _cluster.Chronicle.Lines,
        };
    }
}
