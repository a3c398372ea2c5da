using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Instances;

public sealed class AcceptRulesTests
{
    [Fact]
    public void UnknownKind_IsInvalid()
    {
        Expect(Some.Instance(), new TaskKind("explode"), RefusalKind.Invalid, "There is no such kind of task: explode.");
    }

    [Fact]
    public void Create_NewId_GetsTheMachineAtOnce()
    {
        Assert.Equal(AcceptMode.Now, AcceptRules.Decide(null, Some.Request(TaskKinds.Create, InstanceId.New())).Mode);
    }

    [Fact]
    public void Create_WithoutAnInstance_IsInvalid()
    {
        var request = Some.Request(TaskKinds.Create, InstanceId.New()) with { NewInstance = null };

        Assert.Equal(RefusalKind.Invalid, AcceptRules.Decide(null, request).Refusal!.Kind);
    }

    [Fact]
    public void Create_ExistingId_IsRefused()
    {
        var instance = Some.Instance();

        Expect(instance, TaskKinds.Create, RefusalKind.NotNow, $"Instance {instance.Id} exists already.");
    }

    [Fact]
    public void NoInstance_Deleted_OrAnotherProjects_CouldNotBeFound()
    {
        var id = InstanceId.New();
        foreach (var (instance, caller) in new[] { ((InstanceRecord?)null, Some.Owner), (Some.Instance(VmState.Deleted, id), Some.Owner), (Some.Instance(id: id), Some.Stranger) })
        {
            var refusal = AcceptRules.Decide(instance, Some.Request(TaskKinds.Stop, id, caller)).Refusal!;
            Assert.Equal((RefusalKind.NotFound, $"Instance {id} could not be found."), (refusal.Kind, refusal.Message));
        }
    }

    [Fact]
    public void AnAdministrator_SeesEveryProjectsInstances()
    {
        var instance = Some.Instance();

        Assert.Equal(AcceptMode.Now, AcceptRules.Decide(instance, Some.Request(TaskKinds.Stop, instance.Id, Some.Admin)).Mode);
    }

    [Theory]
    [InlineData("start", VmState.Active, "Cannot 'start' instance {0} while it is in vm_state active")]
    [InlineData("stop", VmState.Stopped, "Cannot 'stop' instance {0} while it is in vm_state stopped")]
    [InlineData("reboot", VmState.Stopped, "Cannot 'reboot' instance {0} while it is in vm_state stopped")]
    [InlineData("hard-reboot", VmState.Building, "Cannot 'reboot' instance {0} while it is in vm_state building")]
    [InlineData("metadata", VmState.Error, "Cannot 'metadata' instance {0} while it is in vm_state error")]
    public void WrongState_IsRefusedInNovasWords(string kind, VmState state, string message)
    {
        var instance = Some.Instance(state);

        Expect(instance, new TaskKind(kind), RefusalKind.WrongState, string.Format(message, instance.Id));
    }

    [Theory]
    [InlineData("stop")]
    [InlineData("start")]
    [InlineData("reboot")]
    [InlineData("hard-reboot")]
    public void NeverLaunched_IsRefusedInNovasWords(string kind)
    {
        var instance = Some.Instance(VmState.Error) with { LaunchedAt = null };

        Expect(instance, new TaskKind(kind), RefusalKind.WrongState, $"Cannot '{PlanRegistry.Find(new TaskKind(kind))!.NovaAction}' instance {instance.Id} while it is in launched_at None");
    }

    [Theory]
    [InlineData("delete")]
    [InlineData("lock")]
    [InlineData("unlock")]
    [InlineData("update")]
    public void NeverLaunched_SomeKinds_DoNotMind(string kind)
    {
        Assert.Null(AcceptRules.Decide(Some.Instance(VmState.Error) with { LaunchedAt = null, Host = null }, Request(kind)).Refusal);
    }

    [Theory]
    [InlineData("stop", VmState.Active)]
    [InlineData("start", VmState.Stopped)]
    public void NoHost_IsNotReady(string kind, VmState state)
    {
        var instance = Some.Instance(state) with { Host = null };

        Expect(instance, new TaskKind(kind), RefusalKind.NotReady, $"Instance {instance.Id} is not ready");
    }

    [Theory]
    [InlineData("delete", true)]
    [InlineData("stop", true)]
    [InlineData("start", true)]
    [InlineData("reboot", true)]
    [InlineData("hard-reboot", true)]
    [InlineData("metadata", true)]
    [InlineData("lock", false)]
    [InlineData("unlock", false)]
    [InlineData("update", false)]
    public void Locked_RefusesOwners(string kind, bool refused)
    {
        var instance = Some.Instance(Some.StateFor(kind)) with { LockedBy = "owner" };

        var decision = AcceptRules.Decide(instance, Request(kind));

        Assert.Equal(refused, decision.Refusal is not null);
        if (refused)
        {
            Assert.Equal((RefusalKind.Locked, $"Instance {instance.Id} is locked"), (decision.Refusal!.Kind, decision.Refusal.Message));
        }

        Assert.Null(AcceptRules.Decide(instance with { LockedBy = "admin" }, Request(kind, Some.Admin)).Refusal);
    }

