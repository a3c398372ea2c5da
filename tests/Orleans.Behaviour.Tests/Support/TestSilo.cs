using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace Orleans.Behaviour.Tests;

/// <summary>A cluster for one test.</summary>
internal sealed partial class TestSilo : IAsyncDisposable
{
    private TestSilo(InProcessTestCluster cluster) => Cluster = cluster;

    public InProcessTestCluster Cluster { get; }

    public IGrainFactory Grains => Cluster.Client;

    public IServiceProvider Services => Cluster.Silos[0].ServiceProvider;

    public static async Task<TestSilo> StartAsync(Action<ISiloBuilder>? configure = null, short silos = 1, TimeSpan? responseTimeout = null, Action<IClientBuilder>? client = null)
    {
        var timeout = responseTimeout ?? TimeSpan.FromSeconds(30);
        AtLeast(ref silos);
        var builder = new InProcessTestClusterBuilder(silos);
        Join(builder);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorageAsDefault();
            silo.Configure<SiloMessagingOptions>(o => o.ResponseTimeout = timeout);
            configure?.Invoke(silo);
        });
        builder.ConfigureClient(one =>
        {
            one.Services.Configure<ClientMessagingOptions>(o => o.ResponseTimeout = timeout);
            client?.Invoke(one);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        await cluster.WaitForLivenessToStabilizeAsync();
        return new(cluster);
    }

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    // How the silos are joined is the polyfill's to choose.
    static partial void AtLeast(ref short silos);

    static partial void Join(InProcessTestClusterBuilder builder);
}
