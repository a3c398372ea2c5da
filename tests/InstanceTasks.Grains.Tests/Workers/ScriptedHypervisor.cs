using System.Collections.Concurrent;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>A hypervisor that notes what it is asked and does what a test says.</summary>
internal sealed class ScriptedHypervisor : IHypervisor
{
    public ConcurrentQueue<string> Calls { get; } = new();

    public Func<VerbCall, CancellationToken, Task<VerbAnswer>> OnVerb { get; set; } = (_, _) => Task.FromResult(new VerbAnswer(PowerState.Running));

    public Observation Observed { get; set; } = new(true, false, null, null);

    public Exception? OnFence { get; set; }

    /// <summary>What happens while a fence is under way.</summary>
    public Action? Fencing { get; set; }

    public IReadOnlyList<HostDescription> Hosts { get; set; } = [];

    /// <summary>What is on hosts; nothing on others.</summary>
    public Dictionary<HostName, IReadOnlyList<MachineView>> Machines { get; } = [];

    public HashSet<HostName> Unreachable { get; } = [];

    /// <summary>What is on consoles: that there is no such machine.</summary>
    public Func<HostName, InstanceId, CancellationToken, Task<string?>> OnConsole { get; set; } = (_, _, _) => Task.FromResult<string?>(null);

    public string Name => "scripted";

    public Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default) => Task.FromResult(Hosts);

    public Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort) => Verb(nameof(PrepareDiskAsync), call, abort);

    public Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort) => Verb(nameof(DeleteDiskAsync), call, abort);

    public Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort) => Verb(nameof(DefineAsync), call, abort);

    public Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort) => Verb(nameof(UndefineAsync), call, abort);

    public Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort) => Verb(nameof(StartAsync), call, abort);

    public Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort) => Verb(nameof(ShutdownAsync), call, abort);

    public Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort) => Verb(nameof(PowerOffAsync), call, abort);

    public Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort) => Verb(nameof(RebootAsync), call, abort);

    public Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort) => Verb(nameof(ResetAsync), call, abort);

    public Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort) => Verb(nameof(PauseAsync), call, abort);

    public Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort) => Verb(nameof(UnpauseAsync), call, abort);

    public Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort) => Verb(nameof(SuspendAsync), call, abort);

    public Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort) => Verb(nameof(ResumeAsync), call, abort);

    public Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort) => Verb(nameof(StartRescueAsync), call, abort);

    public Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort) => Verb(nameof(SetPasswordAsync), call, abort);

    public Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort) => Verb(nameof(SetDiskAsideAsync), call, abort);

    public Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort) => Verb(nameof(RestoreDiskAsync), call, abort);

    public Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort) => Verb(nameof(DropOldDiskAsync), call, abort);

    public Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort) => Verb(nameof(SaveImageAsync), call, abort);

    public Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort) => Verb(nameof(SetAsideAsync), call, abort);

    public Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort) => Verb(nameof(CopyDiskAsync), call, abort);

    public Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort) => Verb(nameof(PutBackAsync), call, abort);

    public Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort) => Verb(nameof(DropAsideAsync), call, abort);

    public Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort)
    {
        Calls.Enqueue("Observe");
        return Task.FromResult(Observed);
    }

    public Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort)
    {
        Calls.Enqueue("Fence");
        Fencing?.Invoke();
        return OnFence is { } error ? Task.FromException(error) : Task.CompletedTask;
    }

    /// <summary>The newest stamps that every host has seen.</summary>
    public Dictionary<InstanceId, Stamp> Stamps { get; } = [];

    public Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyDictionary<InstanceId, Stamp>>(Stamps);

    public Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default) => OnConsole(host, machine, cancellationToken);

    public Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default) => Machines.TryGetValue(host, out var machines)
        ? Task.FromResult(machines)
        : Unreachable.Contains(host) ? Task.FromException<IReadOnlyList<MachineView>>(new HypervisorException("no route")) : Task.FromResult<IReadOnlyList<MachineView>>([]);

    private Task<VerbAnswer> Verb(string name, VerbCall call, CancellationToken abort)
    {
        Calls.Enqueue(name[..^"Async".Length]);
        return OnVerb(call, abort);
    }
}
