using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>The failures of the simulated driver. Messages are for owners and name no host; details are for administrators.</summary>
internal static class WorldFailures
{
    public static Failure DiskInUse { get; } =
        new(FailureKinds.Hypervisor, "The root disk is in use, because the machine is running. Stop the machine first.");

    public static Failure StillRunning { get; } =
        new(FailureKinds.Hypervisor, "The machine is running and cannot be removed. Stop it first.");

    public static Failure GuestIsOff { get; } =
        new(FailureKinds.Guest, "The machine does not run, so its guest cannot be asked. Start it, or reboot it hard.");

    public static Failure Missing(bool defined) => defined
        ? new Failure(FailureKinds.MachineMissing, "The machine's root disk does not exist.")
        : new Failure(FailureKinds.MachineMissing, "The machine does not exist at the hypervisor.");

    public static Failure UnknownHost(string host) =>
        new(FailureKinds.Hypervisor, "The hypervisor cannot be reached.", Details: $"the simulated world has no host {host}");

    public static Failure Unreachable(string host) =>
        new(FailureKinds.Unreachable, "The hypervisor cannot be reached at the moment. It is tried again.", Retryable: true, Details: $"host {host} is unreachable");

    public static Failure OfFault(long fault, string kind, string message, bool retryable) =>
        new(kind, message, retryable, Details: $"injected fault {fault}");

    /// <summary>The world's file did not answer. Whether something was begun is not known: the next attempt observes.</summary>
    public static HypervisorException OfFile(SqliteException e) =>
        new(new Failure(FailureKinds.Unreachable, "The hypervisor did not answer. It is tried again.", Retryable: true, Details: $"simulated world: {e.Message}"));
}
