using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains.Workers;

/// <summary>
/// One worker for every host that this process reaches, from the moment the silo is active until it stops. Stops before the grains do:
/// what still runs then is handed over at the next safe point, or aborted and repeated elsewhere.
/// </summary>
internal sealed class WorkerPool(
    IHypervisorHosts reach, IHostRegistry registry, WorkerDesk desk, IConsoleSource consoles, IPeers peers, IOwnership ownership, LeaseKeeper lease, ILocalSiloDetails silo, IOptions<WorkerOptions> options, IOptions<LimitOptions> limits, DrainSignal drain, TimeProvider time,
    ILogger<HostWorker> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private List<HostWorker> _workers = [];
    private Task _running = Task.CompletedTask;
    private bool _disposed;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle)
    {
        if (options.Value.Enabled)
        {
            lifecycle.Subscribe(nameof(WorkerPool), ServiceLifecycleStage.Active, StartAsync, StopAsync);
        }
        else
        {
            lease.Announce([]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A silo that was not stopped, only disposed, must not leave its workers polling for ever.
        if (!_disposed)
        {
            _disposed = true;
            _stop.Cancel();
            _stop.Dispose();
        }
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        var hosts = await reach.ReadHostsAsync(cancellationToken);
        foreach (var host in hosts)
        {
            await registry.RegisterAsync(host.Host, host.Zone, host.Capacity, cancellationToken);
        }

        lease.Announce(hosts.Select(h => h.Host));
        _workers = [.. hosts.Select(h => new HostWorker(h.Host, desk, consoles, peers, ownership, silo.Name, options.Value, time, logger, limits.Value))];
        _running = Task.WhenAll(_workers.Select(w => Task.Run(() => w.RunAsync(_stop.Token), CancellationToken.None)));
        _ = drain.Begun.Register(() => _workers.ForEach(w => w.Drain()));
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        _workers.ForEach(w => w.Drain());
        await desk.StopAsync();
        await _stop.CancelAsync();
        await _running;
        // The grains of this silo may take a while to end, and with them its lease: nobody need wait for that.
        lease.Announce([]);
        await lease.TellAsync(cancellationToken);
    }
}
