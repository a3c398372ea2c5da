using InstanceTasks.Engine.Tests.Plans;
using InstanceTasks.Engine.Tests.Support;
using InstanceTasks.TestKit;

namespace InstanceTasks.Engine.Tests.Example;

[Collection(NextRelease.Name)]
public sealed class ColdRestartTests
{
    [Fact]
    public async Task Example_Registered_RunsToItsEnd()
    {
        using var registered = PlanRegistry.Remember();
        PlanRegistry.Register(ColdRestart.V1, ColdRestart.Rows);
        var cluster = new Cluster();
        var instance = cluster.Add();
        var request = Some.Request(ColdRestart.Kind, instance.Id);

        Assert.Equal(AcceptVerdict.Accepted, (await cluster.SubmitAsync(request)).Verdict);
        await cluster.RunToRestAsync();

        Assert.Equal("succeeded", cluster.Task(request.Task).State);
        Assert.Equal(["shut-down-guest", "power-off", "start-machine"], cluster.World.Effects.Select(e => e.Key.Step));
        Assert.Equal(VmState.Active, cluster.Instance(instance.Id).VmState);
        Invariants.CheckWorld(cluster);
    }

    [Fact]
    public void Register_AKindThatIsThere_IsRefusedAndChangesNothing()
    {
        using var registered = PlanRegistry.Remember();
        PlanRegistry.Register(ColdRestart.V1, ColdRestart.Rows);
        var rows = InstanceMachine.All.Count;

        Assert.Throws<ArgumentException>(() => PlanRegistry.Register(ColdRestart.V1));
        Assert.Throws<ArgumentException>(() => PlanRegistry.Register(ColdRestart.V1 with { Version = 2 }, ColdRestart.Rows));
        Assert.Throws<ArgumentException>(() => PlanRegistry.Register(PlanRegistry.Find(TaskKinds.Stop)!));

        Assert.Equal((1, rows), (PlanRegistry.Find(ColdRestart.Kind)!.Version, InstanceMachine.All.Count));
    }

    [Fact]
    public void Example_ItsPlan_KeepsTheRulesOfAllPlans()
    {
        PlanRules.CheckSteps(ColdRestart.V1);
        PlanRules.CheckPointOfNoReturn(ColdRestart.V1);
        Assert.Null(PlanRegistry.Find(ColdRestart.Kind));
    }

    [Fact]
    public void Example_ItsRows_GoBackToWhereTheTaskCameFrom()
    {
        Assert.All(ColdRestart.Rows, r => Assert.True(r is { Success: VmState.Active, Failure: null, Undone: null }));
    }

    /// <summary>The document shows nothing that is not compiled here, and whoever changes the one must change the other.</summary>
    [Fact]
    public void Document_EveryBlockOfCode_IsInTheExampleAsItIs()
    {
        var source = Read("tests/InstanceTasks.Engine.Tests/Example/ColdRestart.cs");
        var blocks = Read("docs/adding-a-task-kind.md").Split("```csharp\n").Skip(1).Select(rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)]).ToList();

        Assert.Equal(3, blocks.Count);
        Assert.All(blocks, block => Assert.Contains(Indented(block), source, StringComparison.Ordinal));
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(RepoRoot.Path, path)).ReplaceLineEndings("\n");

    /// <summary>The document leaves the indentation of the class out.</summary>
    private static string Indented(string block) =>
        string.Concat(block.TrimEnd('\n').Split('\n').Select(line => (line.Length > 0 ? "    " + line : line) + "\n"));
}
