using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Faults;

/// <summary>How each kind of fault strikes, and what it needs.</summary>
internal static class FaultTable
{
    /// <summary>Strikes and heals.</summary>
    public static IReadOnlyDictionary<FaultKind, Func<FaultTools, Task<FaultEvidence>>> Strikes { get; } = new Dictionary<FaultKind, Func<FaultTools, Task<FaultEvidence>>>
    {
        [FaultKind.Kill] = ProcessFaults.KillAsync,
        [FaultKind.Freeze] = ProcessFaults.FreezeAsync,
        [FaultKind.Stop] = ProcessFaults.StopAsync,
        [FaultKind.RestartDatabase] = tools => DatabaseFaults.RestartAsync(tools, immediate: false),
        [FaultKind.CrashDatabase] = tools => DatabaseFaults.RestartAsync(tools, immediate: true),
        [FaultKind.CutDatabase] = DatabaseFaults.CutAsync,
        [FaultKind.SlowDatabase] = DatabaseFaults.SlowAsync,
        [FaultKind.StallDatabase] = DatabaseFaults.StallAsync,
        [FaultKind.LoseDatabase] = DatabaseFaults.LoseAsync,
        [FaultKind.Partition] = ClusterFaults.PartitionAsync,
        [FaultKind.Memory] = ProcessFaults.MemoryAsync,
        [FaultKind.Clock] = ProcessFaults.ClockAsync,
        [FaultKind.Scale] = ClusterFaults.ScaleAsync,
    };

    /// <summary>Why a kind cannot be had on this machine; null: it can.</summary>
    public static string? WhyNot(FaultKind kind) => kind switch
    {
        FaultKind.Partition when !NetworkNamespace.IsPossible => "network namespaces need root, unshare and ip (iproute2)",
        FaultKind.Memory when !MemoryIsPossible => "a memory cgroup cannot be made",
        FaultKind.Clock when SiloVariant.ClockLibrary is null => "Debian's package libfaketime is not installed",
        _ => null,
    };

    private static bool MemoryIsPossible { get; } = TryMemory();

    private static bool TryMemory()
    {
        using var limit = MemoryLimit.TryCreate();
        return limit is not null;
    }
}
