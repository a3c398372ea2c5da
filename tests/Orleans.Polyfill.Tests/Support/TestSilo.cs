using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace Orleans.Polyfill.Tests;

/// <summary>A cluster for one test.</summary>
internal sealed class TestSilo : IAsyncDisposable
{
    private TestSilo(InProcessTestCluster cluster, FakeTime? time)
    {
        Cluster = cluster;
        Time = time!;
    }

    /// <summary>How the silos of this test are joined, and how many there are at least; null: by memory, as many as the test says.</summary>
    public static AsyncLocal<Topology?> Topology { get; } = new();

    public SocketTestOptions Sockets => Cluster.Options.Sockets!;

    public InProcessTestCluster Cluster { get; }

    public FakeTime Time { get; }

    public IGrainFactory Grains => Cluster.Client;

    public IServiceProvider Services => Cluster.Silos[0].ServiceProvider;

    public PolyfillFaults Faults => Services.GetRequiredService<PolyfillFaults>();

    public static async Task<TestSilo> StartAsync(Action<ISiloBuilder>? configure = null, short silos = 1, bool fakeTime = false, TimeSpan? responseTimeout = null)
    {
        var time = fakeTime ? new FakeTime() : null;
        var timeout = responseTimeout ?? TimeSpan.FromSeconds(30);
        var builder = new InProcessTestClusterBuilder(Topology.Value?.AtLeast(silos) ?? silos);
        builder.Options.Sockets = Topology.Value?.Sockets();
        builder.ConfigureSilo((_, silo) =>
        {
            if (time is not null)
            {
                silo.Services.AddSingleton<TimeProvider>(time);
                // A clock that jumps over a probe's limit says nothing of the silo that was to answer it.
                silo.Configure<ClusterMembershipOptions>(o => o.LivenessEnabled = false);
            }

            silo.AddMemoryGrainStorageAsDefault();
            silo.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = timeout);
            configure?.Invoke(silo);
        });
        builder.ConfigureClient(client => client.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = timeout));
        if (time is not null)
        {
            builder.ConfigureClient(client => client.Services.AddSingleton<TimeProvider>(time));
        }

        var cluster = builder.Build();
        await cluster.DeployAsync();
        await cluster.WaitForLivenessToStabilizeAsync();
        return new(cluster, time);
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}

/// <summary>Silos that are joined by sockets, over a table in memory or in a database.</summary>
internal sealed record Topology(short Silos, string? Postgres = null)
{
    public short AtLeast(short asked) => Math.Max(asked, Silos);

    public SocketTestOptions Sockets()
    {
        if (Postgres is { } connection)
        {
            return new(() => new AdoNetClusterTable("sockets", "Npgsql", connection, null), () => new AdoNetGateways(new("sockets", "Npgsql", connection, null)));
        }

        var table = new Cluster.MemoryClusterTable();
        return new(() => table, () => table);
    }
}

internal static class Wait
{
    /// <summary>Waits for the condition; a test that waits in vain fails after ten seconds.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited in vain: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited in vain: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }
}
