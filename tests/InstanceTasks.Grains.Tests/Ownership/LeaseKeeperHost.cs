using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>A lease keeper on a manual clock and a fake table.</summary>
internal sealed class LeaseKeeperHost : FakeSilo
{
    private int _ticks;

    public LeaseKeeperHost(bool soleOwner = false)
    {
        Keeper = new LeaseKeeper(Leases, Options.Create(new LeaseOptions { SoleOwner = soleOwner }), new SiloName("silo-a"), Time, NullLogger<LeaseKeeper>.Instance, Calls);
        Keeper.Changed += (_, change) => Changes.Add(change.Cause);
        new LeaseLifecycle(Keeper).Participate(this);
    }

    public FakeLeases Leases { get; } = new();

    public CallsToCount Calls { get; } = new();

    public ManualTime Time { get; } = new();

    public LeaseKeeper Keeper { get; }

    public List<string> Changes { get; } = [];

    /// <summary>One second passes, and the renewal of that second is over.</summary>
    public async Task SecondAsync()
    {
        Time.Advance(TimeSpan.FromSeconds(1));
        _ticks++;
        await Eventually.TrueAsync(() => Leases.CountOf("renew") >= _ticks && Settled(), TimeSpan.FromSeconds(10), $"renewal {_ticks}");
    }

    // A renewal that fails ends there; one that does not reads the others afterwards.
    private bool Settled() => Leases.IsDown || Leases.Reads > Leases.Renewals.Count;

    /// <summary>Counts that a test sets.</summary>
    internal sealed class CallsToCount : ICallCounts
    {
        public CallCounts Now { get; set; } = new(0, 0);

        public CallCounts Read() => Now;
    }
}
