namespace InstanceTasks.Engine;

/// <summary>Decides about a quota delta and words the refusal as Nova does.</summary>
public static class QuotaRules
{
    /// <summary>Null: it fits. Only what is added is compared with a limit: giving back always fits.</summary>
    public static string? Refusal(QuotaUsage used, QuotaChange change)
    {
        (string Name, int Delta, int Used, int Limit)[] resources =
        [
            ("instances", change.Instances, used.Instances, used.MaxInstances),
            ("cores", change.Cores, used.Cores, used.MaxCores),
            ("ram", change.RamMb, used.RamMb, used.MaxRamMb),
        ];
        var over = resources.Where(r => r.Delta > 0 && r.Limit >= 0 && (long)r.Used + r.Delta > r.Limit).ToArray();
        return over.Length == 0
            ? null
            : $"Quota exceeded for {string.Join(", ", over.Select(r => r.Name))}: Requested {Join(over.Select(r => r.Delta))}, but already used {Join(over.Select(r => r.Used))} of {Join(over.Select(r => r.Limit))} {string.Join(", ", over.Select(r => r.Name))}";
    }

    private static string Join(IEnumerable<int> values) => string.Join(", ", values);
}
