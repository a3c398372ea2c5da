using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Instances;

public sealed class DryRunTests
{
    private static readonly QuotaUsage NoUsage = new(0, 0, 0);

    private static readonly HostView[] Hosts =
    [
        new(Some.Host1, "nova", new(8, 8192, 80), default, null),
        new(Some.Host2, "nova", new(4, 4096, 40), default, "under repair"),
    ];

    public static TheoryData<string> Kinds => Some.Theory(PlanRegistry.All.Select(p => p.Kind.Name));

    [Fact]
    public void Of_ACreate_NamesTheHostThatWouldBeChosenAndWhyNotTheOthers()
    {
        var run = DryRuns.Of(null, Some.Request(TaskKinds.Create, InstanceId.New()), Hosts, NoUsage, Some.Start)!;

        Assert.Equal((AcceptMode.Now, true, Some.Host1), (run.Mode, run.ChoosesHost, run.Host!.Value));
        Assert.Equal("disabled: under repair", run.RefusedHosts["h2"]);
        Assert.Equal([null, Some.Host1, Some.Host1, Some.Host1], run.Steps.Select(s => s.Host));
        Assert.Equal(["take back choose-host", "DeleteDisk", "Undefine", "PowerOff"], run.Steps.Select(s => s.Undo));
    }

    [Fact]
    public void Of_ACreate_ThatFindsNoHost_SaysSo()
    {
        var run = DryRuns.Of(null, Some.Request(TaskKinds.Create, InstanceId.New()), [Hosts[1]], NoUsage, Some.Start)!;

        Assert.Equal((AcceptMode.Now, null), (run.Mode, run.Host));
        Assert.Equal("disabled: under repair", Assert.Single(run.RefusedHosts).Value);
    }

    [Fact]
    public void Of_ACreate_OverQuota_IsRefusedInTheWordsOfTheRealOne()
    {
        var run = DryRuns.Of(null, Some.Request(TaskKinds.Create, InstanceId.New()), Hosts, new(10, 1, 1, MaxInstances: 10), Some.Start)!;

        Assert.Equal((RefusalKind.Quota, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"), (run.Refusal!.Kind, run.Refusal.Message));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Of_EveryKindAndHolder_DecidesAsTheRealRequestWould(string kind)
    {
        foreach (var holder in Some.LongKinds.Prepend(""))
        {
            var instance = Some.Instance() with { Holder = holder.Length == 0 ? null : Some.Ref(holder) };
            var request = Some.Request(new(kind), instance.Id);

            var run = DryRuns.Of(instance, request, Hosts, NoUsage, Some.Start)!;

            var real = AcceptRules.Decide(instance, request);
            Assert.Equal((real.Mode, real.Refusal?.Message), (run.Mode, run.Refusal?.Message));
            Assert.Equal(PlanRegistry.Find(new(kind))!.Steps.Count, run.Steps.Count);
            Assert.All(run.Steps, s => Assert.True(s.Undo is not null || s.NoUndoBecause is not null));
        }
    }

    [Fact]
    public void Of_ADeleteWithoutAMachine_LeavesItsStepsOut()
    {
        var run = DryRuns.Of(Some.Instance(VmState.Error) with { Host = null }, Some.Request(TaskKinds.Delete, InstanceId.New()), Hosts, NoUsage, Some.Start)!;

        Assert.All(run.Steps, s => Assert.Equal("the instance has no machine", s.SkippedBecause));
    }

    [Fact]
    public void Of_AnUnknownKind_IsNothing() => Assert.Null(DryRuns.Of(Some.Instance(), Some.Request(new("levitate"), InstanceId.New()), Hosts, NoUsage, Some.Start));
}
