using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

public sealed class SimulatedConformance : HypervisorConformance
{
    protected override async Task<ConformanceSubject> OpenAsync() => await SimulatedSubject.OpenAsync();
}

/// <summary>The same promises when every operation takes time and so outlives the transaction that began it.</summary>
public sealed class SlowSimulatedConformance : HypervisorConformance
{
    protected override async Task<ConformanceSubject> OpenAsync()
    {
        var subject = await SimulatedSubject.OpenAsync();
        await subject.World.SetLatencyAsync(null, null, TimeSpan.FromMilliseconds(3));
        return subject;
    }
}
