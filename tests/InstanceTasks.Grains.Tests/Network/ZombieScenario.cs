using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace InstanceTasks.Grains.Tests.Network;

/// <summary>Where the silo is when it is cut off.</summary>
public enum CutAt
{
    /// <summary>Past its last look, the world has not heard of the verb.</summary>
    BeforeVerb = 0,

    /// <summary>The world is at it; a fence can end it.</summary>
    InVerb = 1,

    /// <summary>The world is at it, and nothing can end it.</summary>
    InUnstoppableVerb = 2,

    /// <summary>The effect is there, the runner has not heard of it.</summary>
    AfterVerb = 3,
}

/// <summary>
/// A silo drives a restart of a machine and runs its verb. It is cut off from the store and from the other silo, while its runner lives on;
/// the other silo takes the task over; then the first one's verb reaches the world.
/// </summary>
internal sealed class ZombieScenario(InProcessSilos silos, CutAt at)
{
    public InstanceId Machine { get; private set; }

    public TaskRecord Ended { get; private set; } = null!;

    public VerbCall OldCall { get; private set; } = null!;

    public InProcessSilo Zombie => silos.Silos[0];

    public InProcessSilo Heir => silos.Silos[1];

    public WorldCall OldVerb => silos.Trace.Verbs.First(v => v.Silo == Zombie.Name && v.Key == OldCall.Key);

    public async Task RunAsync()
    {
        Machine = await silos.CreateServerAsync(Zombie);
        var hold = await ArrangeAsync();
        var task = await InProcessSilos.SubmitAsync(Zombie, TaskKinds.HardReboot, Machine);
        OldCall = await ReachAsync(task, hold);
        await silos.StartSiloAsync();
        CutOff();
        Ended = await silos.EndAsync(task);
        hold?.Release();
        await LetTheZombieSpeakAsync();
    }

    private async Task<VerbHold?> ArrangeAsync()
    {
        switch (at)
        {
            case CutAt.InVerb:
                await silos.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Hang, Verb = Verb.Reset, AbortRule = SimulatedAbortRule.Fence });
                return null;
            case CutAt.InUnstoppableVerb:
                await silos.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Slow, Verb = Verb.Reset, Delay = TimeSpan.FromSeconds(4), AbortRule = SimulatedAbortRule.Nobody });
                return null;
            default:
                return Zombie.World.Hold(at == CutAt.BeforeVerb ? HoldAt.BeforeWorld : HoldAt.AfterWorld, (verb, _) => verb == Verb.Reset);
        }
    }

    private async Task<VerbCall> ReachAsync(TaskId task, VerbHold? hold)
    {
        if (hold is not null)
        {
            return await silos.WaitAsync(hold.Reached, "the verb is held");
        }

        SimulatedOperation? begun = null;
        await silos.UntilAsync(
            async () => (begun = (await silos.World.ReadOperationsAsync()).FirstOrDefault(o => o.Key.Task == task && o.State == SimulatedOperationState.Begun)) is not null,
            "the world is at the verb");
        var machine = (await silos.Store.GetTaskAsync(task))!.Machine!;
        return new VerbCall(begun!.Host, machine, begun.Key, begun.Stamp);
    }

    private void CutOff()
    {
        Zombie.Store.Cut();
        Heir.Services.GetRequiredService<PolyfillFaults>().DeclareDead(Zombie.Handle.SiloAddress);
    }

    // Held before the world, the verb itself comes late; otherwise the network brings it a second time.
    private async Task LetTheZombieSpeakAsync()
    {
        if (at != CutAt.BeforeVerb)
        {
            await Record.ExceptionAsync(() => Zombie.World.SendAgainAsync(Verb.Reset, OldCall));
        }

        await silos.UntilAsync(() => OldVerb.Returned > 0, "the zombie's verb has returned");
    }
}
