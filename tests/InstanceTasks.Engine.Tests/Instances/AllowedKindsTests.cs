using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Instances;

public sealed class AllowedKindsTests
{
    private static readonly VmState[] States = [VmState.Building, VmState.Active, VmState.Stopped, VmState.Error];

    [Fact]
    public void Of_EveryStateAndHolder_SaysWhatARealRequestWouldBeTold()
    {
        foreach (var (state, holder) in States.SelectMany(s => Some.LongKinds.Prepend("").Select(h => (s, h))))
        {
            var instance = Some.Instance(state) with { Holder = holder.Length == 0 ? null : Some.Ref(holder) };

            var offers = AllowedKinds.Of(instance, Some.Owner);

            Assert.Equal(PlanRegistry.All.Select(p => p.Kind.Name).Order(StringComparer.Ordinal), offers.Select(o => o.Kind.Name));
            foreach (var offer in offers.Where(o => o.Kind != TaskKinds.Create))
            {
                var real = AcceptRules.Decide(instance, Some.Request(offer.Kind, instance.Id, Some.Owner) with { QueueWhenBusy = offer.OnlyIfAsked });
                Assert.Equal((real.Mode, real.Refusal), (offer.Mode, offer.Refusal));
                Assert.Equal(offer.Allowed, offer.Refusal is null);
            }
        }
    }

    [Theory]
    [InlineData("", "start", AcceptMode.Refuse, false)]
    [InlineData("", "stop", AcceptMode.Now, false)]
    [InlineData("", "create", AcceptMode.Refuse, false)]
    [InlineData("reboot", "delete", AcceptMode.Supersede, false)]
    [InlineData("reboot", "hard-reboot", AcceptMode.Supersede, false)]
    [InlineData("reboot", "stop", AcceptMode.Queue, true)]
    [InlineData("reboot", "lock", AcceptMode.OneCommit, false)]
    [InlineData("delete", "delete", AcceptMode.Join, false)]
    [InlineData("delete", "stop", AcceptMode.Refuse, false)]
    public void Of_AnActiveServer_ModeOfEachKind(string holder, string kind, AcceptMode mode, bool onlyIfAsked)
    {
        var instance = Some.Instance() with { Holder = holder.Length == 0 ? null : Some.Ref(holder) };

        var offer = AllowedKinds.Of(instance, Some.Owner).Single(o => o.Kind.Name == kind);

        Assert.Equal((mode, onlyIfAsked), (offer.Mode, offer.OnlyIfAsked));
        Assert.Equal(offer.Allowed ? instance.Holder : null, offer.Task);
    }

    [Fact]
    public void Of_AFailedCreateThatLeftNothing_CanBeBuiltAgain()
    {
        var instance = Some.Instance(VmState.Error) with { Host = null, LaunchedAt = null };

        Assert.Equal(AcceptMode.Now, AllowedKinds.Of(instance, Some.Owner).Single(o => o.Kind == TaskKinds.Create).Mode);
    }

    [Fact]
    public async Task Submit_Refused_NamesTheRunningTaskAndWhatWouldBeAccepted()
    {
        var cluster = new Cluster();
        var instance = cluster.Add();
        cluster.World.On("reboot-guest", Act.Hang);
        var running = (await cluster.AcceptAsync(TaskKinds.Reboot, instance.Id)).Task;

        var refusal = (await cluster.SubmitAsync(Some.Request(TaskKinds.Stop, instance.Id))).Refusal!;

        Assert.Equal((RefusalKind.Busy, running, true), (refusal.Kind, refusal.RunningTask!.Value, refusal.CanQueue));
        Assert.Equal(["delete", "hard-reboot", "lock", "metadata", "unlock", "update"], refusal.Accepted!.Intersect(["delete", "hard-reboot", "lock", "metadata", "start", "stop", "unlock", "update"]));
    }

    [Fact]
    public async Task Submit_OfWhatTheStateForbids_SaysWhatTheStateAllows()
    {
        var cluster = new Cluster();
        var instance = cluster.Add(VmState.Stopped);

        var refusal = (await cluster.SubmitAsync(Some.Request(TaskKinds.Stop, instance.Id))).Refusal!;

        Assert.Equal((RefusalKind.WrongState, false), (refusal.Kind, refusal.CanQueue));
        Assert.Contains("start", refusal.Accepted!);
        Assert.DoesNotContain("stop", refusal.Accepted!);
    }
}
