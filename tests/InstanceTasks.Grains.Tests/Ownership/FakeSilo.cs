using System.Net;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>A silo's life as its participants see it, started and stopped by a test.</summary>
internal class FakeSilo : ISiloLifecycle, ILocalSiloDetails, IDisposable
{
    private readonly SortedList<int, ILifecycleObserver> _observers = [];

    public int HighestCompletedStage => 0;

    public int LowestStoppedStage => 0;

    public string Name => "silo-a";

    public string ClusterId => "test";

    public string DnsHostName => "localhost";

    public SiloAddress SiloAddress { get; } = SiloAddress.New(IPAddress.Loopback, 1, 1);

    public SiloAddress GatewayAddress => null!;

    public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
    {
        _observers.Add(stage, observer);
        return this;
    }

    public async Task StartAsync()
    {
        foreach (var observer in _observers.Values)
        {
            await observer.OnStart();
        }
    }

    public async Task StopAsync()
    {
        foreach (var observer in _observers.Values.Reverse())
        {
            await observer.OnStop();
        }
    }

    // What a subscription is ended with: this silo's participants stay.
    public void Dispose() => GC.SuppressFinalize(this);
}
