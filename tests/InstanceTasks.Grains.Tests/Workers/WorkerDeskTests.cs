using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains.Tests.Workers;

public sealed class WorkerDeskTests : IAsyncLifetime
{
    private readonly WorkerFixture _at = new();

    public Task InitializeAsync() => _at.InitializeAsync();

    public Task DisposeAsync() => _at.DisposeAsync();

    [Fact]
    public async Task Take_Granted_RunsReportsAndLetsGo()
    {
        var attempt = Some.Attempt();

        var held = await _at.TakeAsync(attempt);

        Assert.Equal(["Reset"], _at.Hypervisor.Calls);
        var report = Assert.Single(_at.Grains.Reports);
        Assert.Equal((attempt.Key, attempt.Stamp, AttemptResult.Succeeded, 7L), (report.Key, report.Stamp, report.Result, report.Generation));
        Assert.Equal(report, held.Outcome);
        Assert.Empty(_at.Desk.HeldOn(attempt.Host));
    }

    [Fact]
    public async Task Take_Refused_DoesNothingAndReportsToNobody()
    {
        _at.Grains.OnBegin = (_, _) => Task.FromResult(BeginAnswer.Refused);

        var held = await _at.TakeAsync(Some.Attempt());

        Assert.Equal(AttemptResult.NotBegun, held.Outcome!.Result);
        Assert.Empty(_at.Hypervisor.Calls);
        Assert.Empty(_at.Grains.Reports);
    }

    [Fact]
    public async Task Take_WhenTheTaskCannotBeAsked_IsNotBegunAndSaysSo()
    {
        _at.Grains.OnBegin = (_, _) => throw new InvalidOperationException("lost");

        await _at.TakeAsync(Some.Attempt());

        Assert.Equal(AttemptResult.NotBegun, Assert.Single(_at.Grains.Reports).Result);
        Assert.Empty(_at.Hypervisor.Calls);
    }

    [Fact]
    public async Task Take_WhenTheLeaseIsNoLongerSafeAfterTheGrant_IsNotBegun()
    {
        _at.Grains.OnBegin = (_, _) =>
        {
            _at.Ownership.LeaseIsSafe = false;
            return Task.FromResult(BeginAnswer.Granted);
        };

        await _at.TakeAsync(Some.Attempt());

        Assert.Equal(AttemptResult.NotBegun, Assert.Single(_at.Grains.Reports).Result);
        Assert.Empty(_at.Hypervisor.Calls);
    }

    [Fact]
    public async Task Take_WhenTheGenerationChangedAfterTheGrant_IsNotBegunAndNotReported()
    {
        _at.Grains.OnBegin = (_, _) =>
        {
            _at.Ownership.Generation++;
            return Task.FromResult(BeginAnswer.Granted);
        };

        var held = await _at.TakeAsync(Some.Attempt());

        Assert.Equal(AttemptResult.NotBegun, held.Outcome!.Result);
        Assert.Empty(_at.Hypervisor.Calls);
        Assert.Empty(_at.Grains.Reports);
    }

    [Fact]
    public async Task Take_BelowAFence_IsNotBegunButOneAboveIs()
    {
        var machine = InstanceId.New();
        await _at.Desk.FenceAsync(new FenceOrder(machine, new Stamp(1, 1, 1, 2)));

        await _at.TakeAsync(Some.Attempt(machine: machine, attempt: 1));
        await _at.TakeAsync(Some.Attempt(machine: machine, attempt: 2));

        Assert.Equal([AttemptResult.NotBegun, AttemptResult.Succeeded], _at.Grains.Reports.Select(r => r.Result));
    }

    [Fact]
    public async Task Take_TheSameAttemptTwice_RunsItOnce()
    {
        var release = new TaskCompletionSource<VerbAnswer>();
        _at.Hypervisor.OnVerb = (_, _) => release.Task;
        var attempt = Some.Attempt();
        var first = _at.TakeAsync(attempt);
        await _at.UntilAsync(() => !_at.Hypervisor.Calls.IsEmpty, "it runs");

        _at.Desk.Take(attempt, _ => Assert.Fail("it is here already"));
        Assert.Single(_at.Desk.HeldOn(attempt.Host));
        Assert.Equal(1, _at.Desk.RunningOn(attempt.Host));
        release.SetResult(new VerbAnswer(null));
        await first;

        Assert.Single(_at.Hypervisor.Calls);
    }

