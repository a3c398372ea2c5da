namespace InstanceTasks.Storage.Tests;

/// <summary>Nova's status table (nova-api §4.4) and its inverse, which the status filter is built from.</summary>
public sealed class ServerStatusTests
{
    [Theory]
    [InlineData(VmState.Building, "spawning", "BUILD")]
    [InlineData(VmState.Active, null, "ACTIVE")]
    [InlineData(VmState.Active, "powering-off", "ACTIVE")]
    [InlineData(VmState.Active, "reboot_started", "REBOOT")]
    [InlineData(VmState.Active, "reboot_started_hard", "HARD_REBOOT")]
    [InlineData(VmState.Active, "updating_password", "PASSWORD")]
    [InlineData(VmState.Active, "rebuild_spawning", "REBUILD")]
    [InlineData(VmState.Active, "migrating", "MIGRATING")]
    [InlineData(VmState.Active, "resize_finish", "RESIZE")]
    [InlineData(VmState.Stopped, null, "SHUTOFF")]
    [InlineData(VmState.Stopped, "rebooting", "SHUTOFF")]
    [InlineData(VmState.Stopped, "resize_prep", "RESIZE")]
    [InlineData(VmState.Stopped, "rebuilding", "REBUILD")]
    [InlineData(VmState.Error, "rebooting_hard", "ERROR")]
    [InlineData(VmState.Error, "rebuilding", "REBUILD")]
    [InlineData(VmState.Deleted, "deleting", "DELETED")]
    public void Of_EachRow_IsNovas(VmState vmState, string? taskState, string expected) => Assert.Equal(expected, ServerStatus.Of(vmState, taskState));

    [Fact]
    public void WireName_EachState_IsReadBack()
    {
        Assert.Equal(["building", "active", "stopped", "error", "deleted"], Enum.GetValues<VmState>().Select(ServerStatus.WireName));
        foreach (var vmState in Enum.GetValues<VmState>())
        {
            Assert.True(ServerStatus.TryParseVmState(ServerStatus.WireName(vmState), out var read));
            Assert.Equal(vmState, read);
        }

        Assert.False(ServerStatus.TryParseVmState("resized", out _));
        Assert.False(ServerStatus.TryParseVmState(null, out _));
    }

    [Fact]
    public void Matches_IsTheInverseOfOf()
    {
        string?[] taskStates = [null, "rebooting", "reboot_pending_hard", "rebuilding", "resize_migrated", "migrating", "updating_password", "spawning", "no-such-state"];
        foreach (var status in ServerStatus.All)
        {
            foreach (var vmState in Enum.GetValues<VmState>())
            {
                foreach (var taskState in taskStates)
                {
                    var matches = ServerStatus.Matches(status).Any(m => m.VmState == vmState && m.TaskStates.Contains(taskState ?? "") != m.Except);
                    Assert.Equal(ServerStatus.Of(vmState, taskState) == status, matches);
                }
            }
        }

        Assert.Empty(ServerStatus.Matches("UNHEARD_OF"));
        Assert.Equal(ServerStatus.Matches("ACTIVE").Count, ServerStatus.Matches("active").Count);
    }
}
