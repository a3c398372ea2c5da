using InstanceTasks.Engine;
using InstanceTasks.Grains.Tests.Ownership;
using InstanceTasks.Grains.Workers;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>A silo without workers of its own, whose tasks and hosts answer by script; one, since the desk is the test's, and calls do not depend on where they end.</summary>
public sealed class WorkerFixture : IAsyncLifetime
{
    private InProcessSilos _silos = null!;

    internal ScriptedGrains Grains { get; } = new();

    internal ScriptedHypervisor Hypervisor { get; } = new();

    internal FakeOwnership Ownership { get; } = new();

    internal WorkerOptions Options { get; } = new() { AbortGrace = TimeSpan.FromMilliseconds(200), StopGrace = TimeSpan.FromMilliseconds(200), PollWait = TimeSpan.FromMilliseconds(100) };

    internal WorkerDesk Desk { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Workers = o => o.Enabled = false, Filters = [Grains], ResponseTimeout = TimeSpan.FromSeconds(2) });
        Desk = new WorkerDesk(new StepRunner(Hypervisor, new ScriptedSecrets(), TimeProvider.System), Peers, Ownership, Options, TimeProvider.System, NullLogger<WorkerDesk>.Instance);
    }

    public Task DisposeAsync() => _silos.DisposeAsync().AsTask();

    internal IPeers Peers => new GrainPeers(_silos.Silos[0].Grains);

    internal HostWorker NewWorker() => new(InProcessSilos.Host, Desk, new ConsoleReader(Hypervisor), Peers, Ownership, "silo-a", Options, TimeProvider.System, NullLogger<HostWorker>.Instance);

    /// <summary>What the pool announces, it announces here.</summary>
    internal FakeLeases Leases { get; } = new();

    internal LeaseKeeper Lease => field ??= new(Leases, Microsoft.Extensions.Options.Options.Create(new LeaseOptions { RenewEvery = TimeSpan.FromMilliseconds(20) }), new SiloName("silo-a"), TimeProvider.System, NullLogger<LeaseKeeper>.Instance);

    internal WorkerPool NewPool(FakeSilo silo, IHostRegistry registry) => new(
        Hypervisor, registry, Desk, new ConsoleReader(Hypervisor), Peers, Ownership, Lease, silo, Microsoft.Extensions.Options.Options.Create(Options), Microsoft.Extensions.Options.Options.Create(new LimitOptions()),
        new DrainSignal(), TimeProvider.System, NullLogger<HostWorker>.Instance);

    /// <summary>Hands an attempt to the desk; what is listed when it lets go.</summary>
    internal Task<HeldAttempt> TakeAsync(Attempt attempt)
    {
        var over = new TaskCompletionSource<HeldAttempt>(TaskCreationOptions.RunContinuationsAsynchronously);
        Desk.Take(attempt, held => over.TrySetResult(held));
        return _silos.WaitAsync(over.Task, "the desk has let go");
    }

    internal Task UntilAsync(Func<bool> condition, string what) => _silos.UntilAsync(condition, what);

    internal Task WaitAsync(Task task, string what) => _silos.WaitAsync(task, what);
}
