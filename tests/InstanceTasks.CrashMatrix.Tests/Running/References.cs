using System.Collections.Concurrent;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Checking;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>What each kind leaves from each state when nothing goes wrong: what every cell whose task succeeds must leave, too.</summary>
internal sealed class References(MatrixRig rig)
{
    private readonly ConcurrentDictionary<(string Kind, VmState From), Lazy<Task<Inventory>>> _known = new();
    private readonly ConcurrentQueue<(MatrixCell Cell, Subject Subject)> _subjects = new();

    /// <summary>Their servers, each with a cell whose kind was done to it.</summary>
    public IEnumerable<(MatrixCell Cell, Subject Subject)> Subjects => _subjects;

    /// <summary>The inventory after the cell's kind, without the names of its server.</summary>
    public Task<Inventory> GetAsync(MatrixCell cell) => _known.GetOrAdd((cell.Kind.Name, cell.Row.From), _ => new(() => RunAsync(cell))).Value;

    private async Task<Inventory> RunAsync(MatrixCell cell)
    {
        var subject = new Subject(rig, cell.Plan, cell.Row.From);
        _subjects.Enqueue((cell, subject));
        await subject.PrepareAsync();
        await subject.SubmitAsync();
        var task = await subject.RestAsync(subject.Task);
        var record = await rig.Store.ReadInstanceAsync(subject.Instance);
        if (task.State != "succeeded" || record?.VmState != cell.Row.Leaves(cell.Start?.BeforeResize))
        {
            throw new InvalidOperationException($"Without any fault the task ended {task.State} and left the server {record?.VmState}: {task.Failure}");
        }

        return rig.Inventory.Read(subject.Instance, subject.Project, record).Anonymous(subject, record.Host);
    }
}
