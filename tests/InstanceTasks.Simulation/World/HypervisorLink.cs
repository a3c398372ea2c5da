using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.Simulation.Kernel;

namespace InstanceTasks.Simulation.World;

/// <summary>One process's way to the hypervisors: calls take time, and a process that stands still sends them late.</summary>
internal sealed class HypervisorLink(Scheduler scheduler, ProcessContext process, TimeProvider time, Machines machines, Faults faults, Dice latency) : IHypervisor
{
    private static readonly TimeSpan Fast = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(3);
    private static readonly Failure Unreachable = new(FailureKinds.Unreachable, "The host cannot be reached.", Retryable: true);

    /// <summary>A verb leaves the process, which has not stood still since it decided to send it.</summary>
    public Action<VerbCall> Leaves { get; set; } = _ => { };

    /// <summary>The process stands still from now on, and may be declared dead meanwhile.</summary>
    public Action Hang { get; set; } = () => { };

    public string Name => "in memory";

    public Task<IReadOnlyList<HostDescription>> ReadHostsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyDictionary<InstanceId, Stamp>> ReadStampsAsync(HostName host, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<string?> ReadConsoleAsync(HostName host, InstanceId machine, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<MachineView>> ListAsync(HostName host, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<VerbAnswer> PrepareDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PrepareDisk, call, abort);

    public Task<VerbAnswer> DeleteDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DeleteDisk, call, abort);

    public Task<VerbAnswer> DefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Define, call, abort);

    public Task<VerbAnswer> UndefineAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Undefine, call, abort);

    public Task<VerbAnswer> StartAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Start, call, abort);

    public Task<VerbAnswer> ShutdownAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Shutdown, call, abort);

    public Task<VerbAnswer> PowerOffAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PowerOff, call, abort);

    public Task<VerbAnswer> RebootAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reboot, call, abort);

    public Task<VerbAnswer> ResetAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Reset, call, abort);

    public Task<VerbAnswer> PauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Pause, call, abort);

    public Task<VerbAnswer> UnpauseAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Unpause, call, abort);

    public Task<VerbAnswer> SuspendAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Suspend, call, abort);

    public Task<VerbAnswer> ResumeAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.Resume, call, abort);

    public Task<VerbAnswer> StartRescueAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.StartRescue, call, abort);

    public Task<VerbAnswer> SetPasswordAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetPassword, call, abort);

    public Task<VerbAnswer> SetDiskAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetDiskAside, call, abort);

    public Task<VerbAnswer> RestoreDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.RestoreDisk, call, abort);

    public Task<VerbAnswer> DropOldDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropOldDisk, call, abort);

    public Task<VerbAnswer> SaveImageAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SaveImage, call, abort);

    public Task<VerbAnswer> SetAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.SetAside, call, abort);

    public Task<VerbAnswer> CopyDiskAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.CopyDisk, call, abort);

    public Task<VerbAnswer> PutBackAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.PutBack, call, abort);

    public Task<VerbAnswer> DropAsideAsync(VerbCall call, CancellationToken abort) => RunAsync(Verb.DropAside, call, abort);

    public async Task<Observation> ObserveAsync(HostName host, InstanceId machine, VerbKey key, CancellationToken abort)
    {
        while (true)
        {
            abort.ThrowIfCancellationRequested();
            var (underWay, seen) = await CallAsync(() => machines.Observe(host, machine, key));
            if (underWay is null)
            {
                return seen;
            }

            await underWay.Ended.Task.WaitAsync(abort);
        }
    }

    public async Task FenceAsync(HostName host, InstanceId machine, Stamp below, CancellationToken abort)
    {
        abort.ThrowIfCancellationRequested();
        var underWay = await CallAsync(() => faults.Strikes(FaultKind.FenceFails)
            ? throw new HypervisorException(Unreachable with { Message = "The fence failed." })
            : machines.Fence(host, machine, below));
        foreach (var older in underWay)
        {
            await older.Ended.Task.WaitAsync(abort);
        }
    }

    private async Task<VerbAnswer> RunAsync(Verb verb, VerbCall call, CancellationToken abort)
    {
        abort.ThrowIfCancellationRequested();
        await LeaveAsync(call);
        var operation = await CallAsync(() => machines.Begin(verb, call))
            ?? throw new StaleStampException($"{verb} with stamp {call.Stamp} was refused: the machine has seen a newer one.");
        await EndAsync(operation, abort);
        return AnswerOf(operation, abort);
    }

    // Between the last check and the system call a process may stand still: what it then sends, nothing can take back.
    private async Task LeaveAsync(VerbCall call)
    {
        var halts = process.Halts;
        if (faults.Strikes(FaultKind.WorkerHangsBeforeCall))
        {
            Hang();
            // Less than a millisecond would be no delay at all.
            await Task.Delay(TimeSpan.FromMilliseconds(1), time);
        }

        if (halts == process.Halts)
        {
            Leaves(call);
        }
    }

    private async Task EndAsync(Operation operation, CancellationToken abort)
    {
        try
        {
            await operation.Ended.Task.WaitAsync(abort);
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            scheduler.After(latency.Between(Fast, Slow), null, () => machines.Abort(operation, OperationEnd.Aborted));
            await operation.Ended.Task;
        }
    }

    private static VerbAnswer AnswerOf(Operation operation, CancellationToken abort) => operation.End switch
    {
        OperationEnd.Done => new VerbAnswer(operation.Power),
        OperationEnd.Failed => throw new HypervisorException(operation.Failure!),
        OperationEnd.Aborted => throw new OperationCanceledException("The operation was aborted before its effect.", abort),
        _ => throw new StaleStampException($"{operation} was ended by a fence, without its effect."),
    };

    /// <summary>
    /// A call on its way cannot be stopped, whatever becomes of its process: only the answer finds that dead. When the host cannot be reached
    /// the call may have been carried out all the same.
    /// </summary>
    private Task<T> CallAsync<T>(Func<T> there)
    {
        var answer = new TaskCompletionSource<T>();
        var lost = faults.Strikes(FaultKind.HostUnreachable);
        var arrives = !lost || latency.Chance(500);
        scheduler.After(Way(), null, () => Arrive(there, answer, lost, arrives));
        return answer.Task;
    }

    private void Arrive<T>(Func<T> there, TaskCompletionSource<T> answer, bool lost, bool arrives)
    {
        try
        {
            var result = arrives ? there() : default;
            scheduler.After(Way(), null, () =>
            {
                if (lost)
                {
                    answer.SetException(new HypervisorException(Unreachable));
                }
                else
                {
                    answer.SetResult(result!);
                }
            });
        }
        catch (HypervisorException e)
        {
            scheduler.After(Way(), null, () => answer.SetException(e));
        }
    }

    private TimeSpan Way() => latency.Between(Fast, Slow);
}
