using System.Collections.Concurrent;
using InstanceTasks.Engine;
using InstanceTasks.Grains.Tests.Ownership;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Workers;

public sealed class WorkerPoolTests : IAsyncLifetime
{
    private static readonly Resources Capacity = new(4, 4096, 40);

    private readonly WorkerFixture _at = new();
    private readonly Registry _registry = new();

    public Task InitializeAsync()
    {
        _at.Hypervisor.Hosts = [new HostDescription(InProcessSilos.Host, "nova", Capacity)];
        return _at.InitializeAsync();
    }

    public Task DisposeAsync() => _at.DisposeAsync();

    [Fact]
    public async Task Start_RegistersEveryHostAndPolls_StopEndsThePolls()
    {
        using var silo = new FakeSilo();
        using var pool = _at.NewPool(silo, _registry);
        pool.Participate(silo);

        await silo.StartAsync();
        await _at.UntilAsync(() => !_at.Grains.Polls.IsEmpty, "it polls");
        await _at.WaitAsync(silo.StopAsync(), "it has stopped");

        Assert.Equal([(InProcessSilos.Host, "nova", Capacity)], _registry.Hosts);
        Assert.Equal(0, _at.Grains.Polls.Last().Room);
    }

    /// <summary>Nobody waits for the polls of a process that cannot hold work: a frontend's, or one that is stopping.</summary>
    [Fact]
    public async Task Pool_SaysForWhichHostsItWorks_AndTakesItBackWhenItHasStopped()
    {
        using var silo = new FakeSilo();
        using var pool = _at.NewPool(silo, _registry);
        pool.Participate(silo);
        new LeaseLifecycle(_at.Lease).Participate(silo);
        await silo.StartAsync();
        await _at.UntilAsync(() => _at.Leases.Announced.GetValueOrDefault(_at.Lease.Generation) is { Count: 1 } hosts && hosts.Contains(InProcessSilos.Host), "it has announced its host");

        var announcedBeforeItLeft = false;
        _at.Leases.Leaving = generation => announcedBeforeItLeft = _at.Leases.Announced[generation].Count == 0;
        await _at.WaitAsync(silo.StopAsync(), "it has stopped");

        Assert.True(announcedBeforeItLeft, "it works for no host before its lease ends");
    }

    [Fact]
    public async Task Pool_OfAProcessWithoutWorkers_WorksForNoHostFromTheBeginning()
    {
        _at.Options.Enabled = false;
        using var silo = new FakeSilo();
        using var pool = _at.NewPool(silo, _registry);
        pool.Participate(silo);
        new LeaseLifecycle(_at.Lease).Participate(silo);

        await silo.StartAsync();

        Assert.Empty(_at.Leases.Announced[_at.Lease.Generation]);
        Assert.Empty(_registry.Hosts);
        await silo.StopAsync();
    }

    [Fact]
    public async Task Dispose_WithoutAStop_EndsThePolls()
    {
        using var silo = new FakeSilo();
        var pool = _at.NewPool(silo, _registry);
        pool.Participate(silo);
        await silo.StartAsync();
        await _at.UntilAsync(() => !_at.Grains.Polls.IsEmpty, "it polls");

        pool.Dispose();
        pool.Dispose();

        // The last poll of a worker that ends lets go of the one before.
        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Wait == TimeSpan.FromMilliseconds(1)), "the worker has ended");
    }

    private sealed class Registry : IHostRegistry
    {
        public ConcurrentQueue<(HostName Host, string Zone, Resources Capacity)> Hosts { get; } = new();

        public Task RegisterAsync(HostName host, string zone, Resources capacity, CancellationToken cancellationToken = default)
        {
            Hosts.Enqueue((host, zone, capacity));
            return Task.CompletedTask;
        }
    }
}
