using System.Reflection;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Running;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.CrashMatrix.Tests;

/// <summary>What the matrix is worth: with a defect planted, the cells that it concerns must be wrong.</summary>
public sealed class PlantedDefectTests
{
    [Fact]
    public async Task Undo_ThatDoesNothing_IsFoundByTheInventory()
    {
        var cells = Cells(TaskKinds.Stop, c => c is { Row.From: VmState.Active, Point.IsUndo: true, Fault: MatrixFault.ReplyTwice or MatrixFault.CrashAfterCommit });

        var results = await RunAsync(cells, LazyUndo.Of);

        Assert.NotEmpty(results);
        Assert.All(results, r => Assert.Contains(r.Problems, p => p.StartsWith("inventory: ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Fault_ThatNeverStrikes_IsWrongAlthoughEverythingElseIsRight()
    {
        var cells = Cells(TaskKinds.Pause, c => c is { Point: { IsUndo: false, IsAccept: false }, Fault: MatrixFault.ReplyTwice });
        var elsewhere = cells.Select(c => c with { Point = c.Point with { Step = "no-such-step" } }).ToList();

        Assert.All(await RunAsync(elsewhere), r => Assert.Equal(["the fault never struck"], r.Problems));
        Assert.All(await RunAsync(cells), r => Assert.Empty(r.Problems));
    }

    [Fact]
    public async Task Effect_ThatHappensTwice_IsFoundByTheHistory()
    {
        var cells = Cells(TaskKinds.HardReboot, c => c is { Row.From: VmState.Active, Point: { IsUndo: false, IsAccept: false }, Fault: MatrixFault.ReplyTwice });

        var results = await RunAsync(cells, TwiceDriver.Of);

        Assert.All(results, r => Assert.Contains(r.Problems, p => p.Contains("has happened 2 times", StringComparison.Ordinal)));
    }

    private static List<MatrixCell> Cells(TaskKind kind, Func<MatrixCell, bool> which)
    {
        var cells = MatrixGenerator.Of(PlanRegistry.Find(kind)!).Where(c => c.NotApplicable is null && which(c)).ToList();
        return cells.Count > 0 ? cells : throw new InvalidOperationException($"No such cell of {kind}.");
    }

    private static async Task<IReadOnlyList<CellResult>> RunAsync(IReadOnlyList<MatrixCell> cells, Func<IHypervisor, IHypervisor>? defect = null)
    {
        await using var rig = await MatrixRig.StartAsync(MatrixStore.Sqlite, defect);
        return await new MatrixRun(rig).RunAsync(cells);
    }

    /// <summary>A driver that says of every undo that it is done, and does nothing.</summary>
    public class LazyUndo : DispatchProxy
    {
        private IHypervisor _inner = null!;

        public static IHypervisor Of(IHypervisor inner)
        {
            var proxy = Create<IHypervisor, LazyUndo>();
            ((LazyUndo)(object)proxy)._inner = inner;
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            args is [VerbCall { Key.Direction: Direction.Undo }, CancellationToken] ? Task.FromResult(new VerbAnswer(PowerState.Running)) : targetMethod!.Invoke(_inner, args);
    }

    /// <summary>A driver that does every reset twice.</summary>
    public class TwiceDriver : DispatchProxy
    {
        private IHypervisor _inner = null!;

        public static IHypervisor Of(IHypervisor inner)
        {
            var proxy = Create<IHypervisor, TwiceDriver>();
            ((TwiceDriver)(object)proxy)._inner = inner;
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod!.Name == nameof(IHypervisor.ResetAsync))
            {
                _ = targetMethod.Invoke(_inner, args);
            }

            return targetMethod.Invoke(_inner, args);
        }
    }
}
