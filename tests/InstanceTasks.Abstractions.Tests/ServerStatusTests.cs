namespace InstanceTasks.Abstractions.Tests;

public sealed class ServerStatusTests
{
    // nova-api §4.4
    [Theory]
    [InlineData(VmState.Building, "spawning", "BUILD")]
    [InlineData(VmState.Active, null, "ACTIVE")]
    [InlineData(VmState.Active, "powering-off", "ACTIVE")]
    [InlineData(VmState.Active, "deleting", "ACTIVE")]
    [InlineData(VmState.Active, "rebooting", "REBOOT")]
    [InlineData(VmState.Active, "reboot_pending", "REBOOT")]
    [InlineData(VmState.Active, "reboot_started", "REBOOT")]
    [InlineData(VmState.Active, "rebooting_hard", "HARD_REBOOT")]
    [InlineData(VmState.Active, "reboot_started_hard", "HARD_REBOOT")]
    [InlineData(VmState.Active, "updating_password", "PASSWORD")]
    [InlineData(VmState.Active, "rebuild_spawning", "REBUILD")]
    [InlineData(VmState.Active, "migrating", "MIGRATING")]
    [InlineData(VmState.Active, "resize_prep", "RESIZE")]
    [InlineData(VmState.Stopped, null, "SHUTOFF")]
    [InlineData(VmState.Stopped, "rebooting_hard", "SHUTOFF")]
    [InlineData(VmState.Stopped, "resize_finish", "RESIZE")]
    [InlineData(VmState.Error, null, "ERROR")]
    [InlineData(VmState.Error, "rebuilding", "REBUILD")]
    [InlineData(VmState.Deleted, "deleting", "DELETED")]
    [InlineData(VmState.Paused, "unpausing", "PAUSED")]
    [InlineData(VmState.Suspended, null, "SUSPENDED")]
    [InlineData(VmState.Rescued, null, "RESCUE")]
    [InlineData(VmState.Resized, null, "VERIFY_RESIZE")]
    [InlineData(VmState.Resized, "resize_reverting", "REVERT_RESIZE")]
    [InlineData(VmState.Shelved, "shelving_offloading", "SHELVED")]
    [InlineData(VmState.ShelvedOffloaded, null, "SHELVED_OFFLOADED")]
    public void Of_AStateAndTaskState_IsNovasWord(VmState state, string? taskState, string status)
    {
        Assert.Equal(status, ServerStatus.Of(state, taskState));
    }

    [Fact]
    public void Of_NoVmState_IsADefect()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => ServerStatus.Of((VmState)99, null));
    }

    [Fact]
    public void WireNames_AreReadBack()
    {
        Assert.All(Enum.GetValues<VmState>(), s => Assert.True(ServerStatus.TryParseVmState(ServerStatus.WireName(s), out var back) && back == s));
        Assert.False(ServerStatus.TryParseVmState("soft-delete", out _));
        Assert.False(ServerStatus.TryParseVmState(null, out _));
    }

    [Fact]
    public void Matches_AreTheInverseOfOf()
    {
        string?[] taskStates = [null, "rebooting", "reboot_started_hard", "updating_password", "rebuilding", "migrating", "resize_prep", "deleting", "powering-on"];
        foreach (var state in Enum.GetValues<VmState>())
        {
            foreach (var taskState in taskStates)
            {
                var shown = ServerStatus.Of(state, taskState);
                Assert.All(ServerStatus.All, word => Assert.Equal(word == shown, Matches(word, state, taskState)));
            }
        }
    }

    [Fact]
    public void Matches_IgnoreCaseAndRefuseUnknownWords()
    {
        Assert.NotEmpty(ServerStatus.Matches("shutoff"));
        Assert.Empty(ServerStatus.Matches("SOFT_DELETED"));
    }

    private static bool Matches(string word, VmState state, string? taskState) =>
        ServerStatus.Matches(word).Any(m => m.VmState == state && (taskState is not null && m.TaskStates.Contains(taskState)) != m.Except);
}
