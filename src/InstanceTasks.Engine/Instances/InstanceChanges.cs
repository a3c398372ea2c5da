namespace InstanceTasks.Engine;

/// <summary>Applies one-commit changes. They may happen alongside a running task: settle merges by fields.</summary>
public static class InstanceChanges
{
    /// <summary>The instance after the change.</summary>
    public static InstanceRecord Apply(InstanceRecord instance, SubmitTask request, DateTimeOffset now)
    {
        var stamped = instance with { UpdatedAt = now };
        if (request.Kind == TaskKinds.ResetToActive || request.Kind == TaskKinds.ResetToError)
        {
            // Nothing is done to the machine; a task that has it goes on, and its end says what the state is then.
            return stamped with { VmState = request.Kind == TaskKinds.ResetToActive ? VmState.Active : VmState.Error };
        }

        if (request.Kind == TaskKinds.Lock)
        {
            // An owner's lock of what is locked is a no-op (nova-api §3.1); an administrator's replaces it.
            var by = request.Caller.IsAdmin && request.Caller.Project != instance.Project ? "admin" : "owner";
            return by == "owner" && instance.Locked ? stamped : stamped with { LockedBy = by, LockedReason = request.Change?.LockedReason };
        }

        return request.Kind == TaskKinds.Unlock
            ? stamped with { LockedBy = null, LockedReason = null }
            : request.Change is { } change ? Describe(stamped, change) : stamped;
    }

    /// <summary>The descriptive fields as a change leaves them.</summary>
    public static InstanceRecord Describe(InstanceRecord instance, InstanceChange change) => instance with
    {
        Name = change.Name ?? instance.Name,
        Description = change.SetDescription ? change.Description : instance.Description,
        AccessIPv4 = change.AccessIPv4 ?? instance.AccessIPv4,
        AccessIPv6 = change.AccessIPv6 ?? instance.AccessIPv6,
        DiskConfig = change.DiskConfig ?? instance.DiskConfig,
        Hostname = change.Hostname ?? instance.Hostname,
        Tags = TagsAfter(instance.Tags, change),
        ImageId = change.ImageId ?? instance.ImageId,
        KeyName = change.SetKeyName ? change.KeyName : instance.KeyName,
        PinnedZone = change.SetPinnedZone ? change.PinnedZone : instance.PinnedZone,
        Metadata = Merge(instance.Metadata, change),
    };

    private static List<string> TagsAfter(List<string> old, InstanceChange change)
    {
        var tags = change.ReplaceTags ?? old;
        return change.AddTag is { } added && !tags.Contains(added) ? [.. tags, added]
            : change.RemoveTag is { } gone ? [.. tags.Where(t => t != gone)]
            : tags;
    }

    private static Dictionary<string, string> Merge(Dictionary<string, string> old, InstanceChange change)
    {
        var merged = new Dictionary<string, string>(change.ReplaceMetadata ?? old);
        foreach (var (key, value) in change.MergeMetadata ?? [])
        {
            merged[key] = value;
        }

        if (change.RemoveMetadataKey is { } gone)
        {
            merged.Remove(gone);
        }

        return merged;
    }
}
