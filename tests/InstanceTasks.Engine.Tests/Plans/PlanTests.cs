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

        Assert.Equal(declared.Order(), PlanRegistry.WithParents.Select(p => p.Kind.Name).Order());
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

        PlanRules.CheckSteps(plan);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Plan_PointOfNoReturn_IsNotLeftAgain(string kind)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;

        PlanRules.CheckPointOfNoReturn(plan);
        Assert.Equal(
            kind switch
            {
                "delete" or "hard-reboot" or "change-password" or "confirm-resize" => 0,
                "shelve-offload" or "revert-resize" => 1,
                "shelve" or "shelve-and-offload" => 3,
                "rebuild" => 4,
                _ => plan.Steps.Count,
            },
            plan.PointOfNoReturn);
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
    [InlineData("force-stop", "stop", "compute_stop_instance")]
    [InlineData("pause", "pause", "compute_pause_instance")]
    [InlineData("unpause", "unpause", "compute_unpause_instance")]
    [InlineData("suspend", "suspend", "compute_suspend_instance")]
    [InlineData("resume", "resume", "compute_resume_instance")]
    [InlineData("rescue", "rescue", "compute_rescue_instance")]
    [InlineData("unrescue", "unrescue", "compute_unrescue_instance")]
    [InlineData("change-password", "changePassword", "compute_set_admin_password")]
    [InlineData("rebuild", "rebuild", "compute_rebuild_instance")]
    [InlineData("create-image", "createImage", "compute_snapshot_instance")]
    [InlineData("shelve", "shelve", "compute_shelve_instance")]
    [InlineData("shelve-and-offload", "shelve", "compute_shelve_instance compute_shelve_offload_instance")]
    [InlineData("shelve-offload", "shelveOffload", "compute_shelve_offload_instance")]
    [InlineData("unshelve", "unshelve", "compute_unshelve_instance compute_start_instance")]
    [InlineData("resize", "resize", "compute_prep_resize compute_resize_instance compute_finish_resize")]
    [InlineData("confirm-resize", "confirmResize", "compute_confirm_resize")]
    [InlineData("revert-resize", "revertResize", "compute_revert_resize compute_finish_revert_resize")]
    [InlineData("reset-to-active", "resetState", null)]
    [InlineData("reset-to-error", "resetState", null)]
    [InlineData("lock", "lock", null)]
    [InlineData("unlock", "unlock", null)]
    [InlineData("update", null, null)]
    [InlineData("metadata", null, null)]
    public void Plan_ActionAndEvents_AreNovas(string kind, string? action, string? novaEvents)
    {
        var plan = PlanRegistry.Find(new TaskKind(kind))!;

        Assert.Equal(action, plan.NovaAction);
        Assert.Equal(novaEvents ?? "", string.Join(' ', plan.Steps.Select(s => s.NovaEvent).Distinct()));
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
