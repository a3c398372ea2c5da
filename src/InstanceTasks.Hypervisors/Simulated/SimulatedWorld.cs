using InstanceTasks.Hypervisors.Simulated;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Hypervisors;

/// <summary>
/// A simulated world from outside: what an operator, a test or the wiring of a silo sets and reads. Any number of processes may have the
/// file open at once. Nothing here goes through stamps; every read first brings the world up to its clock.
/// </summary>
public sealed class SimulatedWorld : IDisposable
{
    private readonly WorldFile file;

    private SimulatedWorld(WorldFile file) => this.file = file;

    /// <summary>The hosts of a new world if none are named: <c>sim-1</c> to <c>sim-4</c> in zone <c>nova</c>, with room for 1 000 m1.tiny together.</summary>
    public static IReadOnlyList<HostDescription> DefaultHosts { get; } =
    [
        .. Enumerable.Range(1, 4).Select(n => new HostDescription(new HostName($"sim-{n}"), "nova", new Resources(256, 128 * 1024, 4000))),
    ];

    /// <summary>Opens the world, making the file and the hosts that it lacks; hosts that exist stay as they are. Several processes may do so at once.</summary>
    /// <param name="path">The file; its folder is made if need be.</param>
    /// <param name="hosts">The hosts; default <see cref="DefaultHosts"/>.</param>
    /// <param name="time">Wall time; default the system's.</param>
    /// <exception cref="InvalidOperationException">The file was made by another version.</exception>
    public static async Task<SimulatedWorld> CreateAsync(string path, IEnumerable<HostDescription>? hosts = null, TimeProvider? time = null)
    {
        var world = Open(path, create: true, time);
        try
        {
            await world.file.RunAsync(s => Done(() => s.AddHosts(hosts ?? DefaultHosts)));
            return world;
        }
        catch
        {
            world.Dispose();
            throw;
        }
    }

    /// <summary>Opens a world that exists.</summary>
    /// <exception cref="FileNotFoundException">It does not exist.</exception>
    /// <exception cref="InvalidOperationException">The file was made by another version.</exception>
    public static Task<SimulatedWorld> OpenAsync(string path, TimeProvider? time = null) => Task.FromResult(Open(path, create: false, time));

