using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Grains.Tests;

/// <summary>Deadlines, holds, priorities and limits on the real grains and the real store.</summary>
public sealed class TaskControlTests
{
    [Fact]
    public async Task Deadline_WhileAVerbRuns_IsKeptByAnotherSiloAfterItsOwnIsKilled()
    {
        await using var silos = await InProcessSilos.StartAsync();
        var first = silos.Silos[0];
        var server = await silos.CreateServerAsync(first);
        await silos.StartSiloAsync();
        var stuck = silos.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Shutdown);
        var task = await InProcessSilos.SubmitAsync(first, InProcessSilos.Request(TaskKinds.Stop, server) with { DeadlineIn = TimeSpan.FromSeconds(8) });
        await silos.WaitAsync(stuck.Reached, "the verb runs");
        var stuckToo = silos.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Shutdown);

        await silos.KillAsync(silos.Named(stuck.Silo));
        await silos.WaitAsync(stuckToo.Reached, "another silo has taken it over");
        await silos.UntilAsync(task, t => t.State == "canceling", "the deadline has passed");
        stuckToo.Release();

        var ended = await silos.EndAsync(task);
        Assert.Equal(("failed", FailureKinds.Deadline), (ended.State, ended.Failure!.Kind));
        Assert.Empty(await silos.FindViolationsAsync());
    }

    [Fact]
    public async Task Hold_InTheStore_HoldsTheNextStepUntilItIsRemoved()
    {
        await using var silos = await InProcessSilos.StartAsync();
        var silo = silos.Silos[0];
        var server = await silos.CreateServerAsync(silo);
        var shutdown = silos.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Shutdown);
        var task = await InProcessSilos.SubmitAsync(silo, TaskKinds.Stop, server);
        await silos.WaitAsync(shutdown.Reached, "the first step runs");

        var hold = await silos.Store.AddHoldAsync(new() { Id = Guid.NewGuid(), Reason = "repairs", By = new("root"), Kind = TaskKinds.Stop });
        await silos.UntilAsync(() => silos.Silos.All(s => s.Services.GetRequiredService<IHolds>().Find(new() { Id = task, Kind = TaskKinds.Stop, Instance = server, Project = new(""), User = new(""), Request = new("") }) is not null), "the silos know the hold");
        shutdown.Release();
        var held = await silos.UntilAsync(task, t => t.WaitReason is not null, "it is held");
        Assert.Equal(("waiting", $"held by an operator: repairs (hold {hold.Id})"), (held.State, held.WaitReason));

        await silos.Store.RemoveHoldAsync(hold.Id, new("root"));

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task Limit_OfAKind_LetsOneRunAtATimeAndTheOthersFollowAtOnce()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Limits = o => o.RunningPerKind["hard-reboot"] = 1 });
        var silo = silos.Silos[0];
        InstanceId[] machines = [await silos.CreateServerAsync(silo), await silos.CreateServerAsync(silo), await silos.CreateServerAsync(silo)];
        var reset = silos.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var tasks = new List<TaskId>();
        foreach (var machine in machines)
        {
            tasks.Add(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine));
        }

        await silos.WaitAsync(reset.Reached, "one runs");
        await silos.UntilAsync(tasks[2], t => t.Wait is not null, "the last one says what it waits for");
        var waiting = (await silos.Store.GetTaskAsync(tasks[2]))!;
        Assert.Equal((WaitLimits.Kind, tasks[0]), (waiting.Wait!.Limit, waiting.Wait.HeldBy.Single()));
        reset.Release();

        foreach (var task in tasks)
        {
            Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        }
    }
}
