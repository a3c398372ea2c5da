using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>Gives <see cref="InstanceActor"/> its turns.</summary>
internal sealed class InstanceGrain(IJournal journal, IPeers peers, IOwnership ownership, TimeProvider time, ILogger<InstanceActor> logger, IAdmission admission) : Grain, IInstanceGrain
{
    private InstanceActor? _actor;

    private InstanceActor Actor => _actor ??= new InstanceActor(GrainKeys.InstanceOf(this), journal, peers, ownership, time, logger, admission);

    /// <inheritdoc/>
    public Task<AcceptAnswer> Submit(SubmitTask request) => GuardAsync(() => Actor.SubmitAsync(request));

    /// <inheritdoc/>
    public Task<SettleAnswer> Settle(SettleRequest request) => GuardAsync(() => Actor.SettleAsync(request));

    private async Task<T> GuardAsync<T>(Func<Task<T>> turn)
    {
        try
        {
            return await turn();
        }
        catch
        {
            // Whatever it was, what this object knows may be half of the truth: the next call loads it afresh.
            DeactivateOnIdle();
            throw;
        }
        finally
        {
            if (Actor.MustDrop)
            {
                DeactivateOnIdle();
            }
        }
    }
}

/// <summary>Reads ids back from grain keys.</summary>
internal static class GrainKeys
{
    private const int PrefixLength = 2;

    public static InstanceId InstanceOf(Grain grain) => new(Guid.ParseExact(grain.GetPrimaryKeyString()[PrefixLength..], "N"));

    public static TaskId TaskOf(Grain grain) => new(Guid.ParseExact(grain.GetPrimaryKeyString()[PrefixLength..], "N"));

    public static ProjectId ProjectOf(Grain grain) => new(grain.GetPrimaryKeyString()[PrefixLength..]);

    public static HostName HostOf(Grain grain) => new(grain.GetPrimaryKeyString()[PrefixLength..]);

    public static int ShardOf(Grain grain) => int.Parse(grain.GetPrimaryKeyString()[PrefixLength..]);
}
