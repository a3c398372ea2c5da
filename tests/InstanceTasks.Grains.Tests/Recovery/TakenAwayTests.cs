using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Recovery;

/// <summary>
/// Found in review, after a server had stayed in BUILD when another silo was killed: Orleans ends the activations of a living silo whose place in the directory was on the
/// dead one. Nobody else looks after a task that has an owner before it is due, minutes later.
/// </summary>
public sealed class TakenAwayTests
{
    [Fact]
    public async Task Task_ItsActivationIsTakenAwayWhileAStepRuns_GoesOnAtOnce()
    {
        // Not the first step: until that is done a task is due soon after its accept.
        var begun = 0;
        var thief = new Thief(c => c.MethodName == nameof(ITaskGrain.Begin) && c.Result is BeginAnswer.Granted && ++begun == 2) { Armed = true };
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Filters = [thief] });

        var task = await silos.EndAsync(await InProcessSilos.SubmitAsync(silos.Silos[0], InProcessSilos.CreateRequest()), TimeSpan.FromSeconds(15));

        Assert.NotNull(thief.Taken);
        Assert.Equal("succeeded", task.State);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task RecoveryShard_ItsActivationIsTakenAway_LooksAgain()
    {
        var thief = new Thief(c => c.MethodName == nameof(IRecoveryGrain.Nudge)) { Armed = true };
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Filters = [thief] });
        for (var shard = 0; shard < Shards.Count; shard++)
        {
            await silos.Silos[0].Grains.GetGrain<IRecoveryGrain>($"r-{shard}").Nudge("test");
        }

        await silos.UntilAsync(() => thief.Taken is not null, "an activation is taken away");
        var grain = $"{thief.Taken}";

        await silos.UntilAsync(
            () => silos.CallTrace.Calls.Where(c => c.Grain == grain && c.Method == nameof(IRecoveryGrain.Nudge)).Select(c => c.Activation).Distinct().Count() > 1, "the shard's next activation looks");
    }

    /// <summary>Ends the first activation that has answered a call of a kind, as Orleans does when its place in the directory is lost.</summary>
    private sealed class Thief(Func<IIncomingGrainCallContext, bool> sees) : IIncomingGrainCallFilter
    {
        private int _armed;

        public bool Armed
        {
            set => Volatile.Write(ref _armed, value ? 1 : 0);
        }

        public GrainId? Taken { get; private set; }

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            await context.Invoke();
            if (sees(context) && Interlocked.Exchange(ref _armed, 0) == 1)
            {
                Taken = context.TargetId;
                context.TargetContext.Deactivate(new DeactivationReason(DeactivationReasonCode.DirectoryFailure, "its place was on a silo that has died"));
            }
        }
    }
}
