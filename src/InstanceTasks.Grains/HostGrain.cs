using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>Gives <see cref="HostActor"/> its turns; every method interleaves and none awaits between reading and changing state.</summary>
internal sealed class HostGrain(IOwnership ownership, TimeProvider time, IOptions<LimitOptions> limits) : Grain, IHostGrain
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(10);

    private HostActor? _actor;

    private HostActor Actor => _actor ??= new HostActor(GrainKeys.HostOf(this), ownership, time, limits.Value);

    /// <inheritdoc/>
    public Task<WhereAnswer> Offer(Attempt attempt) => Task.FromResult(Actor.Offer(attempt));

    /// <inheritdoc/>
    public Task Withdraw(VerbKey key, Stamp stamp)
    {
        Actor.Withdraw(key, stamp);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<WhereAnswer> Where(VerbKey key, Stamp stamp) => Task.FromResult(Actor.Where(key, stamp));

    /// <inheritdoc/>
    public Task<PollAnswer> Poll(PollRequest request) =>
        Actor.PollAsync(request.Wait > LongestPoll ? request with { Wait = LongestPoll } : request);

    /// <inheritdoc/>
    public Task<FenceAnswer> Fence(InstanceId machine, Stamp below) => Task.FromResult(Actor.Fence(machine, below));
}
