using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

/// <summary>Which disk is kept when a second task sets one aside.</summary>
public sealed class MachineStateTests
{
    private static readonly MachineState Old = new(Disk: true, Defined: true, PowerState.Shutdown, Boots: 1) { Password = "old" };

    [Theory]
    [InlineData(Verb.Start)]
    [InlineData(Verb.Reset)]
    public void SetDiskAside_TheNewDiskWasRunFrom_ItIsTheOneToKeep(Verb verb)
    {
        var used = Do(Replaced(), "user", verb, Verb.PowerOff);

        Assert.Equal("new", Do(used, "2", Verb.SetDiskAside).OldPassword);
    }

    [Fact]
    public void SetDiskAside_OnlyARescueDiskWasRunFrom_TheOldOneIsKept()
    {
        var rescued = Do(Replaced(), "user", Verb.StartRescue, Verb.PowerOff);

        Assert.Equal("old", Do(rescued, "2", Verb.SetDiskAside).OldPassword);
    }

    [Fact]
    public void SetDiskAside_TheStartFromTheNewDiskWasTakenBack_TheOldOneIsKept()
    {
        var takenBack = Do(Replaced(), "1", Verb.Start).Apply(Verb.PowerOff, by: "1", undo: true).Next;

        Assert.Equal(("old", "2"), Do(takenBack, "2", Verb.SetDiskAside) is var s ? (s.OldPassword, s.OldDisk) : default);
    }

    [Fact]
    public void SetDiskAside_AnotherTasksUndoPowersOff_TheNewDiskWasRunFrom()
    {
        var used = Do(Replaced(), "user", Verb.Start).Apply(Verb.PowerOff, by: "user", undo: true).Next;

        Assert.Equal("new", Do(used, "2", Verb.SetDiskAside).OldPassword);
    }

    [Theory]
    [InlineData(Verb.RestoreDisk)]
    [InlineData(Verb.DropOldDisk)]
    [InlineData(Verb.DeleteDisk)]
    public void Verb_EndsWhatWasSetAside_NothingIsRememberedOfIt(Verb verb)
    {
        var ended = Do(Replaced(), "1", Verb.Start, Verb.PowerOff, verb);

        Assert.Equal((null, null, false), (ended.OldDisk, ended.OldPassword, ended.RanSince));
    }

    private static MachineState Replaced() => Do(Old, "1", Verb.SetDiskAside).Apply(Verb.PrepareDisk, "new", "1").Next;

    private static MachineState Do(MachineState state, string by, params Verb[] verbs) => verbs.Aggregate(state, (s, verb) => s.Apply(verb, by: by).Next);
}
