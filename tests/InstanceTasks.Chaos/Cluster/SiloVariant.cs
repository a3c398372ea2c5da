namespace InstanceTasks.Chaos.Cluster;

/// <summary>How one silo differs from the others.</summary>
/// <param name="ClockOffset">By how much its clock is ahead; null: not at all.</param>
/// <param name="Memory">The memory that it may take; null: as much as it wants. Its owner disposes it.</param>
internal sealed record SiloVariant(TimeSpan? ClockOffset = null, MemoryLimit? Memory = null)
{
    /// <summary>Like the others.</summary>
    public static SiloVariant Plain { get; } = new();

    /// <summary>The library that gives a program another clock (Debian's libfaketime); null: it is not installed.</summary>
    public static string? ClockLibrary { get; } = Directory.Exists("/usr/lib")
        ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Select(d => Path.Combine(d, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
        : null;

    /// <summary>Variables of the silo's process. Only what tells the time is another: what measures it is as it is.</summary>
    public IEnumerable<KeyValuePair<string, string?>> Environment => ClockOffset is not { } offset ? [] :
    [
        new("LD_PRELOAD", ClockLibrary),
        new("FAKETIME", $"{offset.TotalSeconds:+0;-0}s"),
        new("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        new("DONT_FAKE_MONOTONIC", "1"),
        // Or every timed wait of a thread ends at once, and a read from the database that has to wait is one that has timed out.
        new("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
        new("NO_FAKE_STAT", "1"),
    ];
}
