using InstanceTasks.Engine;
using Orleans.Placement;

namespace InstanceTasks.Grains;

/// <summary>Answers once, from wherever it is.</summary>
[RandomPlacement]
internal sealed class WitnessGrain(IOwnership ownership) : Grain, IWitnessGrain
{
    /// <inheritdoc/>
    public Task<WitnessAnswer> See()
    {
        DeactivateOnIdle();
        return Task.FromResult(new WitnessAnswer(ownership.Generation, ownership.LeaseIsSafe));
    }
}