    [Fact]
    public void Unlock_OfAnAdministratorsLock_IsForbiddenForOwners()
    {
        var instance = Some.Instance() with { LockedBy = "admin" };

        Expect(instance, TaskKinds.Unlock, RefusalKind.Forbidden, "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.");
        Assert.Null(AcceptRules.Decide(instance, Request("unlock", Some.Admin)).Refusal);
    }

    [Fact]
    public void Busy_NamesTheRunningTask()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("stop") };

        var refusal = Expect(instance, TaskKinds.Reboot, RefusalKind.Busy, $"Cannot 'reboot' instance {instance.Id} while task {instance.Holder.Id} (stop) has it");
        Assert.Equal(instance.Holder.Id, refusal.RunningTask);
    }

    [Theory]
    [InlineData("lock", "stop", AcceptMode.OneCommit)]
    [InlineData("delete", "stop", AcceptMode.Supersede)]
    [InlineData("delete", "delete", AcceptMode.Join)]
    [InlineData("hard-reboot", "reboot", AcceptMode.Supersede)]
    [InlineData("hard-reboot", "stop", AcceptMode.Supersede)]
    public void Busy_ByTheConflictTable(string requested, string running, AcceptMode mode)
    {
        var instance = Some.Instance() with { Holder = Some.Ref(running) };

        Assert.Equal(mode, AcceptRules.Decide(instance, Request(requested)).Mode);
    }

    [Fact]
    public void Alongside_InAStateThatForbidsIt_IsRefused()
    {
        var instance = Some.Instance(VmState.Error) with { Holder = Some.Ref("hard-reboot") };

        Assert.Equal(RefusalKind.WrongState, AcceptRules.Decide(instance, Request("metadata")).Refusal!.Kind);
    }

    [Theory]
    [InlineData("stop", "start", true)]
    [InlineData("stop", "reboot", false)]
    [InlineData("reboot", "stop", true)]
    [InlineData("reboot", "start", false)]
    [InlineData("hard-reboot", "stop", true)]
    public void Queue_IsCheckedAgainstThePredictedState(string running, string requested, bool accepted)
    {
        var instance = Some.Instance() with { Holder = Some.Ref(running) };

        var decision = AcceptRules.Decide(instance, Request(requested) with { QueueWhenBusy = true });

        Assert.Equal(accepted ? AcceptMode.Queue : AcceptMode.Refuse, decision.Mode);
        Assert.Equal(accepted, decision.Refusal is null);
    }

    [Fact]
    public void Queue_PredictsThroughTheWholeQueue()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("stop"), Queue = [Some.Ref("start")] };

        Assert.Equal(AcceptMode.Queue, AcceptRules.Decide(instance, Request("reboot") with { QueueWhenBusy = true }).Mode);
        var refusal = AcceptRules.Decide(instance, Request("start") with { QueueWhenBusy = true }).Refusal!;
        Assert.Equal((RefusalKind.WrongState, $"Cannot 'start' instance {instance.Id}: it will be active when its turn comes"), (refusal.Kind, refusal.Message));
    }

    [Fact]
    public void Queue_WhatCannotBePredicted_IsAccepted()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("start") };

        Assert.Equal(AcceptMode.Queue, AcceptRules.Decide(instance, Request("start") with { QueueWhenBusy = true }).Mode);
    }

    [Theory]
    [InlineData("delete", AcceptMode.Join)]
    [InlineData("hard-reboot", AcceptMode.Refuse)]
    [InlineData("stop", AcceptMode.Refuse)]
    [InlineData("lock", AcceptMode.OneCommit)]
    public void ADeleteWaits_NothingQueuesBehindIt(string requested, AcceptMode mode)
    {
        var delete = Some.Ref("delete");
        var instance = Some.Instance() with { Holder = Some.Ref("reboot"), Queue = [delete] };

        var decision = AcceptRules.Decide(instance, Request(requested) with { QueueWhenBusy = true });

        Assert.Equal(mode, decision.Mode);
        Assert.Equal(mode == AcceptMode.Refuse ? delete.Id : (TaskId?)null, decision.Refusal?.RunningTask);
    }

    private static SubmitTask Request(string kind, Caller? caller = null) => Some.Request(new TaskKind(kind), InstanceId.New(), caller);

    private static Refusal Expect(InstanceRecord instance, TaskKind kind, RefusalKind refusal, string message)
    {
        var decision = AcceptRules.Decide(instance, Some.Request(kind, instance.Id) with { NewInstance = kind == TaskKinds.Create ? instance : null });
        Assert.Equal((AcceptMode.Refuse, refusal, message), (decision.Mode, decision.Refusal!.Kind, decision.Refusal.Message));
        return decision.Refusal;
    }
}
