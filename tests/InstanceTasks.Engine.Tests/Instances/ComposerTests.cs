using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Instances;

/// <summary>What the commits of the instance's actor contain.</summary>
public sealed class ComposerTests
{
    private static readonly DateTimeOffset Later = Some.Start.AddMinutes(1);

    [Fact]
    public void Now_GivesTheMachineWithANewTurnAndAToken()
    {
        var instance = Some.Instance() with { FenceNext = true };
        var request = Some.Request(TaskKinds.Stop, instance.Id) with { Parameters = new() { ["a"] = "b" } };

        var commit = AcceptComposer.Now(instance, request, PlanRegistry.Find(TaskKinds.Stop)!, 7, Later);

        var (task, after) = (Assert.Single(commit.Tasks), commit.Instance!.After);
        Assert.Equal((1L, 2L, 2L, false), (commit.Instance.ExpectedVersion, after.Version, after.Turn, after.FenceNext));
        Assert.Equal(new TaskRef(request.Task, TaskKinds.Stop, request.Request), after.Holder);
        Assert.Equal((2L, 1, 7L, true), (task.After.Turn, task.After.Epoch, task.After.Generation, task.After.MustFence));
        Assert.NotNull(task.After.Token);
        Assert.Equal((TimeSpan.FromSeconds(1), 0L, 1L), (task.DueIn, task.WakesRead, task.After.Seq));
        Assert.Equal((VmState.Active, Some.Host1, "b"), (task.After.FromState, task.After.Host, task.After.Parameters["a"]));
        Assert.Equal(instance.ToMachineSpec(), task.After.Machine);
        Assert.IsType<TaskAccepted>(Assert.Single(task.Events));
        Assert.Empty(commit.Quota);
    }

    [Fact]
    public void Now_Create_TakesQuota()
    {
        var instance = Some.NewInstance(InstanceId.New());

        var commit = AcceptComposer.Now(instance, Some.Request(TaskKinds.Create, instance.Id), PlanRegistry.Find(TaskKinds.Create)!, 1, Later);

        Assert.Equal([new QuotaChange(Some.Project, 1, 1, 512)], commit.Quota);
        Assert.Equal(0, commit.Instance!.ExpectedVersion);
    }

    [Fact]
    public void Now_Secrets_BelongToTaskOrInstance()
    {
        var instance = Some.Instance();
        var request = Some.Request(TaskKinds.Stop, instance.Id) with { Secrets = new() { [SecretNames.UserData] = [1], [SecretNames.AdminPassword] = [2] } };

        var commit = AcceptComposer.Now(instance, request, PlanRegistry.Find(TaskKinds.Stop)!, 1, Later);

        Assert.Equal([(instance.Id.Value, true), (request.Task.Value, false)], commit.Secrets.OrderByDescending(s => s.Name).Select(s => (s.Owner, s.DiesWithInstance)));
        Assert.DoesNotContain("AQ==", EngineJson.Write(commit.Tasks[0].After), StringComparison.Ordinal);
    }

