using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>Operations: settling what is due, effects, aborts, fences and what became of a key.</summary>
internal sealed partial class WorldSession
{
    private readonly OperationStatements operations;

    /// <summary>Brings the whole world up to the clock.</summary>
    public void SettleAll()
    {
        var now = ReadClock();
        Settle(operations.DueAnywhere.Query(now), now);
    }

    /// <summary>Ends an operation for its caller, if it is under way and lets its caller.</summary>
    public int Abort(VerbCall call, long operation)
    {
        var now = ReadClock();
        SettleMachine(call.Host.Value, WorldText.Of(call.Machine.Instance), now);
        return operations.Abort.Execute(operation, now, WorldText.ByCaller);
    }

    /// <summary>Raises the fence, aborts what is older and can be aborted, and says what is older and must be waited for.</summary>
    public FenceOutcome Fence(string host, string machine, string below)
    {
        var (now, unreachable) = Reach(host);
        if (unreachable is not null)
        {
            return new FenceOutcome(unreachable, []);
        }

        if (rules.AnyFault.Scalar() is not null && Hit(WorldText.OnFence, false, host, machine, null, null, null) is { } fault)
        {
            return new FenceOutcome(fault.Failure, []);
        }

        SettleMachine(host, machine, now);
        rules.RaiseFence.Execute(host, machine, below);
        foreach (var operation in Ids(operations.OlderToAbort.Query(host, machine, below)))
        {
            operations.Abort.Execute(operation, now, WorldText.ByFence);
        }

        return new FenceOutcome(null, Ids(operations.OlderUnderWay.Query(host, machine, below)));
    }

    /// <summary>What became of an effect.</summary>
    public ObserveOutcome Observe(string host, string machine, VerbKey key)
    {
        var (now, unreachable) = Reach(host);
        if (unreachable is not null)
        {
            return new ObserveOutcome(null, unreachable, []);
        }

        SettleMachine(host, machine, now);
        var text = key.ToString();
        var underWay = Ids(operations.KeyUnderWay.Query(text, host, machine));
        if (underWay.Count > 0)
        {
            return new ObserveOutcome(null, null, underWay);
        }

        return new ObserveOutcome(Judge(host, machine, key, text), null, []);
    }

    /// <summary>What a machine's guest has written; null without a failure: there is no such machine.</summary>
    public (string? Console, Failure? Failure) ReadConsole(string host, string machine)
    {
        var (now, unreachable) = Reach(host);
        if (unreachable is not null)
        {
            return (null, unreachable);
        }

        SettleMachine(host, machine, now);
        return ((string?)operations.ReadConsole.Scalar(host, machine) is { } kept ? GuestConsole.Read(kept) : null, null);
    }

    private Observation Judge(string host, string machine, VerbKey key, string text)
    {
        var state = ReadMachine(host, machine);
        var (verb, happened, failure) = ReadHistory(host, machine, text);
        if (rules.AnyFault.Scalar() is not null &&
            Hit(WorldText.OnObserve, false, host, machine, null, WorldText.Of(verb), key) is not null)
        {
            return new Observation(Known: false, Happened: false, Failure: null, state.Answer);
        }

        var holds = happened && state.AgreesWith(verb!.Value);
        return new Observation(Known: true, holds, happened ? null : failure, state.Answer);
    }

    /// <summary>The key's verb, whether its effect ever happened, and the failure of its newest operation.</summary>
    private (Verb? Verb, bool Happened, Failure? Failure) ReadHistory(string host, string machine, string key)
    {
        using var reader = operations.KeyHistory.Query(key, host, machine);
        Verb? verb = null;
        Failure? failure = null;
        var happened = false;
        while (reader.Read())
        {
            failure = verb is null ? ReadFailure(reader, 2) : failure;
            verb ??= WorldText.ReadVerb(reader.GetString(0));
            happened |= reader.GetInt64(1) != 0;
        }

        return (verb, happened, failure);
    }

    private void SettleMachine(string host, string machine, long now) => Settle(operations.DueOnMachine.Query(host, machine, now), now);

    private void Settle(SqliteDataReader reader, long now)
    {
        foreach (var operation in ReadDue(reader))
        {
            var end = Finish(operation, now);
            operations.End.Execute(
                operation.Id, WorldText.Of(end.State), now, end.Applied ? 1L : 0L, (long?)end.Power, WriteFailure(end.Failure));
        }
    }

    private static List<WorldOperation> ReadDue(SqliteDataReader reader)
    {
        using (reader)
        {
            List<WorldOperation> due = [];
            while (reader.Read())
            {
                due.Add(OperationStatements.Read(reader));
            }

            return due;
        }
    }

    /// <summary>The moment of the effect: the machine changes and the effect is counted, or the operation fails.</summary>
    private OperationEnd Finish(WorldOperation operation, long now)
    {
        var current = ReadMachine(operation.Host, operation.Machine);
        if (operation.Plan == WorldText.PlanFail)
        {
            return new OperationEnd(SimulatedOperationState.Failed, current.Answer, operation.PlannedFailure);
        }

        var (next, failure) = current.Apply(operation.Verb, operation.Password, operation.Task, operation.IsUndo);
        if (failure is not null)
        {
            return new OperationEnd(SimulatedOperationState.Failed, current.Answer, failure);
        }

        // It may be found long after its time.
        WriteMachine(operation, current, next, Math.Min(now, operation.EndsAt ?? now));
        operations.CountEffect.Execute(
            operation.Key, operation.Stamp, operation.Host, operation.Machine, WorldText.Of(operation.Verb), next != current ? 1L : 0L, now);
        return operation.Plan == WorldText.PlanApplyThenFail
            ? new OperationEnd(SimulatedOperationState.Failed, next.Answer, operation.PlannedFailure, Applied: true)
            : new OperationEnd(SimulatedOperationState.Done, next.Answer, Applied: true);
    }

    private MachineState ReadMachine(string host, string machine)
    {
        using var reader = operations.ReadMachine.Query(host, machine);
        return reader.Read()
            ? new MachineState(reader.GetInt64(0) != 0, reader.GetInt64(1) != 0, (PowerState)reader.GetInt32(2), reader.GetInt64(3))
            {
                Rescue = reader.GetInt64(4) != 0, Password = Text(reader, 5), OldDisk = Text(reader, 6), OldPassword = Text(reader, 7),
                Aside = reader.GetInt64(8) != 0, RanSince = reader.GetInt64(9) != 0,
            }
            : default;
    }

    private void WriteMachine(WorldOperation by, MachineState current, MachineState next, long at)
    {
        if (next == current)
        {
            return;
        }

        if (!next.Exists)
        {
            operations.DeleteMachine.Execute(by.Host, by.Machine);
            return;
        }

        operations.WriteMachine.Execute(
            by.Host, by.Machine, next.Disk ? 1L : 0L, next.Defined ? 1L : 0L, (long)next.Power, by.Name, by.Image,
            (long)by.Resources.Vcpus, (long)by.Resources.MemoryMb, (long)by.Resources.DiskGb, next.Boots,
            next.Rescue ? 1L : 0L, next.Password, next.OldDisk, next.OldPassword, next.Aside ? 1L : 0L, next.RanSince ? 1L : 0L,
            GuestConsole.Writes(by.Verb, current, next, by.Machine, at), -(long)GuestConsole.Kept, WorldText.Of(by.Verb));
    }

    private static List<long> Ids(SqliteDataReader reader)
    {
        using (reader)
        {
            List<long> ids = [];
            while (reader.Read())
            {
                ids.Add(reader.GetInt64(0));
            }

            return ids;
        }
    }
}
