using InstanceTasks.Engine;

namespace InstanceTasks.Grains.Tests.Workers;

public sealed class HostWorkerTests : IAsyncLifetime, IDisposable
{
    private readonly WorkerFixture _at = new();
    private readonly CancellationTokenSource _stop = new();

    public Task InitializeAsync() => _at.InitializeAsync();

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _at.DisposeAsync();
    }

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task Run_OffersItsRoomListsWhatItHoldsAndSaysWhatIsOver()
    {
        _at.Options.PerHost = 3;
        var (attempt, release) = (Some.Attempt(), new TaskCompletionSource<Hypervisors.VerbAnswer>());
        _at.Hypervisor.OnVerb = (_, _) => release.Task;
        HandOutOnce([attempt], []);
        var run = _at.NewWorker().RunAsync(_stop.Token);

        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Held.Exists(h => h.Stamp == attempt.Stamp)), "it is listed");
        Assert.Equal(3, _at.Grains.Polls.First().Room);
        Assert.Equal(2, _at.Grains.Polls.First(p => p.Held.Count == 1).Room);
        release.SetResult(new Hypervisors.VerbAnswer(null));

        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Over.Exists(o => o.Key == attempt.Key && o.Outcome!.Result == AttemptResult.Succeeded)), "it is said to be over");
        await _at.UntilAsync(() => _at.Grains.Polls.Last() is { Over.Count: 0, Held.Count: 0, Room: 3 }, "and forgotten");
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_WithAFence_ConfirmsItAtOnce()
    {
        _at.Options.PollWait = TimeSpan.FromSeconds(10);
        var order = new FenceOrder(InstanceId.New(), new Stamp(1, 2, 1, 1));
        var parked = new TaskCompletionSource<PollAnswer>();
        var handed = 0;
        _at.Grains.OnPoll = p => p.Wait > TimeSpan.Zero
            ? Interlocked.Exchange(ref handed, 1) == 0 ? Task.FromResult(new PollAnswer { Fences = [order] }) : parked.Task
            : Task.FromResult(new PollAnswer());
        var run = _at.NewWorker().RunAsync(_stop.Token);

        // While the next long poll is held, a short one of its own brings the confirmation.
        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Wait == TimeSpan.Zero && p.Fenced.Contains(order)), "it is confirmed");
        Assert.False(parked.Task.IsCompleted);
        parked.SetResult(new PollAnswer());
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_WithManyFences_ConfirmsWhatIsDoneMeanwhileTogether()
    {
        _at.Options.PollWait = TimeSpan.FromSeconds(10);
        var orders = Enumerable.Range(0, 100).Select(_ => new FenceOrder(InstanceId.New(), new Stamp(1, 2, 1, 1))).ToList();
        var (parked, first) = (new TaskCompletionSource<PollAnswer>(), new TaskCompletionSource<PollAnswer>());
        var (handed, confirming) = (0, 0);
        _at.Grains.OnPoll = p => p.Wait > TimeSpan.Zero
            ? Interlocked.Exchange(ref handed, 1) == 0 ? Task.FromResult(new PollAnswer { Fences = orders }) : parked.Task
            : Interlocked.Increment(ref confirming) == 1 ? first.Task : Task.FromResult(new PollAnswer());
        var run = _at.NewWorker().RunAsync(_stop.Token);

        // The first is not answered: until it is, all others wait, and go with the second.
        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Wait == TimeSpan.Zero), "the first is sent");
        first.SetResult(new PollAnswer());
        await _at.UntilAsync(() => _at.Grains.Polls.Where(p => p.Wait == TimeSpan.Zero).SelectMany(p => p.Fenced).ToHashSet().IsSupersetOf(orders), "all are confirmed");

        Assert.InRange(_at.Grains.Polls.Count(p => p.Wait == TimeSpan.Zero), 1, 4);
        parked.SetResult(new PollAnswer());
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_Draining_TakesNothingNewButAnswersFences()
    {
        var worker = _at.NewWorker();
        worker.Drain();
        var order = new FenceOrder(InstanceId.New(), new Stamp(1, 2, 1, 1));
        HandOutOnce([], [order]);

        var run = worker.RunAsync(_stop.Token);

        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Fenced.Contains(order)), "the fence is confirmed");
        Assert.All(_at.Grains.Polls, p => Assert.Equal(0, p.Room));
        await StopAsync(run);
    }

    [Fact]
    public async Task Drain_WithAPollUnderWay_LetsItGoSoThatItBringsNothing()
    {
        var worker = _at.NewWorker();
        var run = worker.RunAsync(_stop.Token);
        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Room > 0), "it asks for work");

        worker.Drain();

        await _at.UntilAsync(() => _at.Grains.Polls.Any(p => p.Room == 0 && p.Wait <= TimeSpan.FromMilliseconds(1)), "another poll takes the place of the held one");
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_WhileTheLeaseIsNotSafe_TakesNothing()
    {
        _at.Ownership.LeaseIsSafe = false;
        var run = _at.NewWorker().RunAsync(_stop.Token);

        await _at.UntilAsync(() => _at.Grains.Polls.Count >= 2, "it polls");
        Assert.All(_at.Grains.Polls, p => Assert.Equal(0, p.Room));
        _at.Ownership.LeaseIsSafe = true;
        await _at.UntilAsync(() => _at.Grains.Polls.Last().Room > 0, "it takes work again");
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_AfterAPollThatFailed_SaysTheSameAgain()
    {
        var order = new FenceOrder(InstanceId.New(), new Stamp(1, 2, 1, 1));
        var (handed, failures) = (0, 2);
        _at.Grains.OnPoll = p => p.Fenced.Count > 0 && Interlocked.Decrement(ref failures) >= 0
            ? throw new InvalidOperationException("lost")
            : Task.FromResult(new PollAnswer { Fences = Interlocked.Exchange(ref handed, 1) == 0 ? [order] : [] });

        var run = _at.NewWorker().RunAsync(_stop.Token);

        await _at.UntilAsync(() => _at.Grains.Polls.Count(p => p.Fenced.Contains(order)) >= 3, "it is repeated until it was heard");
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_WithAQuestion_AnswersItWhileTheNextPollIsHeld()
    {
        var question = new ConsoleQuestion { Id = Guid.NewGuid(), Machine = InstanceId.New(), Lines = 1 };
        _at.Hypervisor.OnConsole = (_, machine, _) => Task.FromResult<string?>($"first\n{machine}");
        var run = RunWithQuestions(question);

        await _at.UntilAsync(() => !_at.Grains.ConsoleAnswers.IsEmpty, "it is answered");

        Assert.Equal((question.Id, new ConsoleAnswer { Verdict = ConsoleVerdict.Read, Output = $"{question.Machine}" }), Assert.Single(_at.Grains.ConsoleAnswers));
        await StopAsync(run);
    }

    /// <summary>A hypervisor that does not answer holds up neither the polls nor the other questions.</summary>
    [Fact]
    public async Task Run_AQuestionThatHangs_PollsOnAndAnswersTheOthers()
    {
        var (hangs, other) = (new ConsoleQuestion { Id = Guid.NewGuid(), Machine = InstanceId.New() }, new ConsoleQuestion { Id = Guid.NewGuid(), Machine = InstanceId.New() });
        var hung = new TaskCompletionSource<string?>();
        _at.Hypervisor.OnConsole = (_, machine, _) => machine == hangs.Machine ? hung.Task : Task.FromResult<string?>("");
        var run = RunWithQuestions(hangs, other);

        await _at.UntilAsync(() => _at.Grains.ConsoleAnswers.Any(a => a.Question == other.Id), "the other is answered");
        await _at.UntilAsync(() => _at.Grains.Polls.Count >= 3, "it polls on");

        Assert.DoesNotContain(_at.Grains.ConsoleAnswers, a => a.Question == hangs.Id);
        hung.SetResult("");
        await _at.UntilAsync(() => _at.Grains.ConsoleAnswers.Any(a => a.Question == hangs.Id), "then it is answered, too");
        await StopAsync(run);
    }

    [Fact]
    public async Task Run_AnAnswerThatIsLost_PollsOn()
    {
        _at.Grains.OnConsoleAnswer = () => throw new InvalidOperationException("lost");
        var run = RunWithQuestions(new ConsoleQuestion { Id = Guid.NewGuid(), Machine = InstanceId.New() });
        await _at.UntilAsync(() => !_at.Grains.ConsoleAnswers.IsEmpty, "it was sent");
        var polls = _at.Grains.Polls.Count;

        await _at.UntilAsync(() => _at.Grains.Polls.Count > polls + 1, "it polls on");
        await StopAsync(run);
    }

    private Task RunWithQuestions(params List<ConsoleQuestion> questions)
    {
        var handed = 0;
        _at.Grains.OnPoll = async p =>
        {
            if (Interlocked.Exchange(ref handed, 1) == 0)
            {
                return new PollAnswer { Questions = questions };
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
            return new PollAnswer();
        };
        return _at.NewWorker().RunAsync(_stop.Token);
    }

    private void HandOutOnce(List<Attempt> attempts, List<FenceOrder> fences)
    {
        var handed = 0;
        _at.Grains.OnPoll = async p =>
        {
            if (Interlocked.Exchange(ref handed, 1) == 0)
            {
                return new PollAnswer { Attempts = attempts, Fences = fences };
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
            return new PollAnswer();
        };
    }

    private async Task StopAsync(Task run)
    {
        await _stop.CancelAsync();
        await _at.WaitAsync(run, "the worker has stopped");
    }
}
