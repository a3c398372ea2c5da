using InstanceTasks.CrashMatrix.Cells;

namespace InstanceTasks.CrashMatrix.Checking;

/// <summary>What an inventory must be when there is no other run to compare it with.</summary>
internal static class InventoryRules
{
    /// <summary>
    /// What a task has undone is as before; what its row says of the state is another matter. Where the row leads to another state than before
    /// there may be a new record, and its power is what the way back left.
    /// </summary>
    public static IEnumerable<string> AsBefore(Inventory after, Inventory before, MatrixCell cell, Ending ending)
    {
        var state = Expectation.StatesAfter(cell, ending)[0];
        if (cell.Row.From == VmState.Error)
        {
            // ERROR says nothing of power, so no way back can promise any: a plan decides for each step what is the lesser harm.
            (after, before) = (after.WithoutPower(), before.WithoutPower());
        }

        if (ending == Ending.NotAccepted || state == cell.Row.From)
        {
            return after.DiffersFrom(before, withState: true);
        }

        // A server that was being made exists, and counts, although nothing of it is on any host.
        var right = before.Record is null ? before with { Record = after.Record, Quota = after.Quota } : before;
        return after.DiffersFrom(right, withState: false)
            .Concat(after.VmState == state ? [] : [$"vm_state is {after.VmState}, right is {state}"])
            .Concat(before.Record is null && !after.Quota.StartsWith("1 ", StringComparison.Ordinal) ? [$"quota is [{after.Quota}] for one server"] : []);
    }

    /// <summary>Machine, disk and claim are there exactly while the server's state says so.</summary>
    public static IEnumerable<string> OfState(Inventory after, InstanceRecord? record)
    {
        var placed = record is { Host: not null } and not { VmState: VmState.Deleted };
        if (placed != after.Claims.Count > 0)
        {
            yield return $"the server is {record?.VmState} on {record?.Host} with {after.Claims.Count} claims";
        }

        if (record?.VmState == VmState.Deleted && (after.World.Count > 0 || !after.Quota.StartsWith("0 ", StringComparison.Ordinal)))
        {
            yield return $"a deleted server leaves [{string.Join("; ", after.World)}] and {after.Quota}";
        }

        if (after.Images.Any(i => i.Contains(" active=0 ", StringComparison.Ordinal) || (record?.VmState == VmState.Deleted && i.Contains(" shelved=1 ", StringComparison.Ordinal))))
        {
            yield return $"the server is {record?.VmState}, and there are the images [{string.Join("; ", after.Images)}]";
        }

        if (record is not null and not { VmState: VmState.Deleted } && placed != after.World.Count > 0)
        {
            yield return $"the server is {record.VmState} on {record.Host}, and the world has [{string.Join("; ", after.World)}]";
        }
    }
}
