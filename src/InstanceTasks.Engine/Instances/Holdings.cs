namespace InstanceTasks.Engine;

/// <summary>What an instance holds of its project's quota and of its host. Pure.</summary>
internal static class Holdings
{
    /// <summary>The change of the quota between two records of an instance; null: not there.</summary>
    public static IReadOnlyList<QuotaChange> Quota(InstanceRecord? before, InstanceRecord after)
    {
        var (was, now) = (QuotaOf(before), QuotaOf(after));
        var change = new QuotaChange(after.Project, now.Instances - was.Instances, now.Cores - was.Cores, now.RamMb - was.RamMb);
        return change is { Instances: 0, Cores: 0, RamMb: 0 } ? [] : [change];
    }

    /// <summary>The claims that an instance gives back with the end of a task.</summary>
    public static IReadOnlyList<ClaimChange> Claims(InstanceRecord before, InstanceRecord after, TaskId task)
    {
        if (after.VmState == VmState.Deleted)
        {
            return before.VmState == VmState.Deleted ? [] : [new ClaimChange(before.Id, default, null, default, Take: false)];
        }

        return before.Resize is not null && after is { Resize: null, Host: { } host } ? Replace(after.Id, task, host, after.Flavor.ToResources()) : [];
    }

    /// <summary>The claims of an instance on its host are this one from now on. A task's own claim is never changed, so it is released first.</summary>
    public static IReadOnlyList<ClaimChange> Replace(InstanceId instance, TaskId task, HostName host, Resources resources) =>
    [
        new ClaimChange(instance, task, host, default, Take: false),
        new ClaimChange(instance, task, host, resources, Take: true),
    ];

    // Whichever flavor wins, there must be room for it: of each resource the larger share is held until that is decided.
    private static (int Instances, int Cores, int RamMb) QuotaOf(InstanceRecord? instance) => instance switch
    {
        null or { VmState: VmState.Deleted } => (0, 0, 0),
        { Resize.Other: { } other, Flavor: var own } => (1, Math.Max(own.Vcpus, other.Vcpus), Math.Max(own.RamMb, other.RamMb)),
        { Flavor: var own } => (1, own.Vcpus, own.RamMb),
    };
}
