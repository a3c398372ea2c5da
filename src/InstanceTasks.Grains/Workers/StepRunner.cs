using System.Text;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains.Workers;

/// <summary>The only place from which effects on machines start.</summary>
internal sealed class StepRunner(IHypervisor hypervisor, IStepSecrets secrets, TimeProvider time) : IStepRunner
{
    private static readonly Failure SecretGone =
        new(FailureKinds.SecretGone, "The password that was given with the request is not kept any more. Ask again, with a new one.");

    /// <inheritdoc/>
    public async Task<AttemptOutcome> ExecuteTaskOnInstance(Attempt task, MachineSpec instance, Func<bool> mayStart, CancellationToken abort)
    {
        var begun = time.GetUtcNow();
        try
        {
            if (task.FenceFirst)
            {
                await hypervisor.FenceAsync(task.Host, instance.Instance, task.Stamp, abort);
            }

            if (task.ObserveFirst && await hypervisor.ObserveAsync(task.Host, instance.Instance, task.Key, abort) is { Happened: true } seen)
            {
                return Outcome(task, AttemptResult.Succeeded, begun, power: seen.Power) with { Observed = true };
            }

            var call = new VerbCall(task.Host, instance, task.Key, task.Stamp) { Password = await ReadSecretAsync(task, abort) };
            if (!mayStart())
            {
                return Outcome(task, AttemptResult.NotBegun, begun);
            }

            var answer = await RunAsync(task, call, abort);
            return Outcome(task, AttemptResult.Succeeded, begun, power: answer.Power);
        }
        catch (StaleStampException e)
        {
            return Outcome(task, AttemptResult.Fenced, begun, new Failure(FailureKinds.Fenced, "A newer attempt has taken over.", Details: e.Message));
        }
        catch (HypervisorException e)
        {
            return Outcome(task, AttemptResult.Failed, begun, e.Failure);
        }
        catch (Exception e) when (e is not OperationCanceledException || !abort.IsCancellationRequested)
        {
            var failure = new Failure(FailureKinds.Internal, $"The step failed inside the worker ({e.GetType().Name}).", Retryable: true, Details: e.Message);
            return Outcome(task, AttemptResult.Failed, begun, failure);
        }
    }

    private async Task<Secret?> ReadSecretAsync(Attempt task, CancellationToken abort) =>
        task.Secret is not { } name ? null
        : await secrets.ReadAsync(task.Key.Task, name, abort) is { } text ? new Secret(text)
        : throw new HypervisorException(SecretGone);

    private async Task<VerbAnswer> RunAsync(Attempt task, VerbCall call, CancellationToken abort)
    {
        Failpoints.Hit("effect-before", task.Kind, task.Key.Step);
        var answer = await (task.Verb switch
        {
            Verb.PrepareDisk => hypervisor.PrepareDiskAsync(call, abort),
            Verb.DeleteDisk => hypervisor.DeleteDiskAsync(call, abort),
            Verb.Define => hypervisor.DefineAsync(call, abort),
            Verb.Undefine => hypervisor.UndefineAsync(call, abort),
            Verb.Start => hypervisor.StartAsync(call, abort),
            Verb.Shutdown => hypervisor.ShutdownAsync(call, abort),
            Verb.PowerOff => hypervisor.PowerOffAsync(call, abort),
            Verb.Reboot => hypervisor.RebootAsync(call, abort),
            Verb.Reset => hypervisor.ResetAsync(call, abort),
            Verb.Pause => hypervisor.PauseAsync(call, abort),
            Verb.Unpause => hypervisor.UnpauseAsync(call, abort),
            Verb.Suspend => hypervisor.SuspendAsync(call, abort),
            Verb.Resume => hypervisor.ResumeAsync(call, abort),
            Verb.StartRescue => hypervisor.StartRescueAsync(call, abort),
            Verb.SetPassword => hypervisor.SetPasswordAsync(call, abort),
            Verb.SetDiskAside => hypervisor.SetDiskAsideAsync(call, abort),
            Verb.RestoreDisk => hypervisor.RestoreDiskAsync(call, abort),
            Verb.DropOldDisk => hypervisor.DropOldDiskAsync(call, abort),
            Verb.SaveImage => hypervisor.SaveImageAsync(call, abort),
            Verb.SetAside => hypervisor.SetAsideAsync(call, abort),
            Verb.CopyDisk => hypervisor.CopyDiskAsync(call, abort),
            Verb.PutBack => hypervisor.PutBackAsync(call, abort),
            Verb.DropAside => hypervisor.DropAsideAsync(call, abort),
            _ => throw new InvalidOperationException($"No verb {task.Verb}."),
        });
        Failpoints.Hit("effect-after", task.Kind, task.Key.Step);
        return answer;
    }

    private static AttemptOutcome Outcome(Attempt task, AttemptResult result, DateTimeOffset begun, Failure? failure = null, PowerState? power = null) => new()
    {
        Key = task.Key, Stamp = task.Stamp, Result = result, Failure = failure is null ? null : Storable(failure), Power = power, BegunAt = begun,
    };

    // A driver's text may hold what no database takes; an outcome that cannot be stored would come back for ever.
    private static Failure Storable(Failure failure) => failure with { Message = Storable(failure.Message), Details = failure.Details is { } details ? Storable(details) : null };

    private static string Storable(string text)
    {
        const int Longest = 4000;
        var cut = text.Length > Longest ? text[..Longest] : text;

        // A round trip through UTF-8 replaces lone surrogates.
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', ' ');
    }
}
