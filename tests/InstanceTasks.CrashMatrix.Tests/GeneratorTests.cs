using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Running;
using InstanceTasks.Engine;
using Xunit.Abstractions;

namespace InstanceTasks.CrashMatrix.Tests;

public sealed class GeneratorTests(ITestOutputHelper output)
{
    private static readonly TaskKind Nudge = new("nudge");

    private static Plan NudgePlan { get; } = new()
    {
        Kind = Nudge,
        Steps =
        [
            new() { Name = "power-off", Do = Verb.PowerOff, Undo = Verb.Start, NeedsMachine = true },
            new() { Name = "start-machine", Do = Verb.Start, Undo = Verb.PowerOff },
        ],
    };

    [Fact]
    public void Cells_OfTheRegistry_AreEveryPointTimesEveryFault()
    {
        var cells = MatrixGenerator.All();

        foreach (var plan in PlanRegistry.All)
        {
            var rows = plan.OnInstance ? InstanceMachine.All.Count(r => r.Kind == plan.Kind) : 1;
            var combinations = cells.Where(c => c.Kind == plan.Kind).Select(c => (c.Row.From, c.Point, c.Fault)).Distinct().Count();
            Assert.Equal(rows * (1 + (2 * plan.Steps.Count)) * MatrixFaults.All.Count, combinations);
        }

        Assert.Equal(cells.Count, cells.Select(c => c.Id).Distinct().Count());
    }

    [Fact]
    public void Cells_ThatMeanNothing_SayByWhichRule()
    {
        var nothing = MatrixGenerator.All().Select(c => c.NotApplicable).OfType<NotApplicable>().ToList();

        Assert.NotEmpty(nothing);
        Assert.All(nothing, n => Assert.NotEmpty(n.Rule.Reason));
        foreach (var rule in nothing.GroupBy(n => n.Rule.Name))
        {
            output.WriteLine($"{rule.Count()} × {rule.Key}");
        }
    }

    [Fact]
    public void Cells_OfEveryKind_CoverEachFaultThatItsStepsAllow()
    {
        foreach (var plan in PlanRegistry.All.Where(p => p.Steps.Any(s => s.OnHost)))
        {
            var run = MatrixGenerator.Of(plan).Where(c => c.NotApplicable is null).Select(c => c.Fault).Distinct().ToHashSet();
            Assert.True(MatrixFaults.All.Where(f => f != MatrixFault.Supersede).All(run.Contains), $"{plan.Kind} lacks {string.Join(", ", MatrixFaults.All.Except(run))}");
        }
    }

    [Fact]
    public void StartPaths_OfEveryVmStateThatKindsStartFrom_LeadThereOrNobodyRestsThere()
    {
        foreach (var row in InstanceMachine.All.Where(r => r.From != VmState.Building))
        {
            var path = StartPaths.Find(PlanRegistry.Find(row.Kind)!, row.From);
            Assert.NotNull(path);
            Assert.Equal(TaskKinds.Create, path.Kinds[0]);
        }

        Assert.Null(StartPaths.Find(PlanRegistry.Find(TaskKinds.Delete)!, VmState.Building));
    }

    [Fact]
    public async Task Run_OfAKindThatWasJustRegistered_CoversItWithoutATestOfItsOwn()
    {
        using var back = PlanRegistry.Remember();
        PlanRegistry.Register(NudgePlan, new InstanceTransition(VmState.Active, Nudge, VmState.Active));
        var cells = MatrixGenerator.All().Where(c => c.Kind == Nudge).ToList();
        await using var rig = await MatrixRig.StartAsync(MatrixStore.Sqlite);

        var results = await new MatrixRun(rig).RunAsync([.. cells.Where(c => c.NotApplicable is null)]);

        Assert.True(results.Count > 40, $"only {results.Count} cells");
        Report.Assert(results, rig, output);
    }
}
