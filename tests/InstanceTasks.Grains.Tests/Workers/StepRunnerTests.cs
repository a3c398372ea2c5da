using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains.Tests.Workers;

public sealed class StepRunnerTests
{
    private static readonly string[] AllInOrder = ["Fence", "Observe", "Reset"];

    private readonly ScriptedHypervisor _hypervisor = new();
    private readonly ScriptedSecrets _secrets = new();
    private bool _mayStart = true;

    [Fact]
    public async Task Execute_AFirstAttempt_RunsTheVerbAtOnce()
    {
        var outcome = await ExecuteAsync(Some.Attempt());

        Assert.Equal(["Reset"], _hypervisor.Calls);
        Assert.Equal((AttemptResult.Succeeded, PowerState.Running, false), (outcome.Result, outcome.Power, outcome.Observed));
    }

    [Fact]
    public async Task Execute_AfterAnOlderAttempt_FencesThenObservesThenRuns()
    {
        await ExecuteAsync(Some.Attempt() with { FenceFirst = true, ObserveFirst = true });

        Assert.Equal(AllInOrder, _hypervisor.Calls);
    }

    /// <summary>
    /// Found by the simulator: a process stood still while its fence was under way, lost its lease, and then began the verb, because the
    /// lease had been looked at before the fence only.
    /// </summary>
    [Fact]
    public async Task Execute_WhenTheLeaseIsLostDuringTheFence_DoesNotBegin()
    {
        _hypervisor.Fencing = () => _mayStart = false;

        var outcome = await ExecuteAsync(Some.Attempt() with { FenceFirst = true, ObserveFirst = true });

        Assert.Equal(AllInOrder[..2], _hypervisor.Calls);
        Assert.Equal(AttemptResult.NotBegun, outcome.Result);
    }

    [Fact]
    public async Task Execute_WhenTheEffectIsThere_DoesNotRepeatIt()
    {
        _hypervisor.Observed = new Observation(true, true, null, PowerState.Shutdown);

        var outcome = await ExecuteAsync(Some.Attempt() with { ObserveFirst = true });

        Assert.Equal(["Observe"], _hypervisor.Calls);
        Assert.Equal((AttemptResult.Succeeded, PowerState.Shutdown, true), (outcome.Result, outcome.Power, outcome.Observed));
    }

    [Fact]
    public async Task Execute_WhenTheDriverCannotTell_RunsTheVerb()
    {
        _hypervisor.Observed = new Observation(false, false, null, null);

        await ExecuteAsync(Some.Attempt() with { ObserveFirst = true });

        Assert.Contains("Reset", _hypervisor.Calls);
    }

    [Fact]
    public async Task Execute_WithAStaleStamp_IsFenced()
    {
        _hypervisor.OnVerb = (_, _) => throw new StaleStampException("newer");

        Assert.Equal(AttemptResult.Fenced, (await ExecuteAsync(Some.Attempt())).Result);
    }

    [Fact]
    public async Task Execute_WhenTheWorldCannotBeFenced_FailsAndRunsNothing()
    {
        _hypervisor.OnFence = new HypervisorException(new Failure(FailureKinds.Hypervisor, "no", Retryable: true));

        var outcome = await ExecuteAsync(Some.Attempt() with { FenceFirst = true });

        Assert.Equal((AttemptResult.Failed, true), (outcome.Result, outcome.Failure!.Retryable));
        Assert.Equal(["Fence"], _hypervisor.Calls);
    }

    [Fact]
    public async Task Execute_AFailureOfTheDriver_IsTheOutcome()
    {
        var failure = new Failure(FailureKinds.Guest, "The guest does not answer.");
        _hypervisor.OnVerb = (_, _) => throw new HypervisorException(failure);

        Assert.Equal(failure, (await ExecuteAsync(Some.Attempt())).Failure);
    }

    [Fact]
    public async Task Execute_ADefectOfTheDriver_IsARetryableInternalFailure()
    {
        _hypervisor.OnVerb = (_, _) => throw new FormatException("bad");

        var outcome = await ExecuteAsync(Some.Attempt());

        Assert.Equal((AttemptResult.Failed, FailureKinds.Internal, true), (outcome.Result, outcome.Failure!.Kind, outcome.Failure.Retryable));
    }

    [Theory]
    [InlineData(Verb.PrepareDisk)]
    [InlineData(Verb.DeleteDisk)]
    [InlineData(Verb.Define)]
    [InlineData(Verb.Undefine)]
    [InlineData(Verb.Start)]
    [InlineData(Verb.Shutdown)]
    [InlineData(Verb.PowerOff)]
    [InlineData(Verb.Reboot)]
    [InlineData(Verb.Reset)]
    [InlineData(Verb.Pause)]
    [InlineData(Verb.Unpause)]
    [InlineData(Verb.Suspend)]
    [InlineData(Verb.Resume)]
    [InlineData(Verb.StartRescue)]
    [InlineData(Verb.SetPassword)]
    [InlineData(Verb.SetDiskAside)]
    [InlineData(Verb.RestoreDisk)]
    [InlineData(Verb.DropOldDisk)]
    [InlineData(Verb.SaveImage)]
    [InlineData(Verb.SetAside)]
    [InlineData(Verb.CopyDisk)]
    [InlineData(Verb.PutBack)]
    [InlineData(Verb.DropAside)]
    public async Task Execute_EachVerb_CallsItsMethodWithKeyAndStamp(Verb verb)
    {
        VerbCall? seen = null;
        _hypervisor.OnVerb = (call, _) =>
        {
            seen = call;
            return Task.FromResult(new VerbAnswer(null));
        };
        var attempt = Some.Attempt(verb);

        await ExecuteAsync(attempt);

        Assert.Equal([verb.ToString()], _hypervisor.Calls);
        Assert.Equal(new VerbCall(attempt.Host, attempt.Machine, attempt.Key, attempt.Stamp), seen);
    }

    [Fact]
    public async Task Execute_StepWithASecret_TheVerbGetsItAndPrintingShowsNothing()
    {
        VerbCall? seen = null;
        _hypervisor.OnVerb = (call, _) =>
        {
            seen = call;
            return Task.FromResult(new VerbAnswer(PowerState.Running));
        };
        var attempt = Some.Attempt(Verb.SetPassword) with { Secret = SecretNames.AdminPassword };
        _secrets.Kept[(attempt.Key.Task, SecretNames.AdminPassword)] = "open sesame";

        var outcome = await ExecuteAsync(attempt);

        Assert.Equal((AttemptResult.Succeeded, "open sesame"), (outcome.Result, seen!.Password!.Reveal));
        Assert.DoesNotContain("sesame", seen.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", attempt.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_SecretIsNotKeptAnyMore_FailsForGoodWithoutTheVerb()
    {
        var outcome = await ExecuteAsync(Some.Attempt(Verb.SetPassword) with { Secret = SecretNames.AdminPassword });

        Assert.Equal((AttemptResult.Failed, FailureKinds.SecretGone, false), (outcome.Result, outcome.Failure!.Kind, outcome.Failure.Retryable));
        Assert.Empty(_hypervisor.Calls);
    }

    private Task<AttemptOutcome> ExecuteAsync(Attempt attempt) => new StepRunner(_hypervisor, _secrets, TimeProvider.System).ExecuteTaskOnInstance(attempt, attempt.Machine, () => _mayStart, CancellationToken.None);
}
