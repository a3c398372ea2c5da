using System.Text;
using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Instances;

public sealed class TableTests
{
    public static TheoryData<string> Kinds() => Some.Theory(PlanRegistry.All.Select(p => p.Kind.Name));

    /// <summary>Every (vm_state, kind) and every (running, requested), as committed: a change of a table shows as a change of this text.</summary>
    [Fact]
    public void Tables_EveryPair_IsAsCommitted()
    {
        var text = new StringBuilder();
        foreach (var kind in PlanRegistry.All.Select(p => p.Kind))
        {
            foreach (var state in Enum.GetValues<VmState>())
            {
                text.Append($"{kind} in {state}: {InstanceMachine.Find(state, kind) switch { null => "no", var r => $"{r.Success}{(r.Returns ? " or as before the resize" : "")}, failed {r.Failure ?? state}, canceled {r.Undone ?? state}" }}\n");
            }
        }

        foreach (var running in PlanRegistry.All.Where(p => !p.IsOneCommit).Select(p => p.Kind))
        {
            foreach (var requested in PlanRegistry.All.Select(p => p.Kind))
            {
                text.Append($"{requested} while {running}: {ConflictTable.Find(running, requested)}\n");
            }
        }

        Golden.Check("tests/InstanceTasks.Engine.Tests/Instances/tables.txt", text.ToString());
    }

    // nova-api §3.1, §3.5: the vm_states in which each action is accepted.
    [Theory]
    [InlineData("create", "building")]
    [InlineData("delete", "building active stopped error paused suspended rescued resized shelved shelved_offloaded")]
    [InlineData("stop", "active error")]
    [InlineData("start", "stopped")]
    [InlineData("reboot", "active")]
    [InlineData("force-stop", "active error")]
    [InlineData("hard-reboot", "active stopped error paused suspended")]
    [InlineData("pause", "active")]
    [InlineData("unpause", "paused")]
    [InlineData("suspend", "active")]
    [InlineData("resume", "suspended")]
    [InlineData("rescue", "active stopped error")]
    [InlineData("unrescue", "rescued")]
    [InlineData("change-password", "active")]
    [InlineData("rebuild", "active stopped error")]
    [InlineData("create-image", "active stopped paused suspended")]
    [InlineData("shelve", "active stopped paused suspended")]
    [InlineData("shelve-and-offload", "active stopped paused suspended")]
    [InlineData("shelve-offload", "shelved")]
    [InlineData("unshelve", "shelved shelved_offloaded")]
    [InlineData("resize", "active stopped")]
    [InlineData("confirm-resize", "active error resized")] // Nova: resized only; see the table
    [InlineData("revert-resize", "active error resized")]
    [InlineData("lock", "building active stopped error paused suspended rescued resized shelved shelved_offloaded")]
    [InlineData("unlock", "building active stopped error paused suspended rescued resized shelved shelved_offloaded")]
    [InlineData("update", "building active stopped error paused suspended rescued resized shelved shelved_offloaded")]
    [InlineData("reset-to-active", "building active stopped error paused suspended rescued resized shelved")]
    [InlineData("reset-to-error", "building active stopped error paused suspended rescued resized shelved")]
    [InlineData("metadata", "active stopped paused suspended")]
    public void InstanceMachine_AKind_MayStartWhereNovaSays(string kind, string states)
    {
        Assert.Equal(states, string.Join(' ', Enum.GetValues<VmState>().Where(s => InstanceMachine.Find(s, new TaskKind(kind)) is not null).Select(ServerStatus.WireName)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void ConflictTable_EveryPair_HasTheExpectedAnswer(string requested)
    {
        var kind = new TaskKind(requested);
        foreach (var running in Some.LongKinds)
        {
            var expected = (running, requested) switch
            {
                (_, "lock" or "unlock" or "update" or "metadata" or "reset-to-active" or "reset-to-error") => ConflictRule.Alongside,
                ("delete", "delete") => ConflictRule.Join,
                ("delete", _) or (_, "create" or "resize") => ConflictRule.Refuse,
                (_, "delete") => ConflictRule.Supersede,
                ("reboot" or "hard-reboot" or "stop" or "pause" or "unpause" or "suspend" or "resume", "hard-reboot") => ConflictRule.Supersede,
                ("reboot" or "stop", "force-stop") => ConflictRule.Supersede,
                _ => ConflictRule.QueueIfAsked,
            };
            Assert.Equal(expected, ConflictTable.Find(new TaskKind(running), kind));
        }
    }

    [Fact]
    public void InstanceMachine_NothingLeavesDeleted()
    {
        Assert.DoesNotContain(InstanceMachine.All, r => r.From == VmState.Deleted);
        Assert.All(InstanceMachine.All, r => Assert.Equal(r.Kind == TaskKinds.Delete, r.Success == VmState.Deleted));
    }

    [Theory]
    [InlineData("create", VmState.Building, TaskOutcome.Succeeded, VmState.Active)]
    [InlineData("create", VmState.Building, TaskOutcome.Failed, VmState.Error)]
    [InlineData("create", VmState.Building, TaskOutcome.Canceled, VmState.Error)]
    [InlineData("stop", VmState.Error, TaskOutcome.Failed, VmState.Error)]
    [InlineData("hard-reboot", VmState.Stopped, TaskOutcome.Failed, VmState.Error)]
    [InlineData("hard-reboot", VmState.Stopped, TaskOutcome.Canceled, VmState.Stopped)]
    public void After_AnOutcome_LeavesTheState(string kind, VmState from, TaskOutcome outcome, VmState after)
    {
        Assert.Equal(after, InstanceMachine.After(from, Some.Task(new TaskKind(kind)) with { Outcome = outcome }));
    }

    [Fact]
    public void After_AKindThatCannotStartThere_IsADefect()
    {
        Assert.Throws<InvalidOperationException>(() => InstanceMachine.After(VmState.Deleted, Some.Task(TaskKinds.Stop)));
    }

    [Fact]
    public void WireNames_AreTheAbstractionsOnes()
    {
        Assert.All(Enum.GetValues<VmState>(), s => Assert.Equal(ServerStatus.WireName(s), ServerStatus.WireName(s)));
    }
}
