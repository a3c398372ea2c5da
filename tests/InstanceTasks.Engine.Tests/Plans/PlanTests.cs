using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Plans;

public sealed class PlanTests
{
    // nova-api §4.3
    private static readonly string[] NovaTaskStates =
    [
        "scheduling", "networking", "block_device_mapping", "spawning", "image_snapshot_pending", "image_snapshot", "image_pending_upload", "image_uploading",
        "image_backup", "updating_password", "resize_prep", "resize_migrating", "resize_migrated", "resize_finish", "resize_reverting", "resize_confirming",
        "rebooting", "reboot_pending", "reboot_started", "rebooting_hard", "reboot_pending_hard", "reboot_started_hard", "pausing", "unpausing", "suspending",
        "resuming", "powering-off", "powering-on", "rescuing", "unrescuing", "rebuilding", "rebuild_block_device_mapping", "rebuild_spawning", "migrating",
        "deleting", "soft-deleting", "restoring", "shelving", "shelving_image_pending_upload", "shelving_image_uploading", "shelving_offloading", "unshelving",
    ];

    public static TheoryData<string> Kinds() => Some.Theory(PlanRegistry.All.Select(p => p.Kind.Name));

    [Fact]
    public void Registry_HasAPlanForEveryDeclaredKind()
    {
        var declared = typeof(TaskKinds).GetFields().Select(f => ((TaskKind)f.GetValue(null)!).Name);

        Assert.Equal(declared.Order(), PlanRegistry.All.Select(p => p.Kind.Name).Order());
    }

    [Fact]
    public void Registry_UnknownKindOrVersion_IsNotFoundOrUndecodable()
    {
        Assert.Null(PlanRegistry.Find(new TaskKind("explode")));
        Assert.Throws<UndecodableTaskException>(() => PlanRegistry.Of(Some.Task(TaskKinds.Stop) with { PlanVersion = 2 }));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Plan_Steps_AreWellFormed(string kind)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;

        Assert.Equal(plan.Steps.Count, plan.Steps.Select(s => s.Name).Distinct().Count());
        Assert.All(plan.Steps, s =>
        {
            Assert.Matches("^[a-z]+(-[a-z]+)*$", s.Name);
            Assert.True(s.Do is null != (s.Control == ControlWork.None), $"{s.Name}: a verb or control work, not both");
            Assert.True(s.Undo is null || s.NoUndoBecause is null, $"{s.Name}: an undo and a reason for none");
            Assert.True(s.Undo is not null || s.NoUndoBecause is not null || s.Control == ControlWork.ChooseHost, $"{s.Name}: neither an undo nor a reason for none");
            Assert.True(s.Retry.MaxAttempts >= 1 && s.Timeout > TimeSpan.Zero);
        });
        Assert.True(plan.Steps.Count == 0 || plan.Steps[^1].OnExhausted != Exhausted.GoOn, "the last step has no next");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Plan_PointOfNoReturn_IsNotLeftAgain(string kind)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;

        Assert.All(plan.Steps.Skip(plan.PointOfNoReturn), s => Assert.Equal(Cancellability.PastNoReturn, s.Cancel));

        // Past it there is nothing to undo: the task is held for an operator, or fails as it stands.
        Assert.All(plan.Steps.Skip(plan.PointOfNoReturn), s => Assert.True(s.OnExhausted == Exhausted.Hold || plan.Steps.All(t => t.Undo is null)));
        Assert.Equal(kind is "delete" or "hard-reboot" ? 0 : plan.Steps.Count, plan.PointOfNoReturn);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Plan_TaskStates_AreNovas(string kind)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;
        var shown = plan.Steps.Select(s => s.TaskState ?? plan.TaskState).ToList();

        Assert.All(shown, s => Assert.Contains(s, NovaTaskStates));
        Assert.Equal(plan.IsOneCommit, plan.TaskState is null);
    }

    // nova-api §5.3 and §5.4
    [Theory]
    [InlineData("create", "create", "compute__do_build_and_run_instance")]
    [InlineData("delete", "delete", "compute_terminate_instance")]
    [InlineData("stop", "stop", "compute_stop_instance")]
    [InlineData("start", "start", "compute_start_instance")]
    [InlineData("reboot", "reboot", "compute_reboot_instance")]
    [InlineData("hard-reboot", "reboot", "compute_reboot_instance")]
    [InlineData("lock", "lock", null)]
    [InlineData("unlock", "unlock", null)]
    [InlineData("update", null, null)]
    [InlineData("metadata", null, null)]
    public void Plan_ActionAndEvents_AreNovas(string kind, string? action, string? novaEvent)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;

        Assert.Equal(action, plan.NovaAction);
        Assert.All(plan.Steps, s => Assert.Equal(novaEvent, s.NovaEvent));
    }

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 8)]
    [InlineData(6, 15)]
    [InlineData(1000, 15)]
    public void BackOff_DoublesUpToItsLimit(int failed, double seconds)
    {
        Assert.Equal(TimeSpan.FromSeconds(seconds), RetryPolicy.Default.BackOff(failed));
        Assert.Equal(TimeSpan.Zero, RetryPolicy.Once.BackOff(failed));
    }
}
