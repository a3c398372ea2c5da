using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Polyfill;

namespace InstanceTasks.Grains.Tests.Network;

/// <summary>On one silo: its desk is looked into.</summary>
[Trait("Silos", "1")]
public sealed class BeginTests
{
    [Fact]
    public async Task Begin_AfterTheTaskWasCanceled_IsRefusedAndNothingHappens()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, ResponseTimeout = TimeSpan.FromSeconds(15) });

        var task = await BeginTooLateAsync(silos);

        Assert.Equal("canceled", task.State);
        Assert.DoesNotContain(silos.Trace.Verbs, v => v.Key!.Value.Task == task.Id);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task Begin_GrantingEverything_RestartsAMachineOfACanceledTask()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, ResponseTimeout = TimeSpan.FromSeconds(15), Filters = [new GrantAlways()] });

        var task = await BeginTooLateAsync(silos);

        Assert.Contains(await silos.FindViolationsAsync(), v => v.StartsWith("after the end:", StringComparison.Ordinal) && v.Contains(task.Id.Value.ToString("N"), StringComparison.Ordinal));
    }

    /// <summary>The runner has the attempt; its question for the grant is on its way while the task is canceled and ends.</summary>
    private static async Task<TaskRecord> BeginTooLateAsync(InProcessSilos silos)
    {
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var late = silo.Services.GetRequiredService<PolyfillFaults>().DeliverLate((_, method) => method == nameof(ITaskGrain.Begin), release.Task, times: 1);
        var id = await InProcessSilos.SubmitAsync(silo, TaskKinds.Reboot, machine);
        await silos.UntilAsync(() => late.Fired == 1, "the question for the grant is on its way");
        var answer = await silo.Grains.GetGrain<ITaskGrain>(id.GrainKey).Command(InProcessSilos.Command(TaskCommandKind.Cancel));
        Assert.True(answer.Accepted);
        var desk = silo.Services.GetRequiredService<WorkerDesk>();
        Assert.Single(desk.HeldOn(InProcessSilos.Host));
        var task = await silos.EndAsync(id);

        // The checker's tolerance must be over, so that what begins now is known to begin after the end.
        await silos.UntilAsync(() => DateTimeOffset.UtcNow > task.FinishedAt + TimeSpan.FromMilliseconds(50), "the end is past");
        release.SetResult();
        await silos.UntilAsync(() => desk.HeldOn(InProcessSilos.Host).Count == 0, "the runner has let go");
        return task;
    }

    private sealed class GrantAlways : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            await context.Invoke();
            if (context.MethodName == nameof(ITaskGrain.Begin))
            {
                context.Result = BeginAnswer.Granted;
            }
        }
    }
}
