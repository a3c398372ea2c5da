using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Polyfill;
using Orleans.Polyfill.Tests;
using Orleans.Polyfill.Tests.Cluster;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

/// <summary>What only a cluster of the polyfill has: faults, a clock of the test's, and sockets instead of memory.</summary>
internal sealed partial class TestSilo
{
    /// <summary>How the silos of this test are joined, and how many there are at least; null: by memory, as many as the test says.</summary>
    public static AsyncLocal<Topology?> Topology { get; } = new();

    public SocketTestOptions Sockets => Cluster.Options.Sockets!;

    public FakeTime Time { get; private init; } = null!;

    public PolyfillFaults Faults => Services.GetRequiredService<PolyfillFaults>();

    public static async Task<TestSilo> StartOnFakeTimeAsync(Action<ISiloBuilder>? configure = null, short silos = 1, TimeSpan? responseTimeout = null)
    {
        var time = new FakeTime();
        var started = await StartAsync(
            silo =>
            {
                silo.Services.AddSingleton<TimeProvider>(time);
                // A clock that jumps over a probe's limit says nothing of the silo that was to answer it.
                silo.Configure<ClusterMembershipOptions>(o => o.LivenessEnabled = false);
                configure?.Invoke(silo);
            },
            silos,
            responseTimeout,
            client => client.Services.AddSingleton<TimeProvider>(time));
        return new(started.Cluster) { Time = time };
    }

    static partial void AtLeast(ref short silos) => silos = Topology.Value?.AtLeast(silos) ?? silos;

    static partial void Join(InProcessTestClusterBuilder builder) => builder.Options.Sockets = Topology.Value?.Sockets();
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

        var table = new MemoryClusterTable();
        return new(() => table, () => table);
    }
}
