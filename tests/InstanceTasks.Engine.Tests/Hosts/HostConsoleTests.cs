using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Hosts;

/// <summary>Consoles that are read beside a host's queue.</summary>
public sealed class HostConsoleTests
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(2);
    private static readonly ConsoleAnswer Said = new() { Verdict = ConsoleVerdict.Read, Output = "login: " };

    private readonly ManualTime _time = new();
    private readonly HostActorTests.Ownership _ownership = new() { Live = [1, 2] };

    [Fact]
    public async Task Read_AWorkerWaits_ItIsAskedAtOnceAndItsAnswerReturned()
    {
        var host = NewHost();
        var (waiting, question) = (host.PollAsync(Poll(1, wait: 10)), Question());

        var reading = host.ReadConsoleAsync(question, Moment);

        Assert.Equal(question, Assert.Single((await waiting).Questions));
        Assert.False(reading.IsCompleted);
        host.AnswerConsole(question.Id, Said);
        Assert.Equal(Said, await reading);
    }

    [Fact]
    public async Task Read_NobodyPollsNow_GoesOutWithTheNextPollAndOnlyThat()
    {
        var host = NewHost();
        var question = Question();
        var reading = host.ReadConsoleAsync(question, Moment);

        Assert.Equal(question, Assert.Single((await host.PollAsync(Poll(1))).Questions));
        Assert.Empty((await host.PollAsync(Poll(2))).Questions);
        Assert.False(reading.IsCompleted);
    }

    /// <summary>Whoever is full, drains or stops can still read; and the host need not have heard from all to hand out a read.</summary>
    [Fact]
    public async Task Read_TheWorkerHasNoRoomAndTheHostIsNew_IsHandedOut()
    {
        var host = NewHost();
        host.Offer(Some.Attempt());
        _ = host.ReadConsoleAsync(Question(), Moment);

        var answer = await host.PollAsync(Poll(1, room: 0));

        Assert.Equal((0, 1), (answer.Attempts.Count, answer.Questions.Count));
        Assert.Equal(AttemptPlace.Settling, host.Where(new VerbKey(TaskId.New(), "x", Direction.Do), default).Place);
    }

    [Fact]
    public async Task Read_WhileAttemptsAndFencesAreHandedOut_AllGoTogether()
    {
        _ownership.Live = [1];
        var host = NewHost();
        await host.PollAsync(Poll(1, room: 0));
        var attempt = Some.Attempt();
        host.Offer(attempt);
        host.Fence(InstanceId.New(), new Stamp(0, 9, 1, 1));
        _ = host.ReadConsoleAsync(Question(), Moment);

        var answer = await host.PollAsync(Poll(1));

        Assert.Equal((1, 1, 1), (answer.Attempts.Count, answer.Fences.Count, answer.Questions.Count));
        Assert.Equal(AttemptPlace.Held, host.Where(attempt.Key, attempt.Stamp).Place);
    }

    [Fact]
    public async Task Read_NotAnsweredForAWhile_IsHandedOutAgain()
    {
        var host = NewHost();
        _ = host.ReadConsoleAsync(Question(), Moment);
        Assert.Single((await host.PollAsync(Poll(1))).Questions);

        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(4));

        Assert.Single((await host.PollAsync(Poll(2))).Questions);
    }

    [Fact]
    public async Task Read_NotAnsweredInTime_SaysSoAndIsTheSameQuestionWhenAskedAgain()
    {
        var host = NewHost();
        var question = Question();
        var reading = host.ReadConsoleAsync(question, Moment);
        Assert.Single((await host.PollAsync(Poll(1))).Questions);
        Assert.True(_time.AdvanceToNext(_time.Now + Moment));
        Assert.Equal(ConsoleVerdict.Waiting, (await reading).Verdict);

        // Between the two calls.
        host.AnswerConsole(question.Id, Said);

        Assert.Equal(Said, await host.ReadConsoleAsync(question, Moment));
        Assert.Empty((await host.PollAsync(Poll(1))).Questions);
    }

    [Fact]
    public async Task Answer_TwiceOrToNobody_TheFirstCountsAndTheRestIsDropped()
    {
        var host = NewHost();
        var question = Question();
        var reading = host.ReadConsoleAsync(question, Moment);

        host.AnswerConsole(question.Id, Said);
        host.AnswerConsole(question.Id, Said with { Output = "late" });
        host.AnswerConsole(Guid.NewGuid(), Said);

        Assert.Equal("login: ", (await reading).Output);
    }

    [Fact]
    public async Task Read_TwoCallersAskForOneMachine_EachGetsItsOwnAnswer()
    {
        var host = NewHost();
        var (one, other) = (Question(), Question(lines: 1));
        var (first, second) = (host.ReadConsoleAsync(one, Moment), host.ReadConsoleAsync(other, Moment));
        Assert.Equal([one, other], (await host.PollAsync(Poll(1))).Questions);

        host.AnswerConsole(other.Id, Said with { Output = "short" });
        host.AnswerConsole(one.Id, Said);

        Assert.Equal(("login: ", "short"), ((await first).Output, (await second).Output));
    }

    [Fact]
    public async Task Read_NoWorkerReachesTheHost_SaysSoAtOnce()
    {
        var host = NewHost();
        _ownership.Announced[1] = [];
        _ownership.Announced[2] = [new HostName("elsewhere")];

        var answer = await host.ReadConsoleAsync(Question(), Moment);

        Assert.Equal((ConsoleVerdict.Unavailable, "no worker reaches its host"), (answer.Verdict, answer.Reason));
    }

    [Fact]
    public async Task Read_TooManyAtATime_IsRefusedUntilTheirTimeIsOver()
    {
        var host = NewHost();
        for (var i = 0; i < HostQuestions.Most; i++)
        {
            _ = host.ReadConsoleAsync(Question(), Moment);
        }

        Assert.Equal(ConsoleVerdict.Unavailable, (await host.ReadConsoleAsync(Question(), Moment)).Verdict);

        // Nobody has answered them, and nobody has asked again.
        _time.JumpTo(_time.Now + TimeSpan.FromSeconds(13));
        var question = Question();
        var reading = host.ReadConsoleAsync(question, Moment);
        Assert.Equal(question, Assert.Single((await host.PollAsync(Poll(1))).Questions));
        host.AnswerConsole(question.Id, Said);
        Assert.Equal(Said, await reading);
    }

    private HostActor NewHost() => new(Some.Host1, _ownership, _time);

    private static ConsoleQuestion Question(int? lines = null) => new() { Id = Guid.NewGuid(), Machine = InstanceId.New(), Lines = lines };

    private static PollRequest Poll(long generation, int room = 5, int wait = 0) =>
        new() { Generation = generation, Silo = $"s{generation}", Room = room, Wait = TimeSpan.FromSeconds(wait) };
}