    [Fact]
    public async Task Run_LongerThanItsTimeout_IsAbortedAndFails()
    {
        _at.Hypervisor.OnVerb = async (_, abort) =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, abort);
            return new VerbAnswer(null);
        };

        await _at.TakeAsync(Some.Attempt() with { Timeout = TimeSpan.FromMilliseconds(100) });

        var report = Assert.Single(_at.Grains.Reports);
        Assert.Equal((AttemptResult.Failed, FailureKinds.Timeout, true), (report.Result, report.Failure!.Kind, report.Failure.Retryable));
    }

    [Fact]
    public async Task Run_ThatIgnoresItsAbort_IsAbandonedAfterTheGraceAndItsLateOutcomeOnlyCounted()
    {
        var never = new TaskCompletionSource<VerbAnswer>();
        _at.Hypervisor.OnVerb = (_, _) => never.Task;
        var late = WorkerInstruments.LateOutcomes;

        await _at.TakeAsync(Some.Attempt() with { Timeout = TimeSpan.FromMilliseconds(100) });

        Assert.Equal(AttemptResult.Abandoned, Assert.Single(_at.Grains.Reports).Result);
        never.SetResult(new VerbAnswer(null));
        await _at.UntilAsync(() => WorkerInstruments.LateOutcomes > late, "the late outcome is counted");
        Assert.Single(_at.Grains.Reports);
    }

    [Fact]
    public async Task Fence_OfARunningAttempt_ReturnsOnlyWhenItHasEnded()
    {
        var machine = InstanceId.New();
        var (aborted, release) = (new TaskCompletionSource(), new TaskCompletionSource<VerbAnswer>());
        _at.Options.AbortGrace = TimeSpan.FromSeconds(20);
        _at.Hypervisor.OnVerb = (_, abort) =>
        {
            abort.Register(() => aborted.TrySetResult());
            return release.Task;
        };
        var run = _at.TakeAsync(Some.Attempt(machine: machine));
        await _at.UntilAsync(() => !_at.Hypervisor.Calls.IsEmpty, "it runs");

        var fence = _at.Desk.FenceAsync(new FenceOrder(machine, new Stamp(1, 1, 1, 2)));
        await _at.WaitAsync(aborted.Task, "it is aborted");
        Assert.False(fence.IsCompleted);
        release.SetResult(new VerbAnswer(PowerState.Running));

        await _at.WaitAsync(fence, "the fence has returned");
        await run;
        Assert.Equal(AttemptResult.Succeeded, Assert.Single(_at.Grains.Reports).Result);
    }

    [Fact]
    public async Task Fence_OfAnotherMachine_LeavesTheAttemptAlone()
    {
        var release = new TaskCompletionSource<VerbAnswer>();
        _at.Hypervisor.OnVerb = (_, abort) => release.Task.WaitAsync(abort);
        var run = _at.TakeAsync(Some.Attempt());
        await _at.UntilAsync(() => !_at.Hypervisor.Calls.IsEmpty, "it runs");

        await _at.WaitAsync(_at.Desk.FenceAsync(new FenceOrder(InstanceId.New(), new Stamp(9, 9, 9, 9))), "the fence has returned");
        release.SetResult(new VerbAnswer(null));
        await run;

        Assert.Equal(AttemptResult.Succeeded, Assert.Single(_at.Grains.Reports).Result);
    }

    [Fact]
    public async Task Report_ThatFails_IsRepeatedUntilItIsTaken()
    {
        var failures = 3;
        _at.Grains.OnEnded = _ => Interlocked.Decrement(ref failures) >= 0 ? throw new InvalidOperationException("not now") : Task.CompletedTask;
        var attempt = Some.Attempt();

        var held = _at.TakeAsync(attempt);
        await _at.UntilAsync(() => !_at.Grains.Reports.IsEmpty, "it was reported");

        // Until then every poll lists it with its outcome: a host may tell the task, too.
        Assert.NotNull(Assert.Single(_at.Desk.HeldOn(attempt.Host)).Outcome);
        await held;
        Assert.Equal(4, _at.Grains.Reports.Count);
        Assert.Single(_at.Hypervisor.Calls);
    }

    [Fact]
    public async Task Report_AfterTheGenerationIsOver_IsGivenUp()
    {
        _at.Grains.OnEnded = _ =>
        {
            _at.Ownership.Generation++;
            throw new InvalidOperationException("not now");
        };

        await _at.TakeAsync(Some.Attempt());

        Assert.Single(_at.Grains.Reports);
    }

    [Fact]
    public async Task Stop_WaitsForWhatEndsAndAbortsAndCountsTheRest()
    {
        var counted = WorkerInstruments.AbortedAtStop;
        _at.Hypervisor.OnVerb = async (call, abort) =>
        {
            await Task.Delay(call.Stamp.Attempt == 1 ? TimeSpan.FromMilliseconds(20) : Timeout.InfiniteTimeSpan, abort);
            return new VerbAnswer(null);
        };
        var (shortRun, longRun) = (_at.TakeAsync(Some.Attempt(attempt: 1)), _at.TakeAsync(Some.Attempt(attempt: 2)));
        await _at.UntilAsync(() => _at.Hypervisor.Calls.Count == 2, "both run");

        await _at.WaitAsync(_at.Desk.StopAsync(), "the desk has stopped");

        Assert.Equal(AttemptResult.Succeeded, (await shortRun).Outcome!.Result);
        var aborted = (await longRun).Outcome!;
        Assert.Equal((AttemptResult.Failed, FailureKinds.Lost), (aborted.Result, aborted.Failure!.Kind));
        Assert.Equal(counted + 1, WorkerInstruments.AbortedAtStop);
    }
}
