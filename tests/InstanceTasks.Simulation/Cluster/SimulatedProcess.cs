using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Store;
using InstanceTasks.Simulation.World;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Simulation.Cluster;

/// <summary>One silo's process: its clock, its lease, its activations and its workers, all of them the engine's own.</summary>
internal sealed class SimulatedProcess : IDisposable
{
    private readonly Dictionary<ActorKey, Shell> _shells = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly WorkerOptions _options = new() { PollWait = TimeSpan.FromSeconds(8) };
    private readonly WorkerDesk _desk;
    private readonly ConsoleReader _consoles;
    private readonly List<HostWorker> _workers = [];
    private Task _working = Task.CompletedTask;

    public SimulatedProcess(SimulatedCluster cluster, int number)
    {
        (Cluster, Number) = (cluster, number);
        Context = new ProcessContext(cluster.Scheduler);
        Time = new SimulatedClock(cluster.Scheduler, Context);
        Store = new StoreLink(cluster.Scheduler, cluster.Database, cluster.Faults, cluster.StoreLatency, c => cluster.Watch.Confirmed(this, c));
        Peers = new Peers(this);
        Lease = new LeaseKeeper(Store, Options.Create(new LeaseOptions()), new SiloName(Name), Time, NullLogger<LeaseKeeper>.Instance);
        var hypervisor = new HypervisorLink(cluster.Scheduler, Context, Time, cluster.Machines, cluster.Faults, cluster.WorldLatency) { Leaves = c => cluster.Watch.Leaves(this, c), Hang = () => cluster.Hang(this) };
        _desk = new WorkerDesk(new StepRunner(hypervisor, new KnownSecrets(), Time), Peers, Lease, _options, Time, NullLogger<WorkerDesk>.Instance);
        _consoles = new ConsoleReader(hypervisor);
    }

    public SimulatedCluster Cluster { get; }

    public int Number { get; }

    public string Name => $"silo {Number}";

    public ProcessContext Context { get; }

    public SimulatedClock Time { get; }

    public StoreLink Store { get; }

    public Peers Peers { get; }

    public LeaseKeeper Lease { get; }

    /// <summary>Whether it has started and does not stop yet.</summary>
    public bool Ready { get; private set; }

    /// <summary>The others think that it is dead.</summary>
    public bool DeclaredDead { get; set; }

    /// <summary>Whether new activations are placed here.</summary>
    public bool TakesActors => Ready && !DeclaredDead && !Context.Dead;

    /// <summary>Starts: the lease first, then everything that acts under it.</summary>
    public void Start(Action failed) => Cluster.Scheduler.After(TimeSpan.Zero, Context, () => _ = StartAsync(failed));

    /// <summary>The activation here; made when there is none.</summary>
    public Shell ShellOf(ActorKey key)
    {
        if (!_shells.TryGetValue(key, out var shell))
        {
            _shells[key] = shell = key.Kind switch
            {
                ActorKind.Task => new TaskShell(this, key),
                ActorKind.Instance => new InstanceShell(this, key),
                ActorKind.Project => new ProjectShell(this, key),
                ActorKind.Host => new HostShell(this, key, Cluster.HostOf(key)),
                _ => new RecoveryShell(this, key),
            };
            Cluster.Network.Register(key, this);
        }

        return shell;
    }

    /// <summary>An activation has ended.</summary>
    public void Forget(Shell shell)
    {
        if (_shells.GetValueOrDefault(shell.Key) == shell)
        {
            _shells.Remove(shell.Key);
            Cluster.Network.Forget(shell.Key, this);
        }
    }

    /// <summary>The next call makes a new activation, and the old one lives on.</summary>
    public void LoseTrackOf(ActorKey key) => _shells.Remove(key);

    /// <summary>An activation is taken away.</summary>
    public void End(ActorKey key) => _shells.GetValueOrDefault(key)?.End();

    /// <summary>Dies at once.</summary>
    public void Die()
    {
        Context.Die();
        Ready = false;
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Stops as a silo does: workers, then activations, then the lease.</summary>
    public void Stop(Action stopped) => Cluster.Scheduler.After(TimeSpan.Zero, Context, () => _ = StopAsync(stopped));

    private async Task StartAsync(Action failed)
    {
        try
        {
            await Lease.StartAsync();
        }
        catch (Exception e) when (SimulatedCluster.IsExpected(e))
        {
            Die();
            failed();
            return;
        }

        Ready = true;
        Lease.Changed += (_, change) => Cluster.Nudge(this, change.Cause);
        Lease.Announce(Cluster.Hosts);
        foreach (var host in Cluster.Hosts)
        {
            _workers.Add(new HostWorker(host, _desk, _consoles, Peers, Lease, Name, _options, Time, NullLogger<HostWorker>.Instance));
        }

        _working = Task.WhenAll(_workers.Select(w => w.RunAsync(_stop.Token)));
        Cluster.Nudge(this, "start");
    }

    private async Task StopAsync(Action stopped)
    {
        Ready = false;
        try
        {
            _workers.ForEach(w => w.Drain());
            await _desk.StopAsync();
            _stop.Cancel();
            await _working;
            Lease.Announce([]);
            await Lease.TellAsync(CancellationToken.None);
            foreach (var shell in _shells.Values.ToList())
            {
                shell.End();
            }

            await Lease.StopAsync();
        }
        catch (Exception e) when (SimulatedCluster.IsExpected(e))
        {
            Cluster.Chronicle.Note(19, Number, 0, () => $"{Name} could not end its lease: {e.Message}");
        }

        Die();
        stopped();
    }
}
