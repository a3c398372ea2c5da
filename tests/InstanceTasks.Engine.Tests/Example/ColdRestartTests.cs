using InstanceTasks.Engine.Tests.Support;
using InstanceTasks.TestKit;

namespace InstanceTasks.Engine.Tests.Example;

public sealed class ColdRestartTests
{
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
