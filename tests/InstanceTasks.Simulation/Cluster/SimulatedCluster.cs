using InstanceTasks.Engine;
using InstanceTasks.Simulation.Checking;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Store;
using InstanceTasks.Simulation.World;

namespace InstanceTasks.Simulation.Cluster;

/// <summary>All of it: database, machines, processes and the network between them, on one thread and from one seed.</summary>
internal sealed class SimulatedCluster
{
    private static readonly TimeSpan ReminderPeriod = TimeSpan.FromMinutes(1);

    private readonly Dictionary<ActorKey, HostName> _hostOf = [];
    private readonly Dictionary<HostName, ActorKey> _keyOf = [];
    private readonly List<HostName> _hosts = [];
    private readonly Dice _life;
    private int _numbers;
    private int _wanted;

    public SimulatedCluster(long seed, Faults faults, bool keepStory)
    {
        Faults = faults;
        Chronicle = new Chronicle(Scheduler, keepStory);
        Database = new Database(Scheduler);
        Machines = new Machines(Scheduler, faults, Dice.For(seed, 1), Chronicle);
        (StoreLatency, WorldLatency, _life) = (Dice.For(seed, 2), Dice.For(seed, 3), Dice.For(seed, 4));
        Network = new Network(this, Scheduler, faults, Dice.For(seed, 5), Dice.For(seed, 6));
        Watch = new Watch(this);
    }

    public Scheduler Scheduler { get; } = new();

    public Faults Faults { get; }

    public Chronicle Chronicle { get; }

    public Database Database { get; }

    public Machines Machines { get; }

    public Network Network { get; }

    public Watch Watch { get; }

    public Dice StoreLatency { get; }

    public Dice WorldLatency { get; }

    public RecoveryOptions Recovery { get; } = new();

    public List<SimulatedProcess> Processes { get; } = [];

    public IReadOnlyList<HostName> Hosts => _hosts;

    /// <summary>What a database, a network or a driver may say to an actor at any time; anything else that leaves a turn is a defect.</summary>
    public static bool IsExpected(Exception e) =>
        e is IOException or TimeoutException or ProcessUnreachableException or CommitOutcomeUnknownException or CommitFailedException;

    public ActorKey KeyOf(HostName host) => _keyOf[host];

    public HostName HostOf(ActorKey key) => _hostOf[key];

    public void AddHost(HostName host, Resources capacity)
    {
        var key = new ActorKey(ActorKind.Host, default, _hosts.Count);
        _hosts.Add(host);
        (_keyOf[host], _hostOf[key]) = (key, host);
        Database.Hosts[host] = new HostView(host, "nova", capacity, default, null);
    }

    /// <summary>Starts so many processes, and keeps that many.</summary>
    public void Start(int processes)
    {
        _wanted = processes;
        for (var i = 0; i < processes; i++)
        {
            Add();
        }

        for (var shard = 0; shard < Shards.Count; shard++)
        {
            Remind(shard);
        }
    }