    /// <summary>How long operations take from now on; those under way keep their end. The most specific wins: verb and host, verb, host, neither; without any the driver's options.</summary>
    /// <param name="verb">Null: every verb.</param>
    /// <param name="host">Null: every host.</param>
    /// <param name="latency">Not negative; whole milliseconds. Zero: the effect happens within the call's own transaction.</param>
    public Task SetLatencyAsync(Verb? verb, HostName? host, TimeSpan latency)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latency, TimeSpan.Zero);
        return file.RunAsync(s => Done(() => s.SetLatency(WorldText.Of(verb), host?.Value, (long)latency.TotalMilliseconds)));
    }

    /// <summary>Removes all latencies that were set: the options of each driver count again.</summary>
    public Task ClearLatenciesAsync() => file.RunAsync(s => Done(s.ClearLatencies));

    /// <summary>Arms a fault for operations that begin from now on.</summary>
    /// <returns>Its id, for <see cref="ReadFiredAsync"/> and <see cref="ClearFaultsAsync"/>.</returns>
    /// <exception cref="ArgumentException">A matcher that the action cannot see, or a count or delay out of range.</exception>
    public Task<long> AddFaultAsync(SimulatedFault fault)
    {
        Check(fault);
        return file.RunAsync(s => s.AddFault(fault));
    }

    /// <summary>How often a fault has hit. Kept when the fault is spent or cleared.</summary>
    /// <exception cref="KeyNotFoundException">No fault has this id.</exception>
    public async Task<int> ReadFiredAsync(long fault) =>
        await file.RunAsync(s => s.ReadFired(fault)) ?? throw new KeyNotFoundException($"The world has no fault {fault}.");

    /// <summary>Disarms one fault or all. An operation that it hung goes on and ends now; other operations that it hit keep their fate.</summary>
    public Task ClearFaultsAsync(long? fault = null) => file.RunAsync(s => Done(() => s.ClearFaults(fault)));

    /// <summary>Moves the world's clock forward for every process; operations that this makes due end at the next look.</summary>
    public Task MoveClockAsync(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        return file.RunAsync(s => Done(() => s.MoveClock((long)by.TotalMilliseconds)));
    }

    /// <summary>The world's clock.</summary>
    public async Task<DateTimeOffset> ReadClockAsync() => DateTimeOffset.FromUnixTimeMilliseconds(await file.RunAsync(s => s.ReadClock()));

    /// <summary>Cuts a host off, or connects it again. While cut off every call for it fails, retryable; its operations go on.</summary>
    /// <exception cref="KeyNotFoundException">No such host.</exception>
    public Task SetReachableAsync(HostName host, bool reachable) =>
        MustChange(s => s.SetReachable(host.Value, reachable), $"The world has no host {host}.");

    /// <summary>Changes a machine's power behind the control plane's back: a crash, or somebody at the host.</summary>
    /// <exception cref="KeyNotFoundException">No such machine is defined.</exception>
    public Task SetPowerAsync(HostName host, InstanceId machine, PowerState power) =>
        MustChange(s => s.SetPower(host.Value, WorldText.Of(machine), power), $"Host {host} has no machine {machine}.");

    /// <summary>Removes a machine and its disk behind the control plane's back.</summary>
    /// <exception cref="KeyNotFoundException">No such machine.</exception>
    public Task RemoveMachineAsync(HostName host, InstanceId machine) =>
        MustChange(s => s.RemoveMachine(host.Value, WorldText.Of(machine)), $"Host {host} has no machine {machine}.");

    /// <summary>All machines, also those of unreachable hosts.</summary>
    public async Task<IReadOnlyList<SimulatedMachine>> ReadMachinesAsync() => await file.RunAsync(s => s.ReadMachines(null));

    /// <summary>How often each effect happened, per key and stamp.</summary>
    public async Task<IReadOnlyList<SimulatedEffect>> ReadEffectsAsync() => await file.RunAsync(s => s.ReadEffects());

    /// <summary>How often each effect was refused for its stamp.</summary>
    public async Task<IReadOnlyList<SimulatedRefusal>> ReadRefusalsAsync() => await file.RunAsync(s => s.ReadRefusals());

    /// <summary>Every operation, oldest first.</summary>
    public async Task<IReadOnlyList<SimulatedOperation>> ReadOperationsAsync() => await file.RunAsync(s => s.ReadOperations());

    /// <summary>The newest stamps of every machine, also of removed ones.</summary>
    public async Task<IReadOnlyList<SimulatedStamps>> ReadStampsAsync() => await file.RunAsync(s => s.ReadAllStamps());

    /// <summary>Closes the file; the world goes on.</summary>
    public void Dispose() => file.Dispose();

    private static SimulatedWorld Open(string path, bool create, TimeProvider? time) =>
        new(WorldFile.Open(path, create, time ?? TimeProvider.System, NullLogger.Instance));

    private static bool Done(Action action)
    {
        action();
        return true;
    }

    private async Task MustChange(Func<WorldSession, bool> change, string otherwise)
    {
        if (!await file.RunAsync(change))
        {
            throw new KeyNotFoundException(otherwise);
        }
    }

    private static void Check(SimulatedFault fault)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(fault.Delay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(fault.Times ?? 1, 1);
        var blind = fault.Action switch
        {
            SimulatedFaultAction.FailFence => (fault.MachineName, fault.Verb, fault.Task, fault.Step, fault.Direction) != default,
            SimulatedFaultAction.Forget => fault.MachineName is not null,
            SimulatedFaultAction.HangGuest => fault.Verb is not null and not Verb.Shutdown and not Verb.Reboot and not Verb.SetPassword,
            _ => false,
        };
        if (blind)
        {
            throw new ArgumentException($"A fault {fault.Action} with these matchers could never hit.", nameof(fault));
        }
    }
}
