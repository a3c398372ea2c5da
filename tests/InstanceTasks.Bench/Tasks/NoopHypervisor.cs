using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Bench.Tasks;

/// <summary>Machines on which every verb has succeeded at once.</summary>
internal sealed class NoopHypervisor : IHypervisor
{
    public const int Hosts = 8;

    private static readonly Task<VerbAnswer> Done = Task.FromResult(new VerbAnswer(PowerState.Running));

    public string Name => "noop";

    public static HostName HostOf(int number) => new($"noop-{number % Hosts}");

    public Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<HostDescription>>([.. Enumerable.Range(0, Hosts).Select(n => new HostDescription(HostOf(n), "nova", new Resources(1000, 1_000_000, 10_000)))]);

    public Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort) => Done;

    public Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort) => Task.FromResult(new Observation(true, false, null, null));

    public Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort) => Task.CompletedTask;

    public Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyDictionary<InstanceId, Stamp>>(new Dictionary<InstanceId, Stamp>());

    public Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default) => Task.FromResult<string?>(null);

    public Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<MachineView>>([]);
}