    /// <summary>Every shard of recovery looks.</summary>
    public void Nudge(SimulatedProcess from, string cause)
    {
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            Network.Tell(from, ActorKey.Recovery(shard), s => ((RecoveryShell)s).LookAsync(cause));
        }
    }

    /// <summary>What happens to processes and the database, twice a second.</summary>
    public void Trouble()
    {
        var lively = Processes.Where(p => p.TakesActors).ToList();
        if (lively.Count == 0)
        {
            return;
        }

        OneOf(FaultKind.ProcessDies, lively, Kill);
        OneOf(FaultKind.ProcessHangs, lively, Hang);
        OneOf(FaultKind.ProcessStops, lively, StopCleanly);
        OneOf(FaultKind.ClockJumps, lively, JumpClock);
        if (Faults.Strikes(FaultKind.StoreRestarts) && !Database.IsDown)
        {
            Database.DownUntil = Scheduler.Now + _life.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(6));
            Note(11, 0, () => $"the database is down for {(Database.DownUntil - Scheduler.Now).TotalSeconds:0.0} s");
        }

        if (Faults.Strikes(FaultKind.ActivationLost) && Network.AnyPlace(_life) is { } place)
        {
            Note(12, place.Process.Number, () => $"an activation of {place.Key.Kind} on {place.Process.Name} is taken away");
            Scheduler.After(TimeSpan.Zero, place.Process.Context, () => place.Process.End(place.Key));
        }

        if (Faults.Strikes(FaultKind.SecondActivation) && Network.AnyPlace(_life) is { } other)
        {
            Note(13, other.Process.Number, () => $"nobody knows the activation of {other.Key.Kind} on {other.Process.Name} any more, but it lives");
            Network.Forget(other.Key, other.Process);
            other.Process.LoseTrackOf(other.Key);
        }
    }

    /// <summary>Nothing goes wrong any more; everything that stood still goes on.</summary>
    public void CalmDown()
    {
        Faults.Calm = true;
        Database.DownUntil = Scheduler.Now;
        Machines.CalmDown();
        Processes.ForEach(p => p.Context.GoOn());
    }

    /// <summary>A turn has thrown.</summary>
    public void OnTurnFailed(SimulatedProcess process, string who, Exception e)
    {
        Note(18, process.Number, () => $"{process.Name}: a turn of {who} failed: {e.GetType().Name}: {e.Message}");
        if (!IsExpected(e))
        {
            Watch.Violation($"a defect left a turn of {who}: {e}");
        }
    }

    private void OneOf(FaultKind kind, List<SimulatedProcess> processes, Action<SimulatedProcess> happen)
    {
        if (Faults.Strikes(kind))
        {
            happen(_life.Pick(processes));
        }
    }

    private void Add()
    {
        var process = new SimulatedProcess(this, ++_numbers) { Time = { Error = TimeSpan.FromMilliseconds(_life.Between(-200, 200)) } };
        Processes.Add(process);
        Note(14, process.Number, () => $"{process.Name} starts");
        process.Start(failed: () => Gone(process));
    }

    private void Kill(SimulatedProcess process)
    {
        if (process.Context.Dead)
        {
            return;
        }

        Note(15, process.Number, () => $"{process.Name} (generation {process.Lease.Generation}) dies");
        process.Die();
        Scheduler.After(_life.Between(TimeSpan.FromMilliseconds(300), TimeSpan.FromSeconds(9)), null, () => DeclareDead(process));
        Gone(process);
    }

    /// <summary>A process stands still; the others may declare it dead, and it learns of that some time after it goes on.</summary>
    public void Hang(SimulatedProcess process)
    {
        var time = _life.Between(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(14));
        Note(16, process.Number, () => $"{process.Name} (generation {process.Lease.Generation}) stands still for {time.TotalSeconds:0.0} s");
        process.Context.StandStill(time);
        var noticed = _life.Between(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(9));
        if (noticed < time)
        {
            Scheduler.After(noticed, null, () => DeclareDead(process));
            // It learns that it was declared dead, and dies of it; until then it is a zombie.
            Scheduler.After(time + _life.Between(TimeSpan.Zero, TimeSpan.FromSeconds(3)), null, () => Kill(process));
        }
    }

    private void StopCleanly(SimulatedProcess process)
    {
        Note(17, process.Number, () => $"{process.Name} (generation {process.Lease.Generation}) stops cleanly");
        process.Stop(stopped: () =>
        {
            DeclareDead(process);
            Gone(process);
        });
    }

    private void JumpClock(SimulatedProcess process)
    {
        process.Time.Error = _life.Between(TimeSpan.FromHours(-1), TimeSpan.FromHours(1));
        Note(10, process.Number, () => $"the wall clock of {process.Name} jumps: it is wrong by {process.Time.Error}");
    }

    private void DeclareDead(SimulatedProcess process)
    {
        if (!process.DeclaredDead)
        {
            process.DeclaredDead = true;
            Network.ForgetAll(process);
            Note(9, process.Number, () => $"{process.Name} is declared dead");
        }
    }

    private void Gone(SimulatedProcess process)
    {
        Processes.Remove(process);
        Scheduler.After(_life.Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(5)), null, () =>
        {
            if (Processes.Count < _wanted)
            {
                Add();
            }
        });
    }

    private void Remind(int shard) => Scheduler.After(ReminderPeriod, null, () =>
    {
        if (Processes.Find(p => p.TakesActors) is { } process)
        {
            Network.Tell(process, ActorKey.Recovery(shard), s => ((RecoveryShell)s).LookAsync("reminder"));
        }

        Remind(shard);
    });

    private void Note(int what, int who, Func<string> text) => Chronicle.Note(what, who, 0, text);
}
