using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

/// <summary>A world in a temporary file, with one driver on it; more can be opened.</summary>
public sealed class SimulatedSubject : ConformanceSubject
{
    private readonly string folder;
    private readonly List<SimulatedHypervisor> drivers = [];

    private SimulatedSubject(string folder, SimulatedWorld world)
    {
        this.folder = folder;
        World = world;
        Driver = OpenDriver();
    }

    public static string NewFolder() => Directory.CreateTempSubdirectory("simulated-world-").FullName;

    public string WorldFile => Path.Combine(folder, "world.db");

    public SimulatedWorld World { get; }

    public override SimulatedHypervisor Driver { get; }

    public override HostName Host => new("sim-1");

    public static async Task<SimulatedSubject> OpenAsync()
    {
        var made = NewFolder();
        return new SimulatedSubject(made, await SimulatedWorld.CreateAsync(Path.Combine(made, "world.db")));
    }

    /// <summary>Another driver on the same world: to the world it is another process.</summary>
    public SimulatedHypervisor OpenDriver(Action<SimulatedHypervisorOptions>? configure = null)
    {
        var options = new SimulatedHypervisorOptions { WorldFile = WorldFile };
        configure?.Invoke(options);
        drivers.Add(new SimulatedHypervisor(options));
        return drivers[^1];
    }

    public Machine NewMachine(IHypervisor? driver = null) => new(driver ?? Driver, Host);

    public override async Task<Hold> HoldAsync(Verb verb, bool abortable) => new FaultHold(World, await World.AddFaultAsync(new SimulatedFault
    {
        Action = SimulatedFaultAction.Hang,
        Verb = verb,
        AbortRule = abortable ? SimulatedAbortRule.CallerOrFence : SimulatedAbortRule.Nobody,
    }));

    public override ValueTask DisposeAsync()
    {
        foreach (var driver in drivers)
        {
            driver.Dispose();
        }

        World.Dispose();
        Directory.Delete(folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private sealed class FaultHold(SimulatedWorld world, long fault) : Hold
    {
        public override Task WaitUntilHeldAsync() =>
            Eventually.IsTrueAsync(async () => await world.ReadFiredAsync(fault) == 1, "the operation hangs");

        public override Task ReleaseAsync() => world.ClearFaultsAsync(fault);
    }
}