    [Fact]
    public void Queue_WaitsBehindTheHolder()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("stop"), Queue = [Some.Ref("start")] };
        var request = Some.Request(TaskKinds.Reboot, instance.Id);

        var commit = AcceptComposer.Queue(instance, request, PlanRegistry.Find(TaskKinds.Reboot)!, Later);

        Assert.Equal([instance.Queue[0].Id, request.Task], commit.Instance!.After.Queue.Select(q => q.Id));
        Assert.Equal(instance.Holder, commit.Instance.After.Holder);
        Assert.Equal(("queued", 0L, $"task {instance.Holder.Id} (stop) has the instance"), (commit.Tasks[0].After.State, commit.Tasks[0].After.Turn, commit.Tasks[0].After.WaitReason));
    }

    [Fact]
    public void Supersede_SetsTheIntentAndBypassesWhatWaits()
    {
        var (holder, queued) = (Stored("stop", TaskRun.Running), Stored("start", TaskRun.Queued));
        var instance = Some.Instance() with { Holder = RefOf(holder), Queue = [RefOf(queued)], Attention = [Some.Ref("stop")] };
        var request = Some.Request(TaskKinds.Delete, instance.Id);

        var commit = AcceptComposer.Supersede(instance, request, PlanRegistry.Find(TaskKinds.Delete)!, holder, [queued], Later);

        Assert.Equal(["waiting", "canceling", "canceled"], commit.Tasks.Select(t => t.After.State));
        Assert.Equal([request.Task], commit.Instance!.After.Queue.Select(q => q.Id));
        Assert.Empty(commit.Instance.After.Attention);
        Assert.Equal((holder.Record.Id, $"task {holder.Record.Id} (stop) is being stopped"), (commit.Tasks[0].After.Supersedes!.Value, commit.Tasks[0].After.WaitReason));
        Assert.Equal((request.Task, "deleting", TimeSpan.Zero, 5L), (commit.Tasks[1].After.SupersededBy!.Value, commit.Tasks[1].After.TaskState, commit.Tasks[1].DueIn, commit.Tasks[1].WakesRead));
        Assert.Equal(request.Task, commit.Tasks[2].After.SupersededBy);
    }

    [Fact]
    public void Supersede_OfWhatIsBeingStoppedAlready_NamesTheNewSuccessorAndShowsIt()
    {
        var holder = Stored("reboot", TaskRun.Running);
        holder = holder with { Record = holder.Record with { Intent = TaskIntent.Supersede, SupersededBy = TaskId.New(), TaskState = "reboot_started_hard" } };
        var instance = Some.Instance() with { Holder = RefOf(holder) };
        var request = Some.Request(TaskKinds.Delete, instance.Id);

        var commit = AcceptComposer.Supersede(instance, request, PlanRegistry.Find(TaskKinds.Delete)!, holder, [], Later);

        var stopped = Assert.Single(commit.Tasks, t => t.After.Id == holder.Record.Id).After;
        Assert.Equal((TaskIntent.Supersede, (TaskId?)request.Task, "deleting"), (stopped.Intent, stopped.SupersededBy, stopped.TaskState));
    }

    [Fact]
    public void OneCommit_IsAnEndedTaskWithItsNovaEvent()
    {
        var instance = Some.Instance() with { Holder = Some.Ref("stop") };

        var commit = AcceptComposer.OneCommit(instance, Some.Request(TaskKinds.Lock, instance.Id), PlanRegistry.Find(TaskKinds.Lock)!, Later);

        var task = Assert.Single(commit.Tasks);
        Assert.Equal(("lock", "succeeded", null, "api_lock"), (commit.Name, task.After.State, task.DueIn, task.After.Steps.Single().NovaEvent));
        Assert.Equal((instance.Holder, instance.Turn, "owner"), (commit.Instance!.After.Holder, commit.Instance.After.Turn, commit.Instance.After.LockedBy));
    }

    [Fact]
    public void Settle_Success_FreesTheMachineAndMovesWhatTheStepsLearnt()
    {
        var task = Some.Task(TaskKinds.Stop) with { Run = TaskRun.Ended, Outcome = TaskOutcome.Succeeded, Power = PowerState.Shutdown, Host = Some.Host2, Zone = "z" };
        var instance = Some.Instance(id: task.Instance) with { Holder = new(task.Id, task.Kind, task.Request) };

        var after = SettleComposer.Apply(instance, task, Later);

        Assert.Equal((null, VmState.Stopped, PowerState.Shutdown, Some.Host2, "z", Later), (after.Holder, after.VmState, after.Power, after.Host, after.AvailabilityZone, after.UpdatedAt));
        Assert.Equal((false, Some.Start, null), (after.FenceNext, after.LaunchedAt, after.TerminatedAt));
    }

    [Fact]
    public void Settle_Deleted_ReleasesClaimsAndQuotaOnce()
    {
        var before = Some.Instance();
        var after = before with { VmState = VmState.Deleted };

        var (claims, quota) = SettleComposer.Release(before, after, TaskId.New());
        Assert.Equal([new ClaimChange(before.Id, default, null, default, Take: false)], claims);
        Assert.Equal([new QuotaChange(before.Project, -1, -1, -512)], quota);
        Assert.Empty(SettleComposer.Release(after, after, TaskId.New()).Quota);
        Assert.Empty(SettleComposer.Release(before, before, TaskId.New()).Claims);
    }

    [Fact]
    public void Settle_Superseded_LeavesTheStateToTheSuccessor()
    {
        var delete = Some.Ref("delete");
        var task = Some.Task(TaskKinds.Create) with { Run = TaskRun.Ended, Outcome = TaskOutcome.Canceled, SupersededBy = delete.Id, MustFence = true, FromState = VmState.Building };
        var instance = Some.Instance(VmState.Building, task.Instance) with { Holder = new(task.Id, task.Kind, task.Request), Queue = [delete] };

        var after = SettleComposer.Apply(instance, task, Later);

        Assert.Equal((VmState.Building, true), (after.VmState, after.FenceNext));
        Assert.Equal(VmState.Error, SettleComposer.Apply(instance with { Queue = [Some.Ref("stop")] }, task, Later).VmState);
    }

    [Fact]
    public void Lock_ByOwnerAndAdministrator()
    {
        var instance = Some.Instance();
        SubmitTask Lock(Caller caller, string reason) => Some.Request(TaskKinds.Lock, instance.Id, caller) with { Change = new InstanceChange { LockedReason = reason } };

        var byOwner = InstanceChanges.Apply(instance, Lock(Some.Owner, "mine"), Later);
        Assert.Equal(("owner", "mine", Later), (byOwner.LockedBy, byOwner.LockedReason, byOwner.UpdatedAt));
        var byAdmin = InstanceChanges.Apply(byOwner, Lock(Some.Admin, "audit"), Later);
        Assert.Equal(("admin", "audit"), (byAdmin.LockedBy, byAdmin.LockedReason));

        // An owner's second lock changes nothing, whoever locked it first.
        Assert.Equal(("admin", "audit"), Locked(InstanceChanges.Apply(byAdmin, Lock(Some.Owner, "mine"), Later)));
        Assert.Equal(("owner", "mine"), Locked(InstanceChanges.Apply(byOwner, Lock(Some.Owner, "other"), Later)));
        Assert.Equal(("admin", "more"), Locked(InstanceChanges.Apply(byAdmin, Lock(Some.Admin, "more"), Later)));
        Assert.Equal((null, null), Locked(InstanceChanges.Apply(byAdmin, Some.Request(TaskKinds.Unlock, instance.Id), Later)));
    }

    [Fact]
    public void Update_ChangesOnlyWhatIsNamed()
    {
        var instance = Some.Instance() with { Description = "d", Metadata = new() { ["a"] = "1", ["b"] = "2" }, Tags = ["t"], AccessIPv4 = "192.0.2.1" };
        InstanceRecord Change(InstanceChange change) => InstanceChanges.Apply(instance, Some.Request(TaskKinds.Update, instance.Id) with { Change = change }, Later);

        var same = Change(new InstanceChange());
        Assert.Equal(EngineJson.Write(instance with { UpdatedAt = Later }), EngineJson.Write(same));
        Assert.Null(Change(new InstanceChange { SetDescription = true }).Description);
        Assert.Equal("d", Change(new InstanceChange { Description = "x" }).Description);
        Assert.Equal(("n", "AUTO", "h", "::1", ""), Named(Change(new InstanceChange { Name = "n", DiskConfig = "AUTO", Hostname = "h", AccessIPv6 = "::1", AccessIPv4 = "" })));
        Assert.Equal("a=9,b=2,c=3", Metadata(Change(new InstanceChange { MergeMetadata = new() { ["a"] = "9", ["c"] = "3" } })));
        Assert.Equal("z=0", Metadata(Change(new InstanceChange { ReplaceMetadata = new() { ["z"] = "0" } })));
        Assert.Equal("b=2", Metadata(Change(new InstanceChange { RemoveMetadataKey = "a" })));
        Assert.Equal(["u", "v"], Change(new InstanceChange { ReplaceTags = ["u", "v"] }).Tags);
        Assert.Equal("a=1,b=2", Metadata(instance));
    }

    private static (string?, string?) Locked(InstanceRecord instance) => (instance.LockedBy, instance.LockedReason);

    private static (string, string, string, string, string) Named(InstanceRecord i) => (i.Name, i.DiskConfig, i.Hostname, i.AccessIPv6, i.AccessIPv4);

    private static string Metadata(InstanceRecord instance) => string.Join(',', instance.Metadata.OrderBy(m => m.Key).Select(m => $"{m.Key}={m.Value}"));

    private static StoredTask Stored(string kind, TaskRun run) =>
        new(Some.Accept(Some.Task(new TaskKind(kind)) with { Run = run, Turn = run == TaskRun.Running ? 2 : 0 }), 5, TimeSpan.Zero);

    private static TaskRef RefOf(StoredTask task) => new(task.Record.Id, task.Record.Kind, task.Record.Request);
}
