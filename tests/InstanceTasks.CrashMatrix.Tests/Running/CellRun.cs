using System.Diagnostics;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Checking;
using InstanceTasks.CrashMatrix.Faults;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Running;

/// <summary>
/// One cell from its preparation to its verdict: brings a server into the state, lets the fault strike, and compares inventory, history and wire
/// with what is right. A crash happens between <see cref="BeginAsync"/> and <see cref="FinishAsync"/>, to many cells at once.
/// </summary>
internal sealed class CellRun
{
    // A task may end before the last message about it has arrived.
    private static readonly TimeSpan LastMessages = TimeSpan.FromSeconds(5);

    private readonly MatrixRig _rig;
    private readonly MatrixCell _cell;
    private readonly References _references;
    private readonly Expectation _right;
    private readonly List<string> _problems = [];
    private readonly Stopwatch _watch = new();
    private readonly PointFault _fault;
    private PointFault? _turn;
    private Inventory? _before;
    private Task<SubmitOutcome>? _submission;

    public CellRun(MatrixRig rig, MatrixCell cell, References references)
    {
        (_rig, _cell, _references) = (rig, cell, references);
        _right = Expectation.Of(cell);
        _fault = FaultFactory.For(cell, rig.Board);
        Subject = new Subject(rig, cell.Plan, cell.Row.From);
    }

    /// <summary>The cell's server and task.</summary>
    public Subject Subject { get; }

    /// <summary>The cell.</summary>
    public MatrixCell Cell => _cell;

    /// <summary>Whether nothing has gone wrong with the cell itself so far.</summary>
    public bool IsGood => _problems.Count == 0;

    /// <summary>Prepares, arms, asks for the task, and brings it to where the fault is to strike.</summary>
    public Task BeginAsync() => GuardAsync(async () =>
    {
        _watch.Start();
        await Subject.PrepareAsync();
        _before = await ReadAsync();
        Arm();
        _submission = SubmitAsync();
        if (!_cell.Point.IsAccept)
        {
            await MustBeAcceptedAsync();
            await TurnAsync();
        }

        if (MatrixFaults.IsCrash(_cell.Fault))
        {
            await _fault.Reached.WaitAsync(Subject.Patience);
        }
    });

    /// <summary>Does what the fault asks for, waits for the end, and compares.</summary>
    public Task FinishAsync() => IsGood ? GuardAsync(async () =>
    {
        var script = new CellScript(_cell, _right, Subject, _rig, _fault);
        await script.ActAsync();
        _problems.AddRange(script.Problems);
        await EndAsync(script.Successor);
        await CompareAsync();
        _rig.Board.Disarm(Subject.Task);
    }) : Task.CompletedTask;

    /// <summary>The verdict.</summary>
    public CellResult Result(params IReadOnlyList<string> more) => CellResult.Of(_cell, [.. _problems, .. more], _watch.Elapsed);

    private void Arm()
    {
        _rig.Board.Arm(Subject.Task, _cell.Point, _fault);
        if (_cell.Turn is { } turn)
        {
            var step = _cell.Plan.Steps[turn.Step];
            _turn = _rig.Board.Arm(Subject.Task, new MatrixPoint(turn.Step, step.Name, Direction.Do), FaultFactory.ForTurn(step, turn));
        }
    }

    private Task<SubmitOutcome> SubmitAsync() => Subject.SubmitAsync(_fault switch
    {
        AnswerLostFault lost => lost.LoseAsync,
        RequestTwiceFault twice => twice.RepeatAsync,
        _ => null,
    });

    private async Task MustBeAcceptedAsync()
    {
        var outcome = await _submission!;
        if (outcome.Answer is not { Verdict: AcceptVerdict.Accepted })
        {
            throw new InvalidOperationException($"Not accepted: {outcome.Answer?.Refusal}. If the kind needs parameters, say them in KindRequests.");
        }
    }

    /// <summary>Where the cell's point is on the way back: makes the task turn round.</summary>
    private async Task TurnAsync()
    {
        if (_cell.Turn is not { ByCancel: true })
        {
            return;
        }

        var standing = (StandstillFault)_turn!;
        await standing.Reached.WaitAsync(Subject.Patience);
        var answer = await Subject.CommandAsync(TaskCommandKind.Cancel);
        if (!answer.Accepted)
        {
            throw new InvalidOperationException($"The cancel that should turn the task round was refused: {answer.Refusal}");
        }

        standing.Release();
    }

    private async Task EndAsync(TaskId? successor)
    {
        var outcome = await _submission!.WaitAsync(Subject.Patience);
        if (_right.Ending == Ending.NotAccepted)
        {
            Check(outcome.Never || outcome.Answer is { Verdict: AcceptVerdict.Refused }, $"the request was answered {outcome.Answer?.Verdict}, although its commit never was");
            return;
        }

        Check(outcome.Answer is { Verdict: AcceptVerdict.Accepted }, $"the request was answered {outcome.Answer?.Verdict} {outcome.Answer?.Refusal}");
        await Subject.RestAsync(Subject.Task);
        if (successor is { } by)
        {
            var after = await Subject.RestAsync(by);
            Check(after.State == "succeeded", $"the {after.Kind} that took over ended {after.State}: {after.Failure}");
        }
    }

    private async Task CompareAsync()
    {
        Check(await StruckAsync(_fault), "the fault never struck");
        Check(_turn is null || await StruckAsync(_turn), "nothing turned the task round");
        await CompareHistoryAsync();
        await CompareInventoryAsync();
        _problems.AddRange(await new WireCheck(_rig.Api, _cell, Subject).FindAsync(_right));
    }

    private static async Task<bool> StruckAsync(PointFault fault)
    {
        await fault.Struck.WaitAsync(LastMessages).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        return fault.Fired > 0;
    }

    private async Task CompareHistoryAsync()
    {
        var task = await _rig.Store.GetTaskAsync(Subject.Task);
        if (task is null || _right.Ending == Ending.NotAccepted)
        {
            Check(task is null && _right.Ending == Ending.NotAccepted, task is null ? "the task is gone" : $"the task exists: {task.State}");
            return;
        }

        _problems.AddRange(HistoryCheck.Find(_cell, _right, task, await _rig.Store.ReadEventsAsync(Subject.Task), _rig.Inventory.EffectsOf(Subject.Instance, Subject.Task)));
    }

    private async Task CompareInventoryAsync()
    {
        var record = await _rig.Store.ReadInstanceAsync(Subject.Instance);
        var after = _rig.Inventory.Read(Subject.Instance, Subject.Project, record);
        var differences = _right.Ending switch
        {
            Ending.Succeeded => after.Anonymous(Subject, record?.Host).DiffersFrom(await _references.GetAsync(_cell), withState: true),
            Ending.Superseded => InventoryRules.OfState(after, record),
            _ => InventoryRules.AsBefore(after, _before!, _cell, _right.Ending),
        };
        _problems.AddRange(differences.Select(d => $"inventory: {d}"));
    }

    private async Task<Inventory> ReadAsync() => _rig.Inventory.Read(Subject.Instance, Subject.Project, await _rig.Store.ReadInstanceAsync(Subject.Instance));

    private void Check(bool holds, string problem)
    {
        if (!holds)
        {
            _problems.Add(problem);
        }
    }

    // Whatever goes wrong is the cell's result: the others go on.
    private async Task GuardAsync(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (Exception e)
        {
            _problems.Add($"{e.GetType().Name}: {e.Message} (struck {_fault.Fired} times)");
            _rig.Board.Disarm(Subject.Task);
        }
    }
}
