using InstanceTasks.Hypervisors.Simulated;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Hypervisors;

/// <summary>
/// A hypervisor whose world is a SQLite file. The world is not this process: an operation that has begun ends by the world's clock
/// whether the process lives or not, and every process with the file open sees the same machines, stamps and faults.
/// A verb aborted in time throws <see cref="OperationCanceledException"/>, and then its effect is not there; one ended by a fence
/// throws <see cref="StaleStampException"/>. Closing the driver leaves its operations under way.
/// </summary>
public sealed class SimulatedHypervisor : IHypervisor, IDisposable
{
    private readonly WorldFile file;
    private readonly SimulatedHypervisorOptions options;
    private readonly Task<bool> hosts;

    /// <summary>Opens the world; makes its file and hosts if they are not there.</summary>
    /// <exception cref="InvalidOperationException">The file was made by another version.</exception>
    public SimulatedHypervisor(SimulatedHypervisorOptions options, TimeProvider? time = null, ILogger<SimulatedHypervisor>? logger = null)
    {
        this.options = options;
        file = WorldFile.Open(options.WorldFile, create: true, time ?? TimeProvider.System, logger ?? NullLogger<SimulatedHypervisor>.Instance);

        // First in the file's queue, so no caller can see a world without hosts; awaited where hosts are read, so an error is seen.
        hosts = file.RunAsync(s =>
        {
            s.AddHosts(options.DescribeHosts());
            return true;
        });
    }

    /// <inheritdoc/>
    public string Name => "simulated";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default)
    {
        await Guard(() => hosts);
        return await Guard(() => file.RunAsync(s => s.ReadHosts())).WaitAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PrepareDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DeleteDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Define, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Undefine, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Start, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Shutdown, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PowerOff, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reboot, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reset, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Pause, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Unpause, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Suspend, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Resume, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.StartRescue, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetPassword, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetDiskAside, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.RestoreDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropOldDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SaveImage, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetAside, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.CopyDisk, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PutBack, call, abort);

    /// <inheritdoc/>
    public Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropAside, call, abort);

    /// <inheritdoc/>
    public async Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort)
    {
        while (true)
        {
            abort.ThrowIfCancellationRequested();
            var (outcome, ends) = await Guard(() => file.RunAndWatchAsync(
                s => s.Observe(host.Value, WorldText.Of(machine), key), o => o.UnderWay));
            ThrowIf(outcome.Failure);
            if (outcome.Observation is { } observation)
            {
                return observation;
            }

            await Task.WhenAll(ends).WaitAsync(abort);
        }
    }

    /// <inheritdoc/>
    public async Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort)
    {
        abort.ThrowIfCancellationRequested();
        var (outcome, ends) = await Guard(() => file.RunAndWatchAsync(
            s => s.Fence(host.Value, WorldText.Of(machine), below.ToSortable()), o => o.UnderWay));
        ThrowIf(outcome.Failure);
        await Task.WhenAll(ends).WaitAsync(abort);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default)
    {
        var (machines, failure) = await Guard(() => file.RunAsync(s => s.ListMachines(host.Value))).WaitAsync(cancellationToken);
        ThrowIf(failure);
        return [.. machines!.Select(m => new MachineView(m.Machine, m.Defined, m.HasDisk, m.Power) { Aside = m.Aside is not null })];
    }

    /// <inheritdoc/>
    public async Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default)
    {
        var (console, failure) = await Guard(() => file.RunAsync(s => s.ReadConsole(host.Value, WorldText.Of(machine)))).WaitAsync(cancellationToken);
        ThrowIf(failure);
        return console;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default)
    {
        var (stamps, failure) = await Guard(() => file.RunAsync(s => s.ListStamps(host.Value))).WaitAsync(cancellationToken);
        ThrowIf(failure);
        return stamps!;
    }

    /// <summary>Closes the file. Operations under way go on; calls that wait for them fail.</summary>
    public void Dispose() => file.Dispose();

    private async Task<VerbAnswer> RunAsync(Verb verb, VerbCall call, CancellationToken abort)
    {
        abort.ThrowIfCancellationRequested();
        var (begun, ends) = await Guard(() => file.RunAndWatchAsync(
            s => s.BeginOperation(verb, call, options.LatencyOf(verb)), o => o.Watch));
        var end = begun.End ?? await AwaitEndAsync(call, begun.UnderWay, ends[0], abort);
        return end.State switch
        {
            SimulatedOperationState.Done => new VerbAnswer(end.Power),
            SimulatedOperationState.Failed => throw new HypervisorException(end.Failure!),
            SimulatedOperationState.Aborted when end.AbortedBy == WorldText.ByCaller =>
                throw new OperationCanceledException("The operation was aborted before its effect.", abort),
            SimulatedOperationState.Aborted => throw new StaleStampException($"{verb} with stamp {call.Stamp} was ended by a fence, without its effect."),
            SimulatedOperationState.Refused => throw new StaleStampException($"{verb} with stamp {call.Stamp} was refused: the machine has seen a newer one."),
            _ => throw new InvalidOperationException($"An operation cannot end as {end.State}."),
        };
    }

    /// <summary>Waits for the end; asks for an abort when told to, and then waits for what became of it.</summary>
    private async Task<OperationEnd> AwaitEndAsync(VerbCall call, long operation, Task<OperationEnd> end, CancellationToken abort)
    {
        try
        {
            return await end.WaitAsync(abort);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            await Guard(() => file.RunAsync(s => s.Abort(call, operation)));
            return await end;
        }
    }

    private static void ThrowIf(Failure? failure)
    {
        if (failure is not null)
        {
            throw new HypervisorException(failure);
        }
    }

    private static async Task<T> Guard<T>(Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (SqliteException e)
        {
            throw WorldFailures.OfFile(e);
        }
    }
}
