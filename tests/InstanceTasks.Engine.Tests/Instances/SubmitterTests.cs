using InstanceTasks.Engine.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Engine.Tests.Instances;

/// <summary>Asks whose outcome is unknown (design §4.6).</summary>
public sealed class SubmitterTests
{
    private readonly ManualTime _time = new();
    private readonly MemoryJournal _journal;
    private readonly SubmitTask _request = Some.Request(TaskKinds.Stop, InstanceId.New());
    private readonly Queue<Func<AcceptAnswer>> _answers = new();
    private readonly List<TaskId> _asked = [];

    public SubmitterTests() => _journal = new(_time, _ => false);

    [Fact]
    public async Task Submit_SiloThatIsGoing_IsAskedAgainUnderTheSameId()
    {
        Answers(Lost, Lost, Accepted);

        var outcome = await SubmitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(AcceptVerdict.Accepted, outcome.Answer!.Verdict);
        Assert.Equal([_request.Task, _request.Task, _request.Task], _asked);
        Assert.Empty(_journal.Tasks);
    }

    [Fact]
    public async Task Submit_NobodyForTheWholeTime_IsRefusedForEver()
    {
        Answers(Lost, Lost, Lost, Lost, Lost);

        var outcome = await SubmitAsync(TimeSpan.FromSeconds(1));

        Assert.Equal((null, true, 3), (outcome.Answer, outcome.Never, _asked.Count));
        Assert.Equal(TaskOutcome.Refused, _journal.Tasks[_request.Task].Record.Outcome);
    }

    [Fact]
    public async Task Submit_RefusedAfterAnUnknownAsk_IsRefusedOnlyWithATombstone()
    {
        Answers(Lost, Refused);

        var outcome = await SubmitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal((AcceptVerdict.Refused, false), (outcome.Answer!.Verdict, outcome.Never));
        Assert.Equal(TaskOutcome.Refused, _journal.Tasks[_request.Task].Record.Outcome);
    }

    [Fact]
    public async Task Submit_RefusedBecauseOfWhatTheFirstAskDid_IsAccepted()
    {
        Answers(LostAfterCommit, Refused);

        var outcome = await SubmitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal((AcceptVerdict.Accepted, _request.Task), (outcome.Answer!.Verdict, outcome.Answer.Task));
    }

    [Fact]
    public async Task Submit_RefusedAtOnce_LeavesNoTombstone()
    {
        Answers(Refused);

        var outcome = await SubmitAsync(TimeSpan.FromSeconds(10));

        Assert.Equal((AcceptVerdict.Refused, 0), (outcome.Answer!.Verdict, _journal.Tasks.Count));
    }

    private static AcceptAnswer Lost() => throw new TimeoutException("no answer");

    private static AcceptAnswer Refused() => new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.WrongState, "stopped already") };

    private AcceptAnswer Accepted() => new() { Verdict = AcceptVerdict.Accepted, Task = _request.Task };

    private AcceptAnswer LostAfterCommit()
    {
        var task = Some.Task(TaskKinds.Stop) with { Id = _request.Task };
        _journal.Tasks[task.Id] = new() { Record = task, Body = EngineJson.Write(task) };
        return Lost();
    }

    private void Answers(params Func<AcceptAnswer>[] answers) => Array.ForEach(answers, _answers.Enqueue);

    // On a thread without a context of its own each timer goes on where it fires.
    private Task<SubmitOutcome> SubmitAsync(TimeSpan askAgainFor) => Task.Run(() =>
    {
        var submitter = new Submitter(Ask, _journal, _time, NullLogger<Submitter>.Instance) { AskAgainFor = askAgainFor };
        var outcome = submitter.SubmitAsync(_request);
        while (_time.AdvanceToNext(DateTimeOffset.MaxValue))
        {
            Assert.True(_asked.Count < 100);
        }

        return outcome;
    });

    private Task<AcceptAnswer> Ask(SubmitTask request)
    {
        _asked.Add(request.Task);
        return Task.FromResult(_answers.Dequeue()());
    }
}
