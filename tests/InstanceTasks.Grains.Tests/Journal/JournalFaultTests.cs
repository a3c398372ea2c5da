using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Faults;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Journal;

/// <summary>Each kind of commit × what a connection can do to it, on the real journal and through HTTP.</summary>
public sealed class JournalFaultTests : IAsyncLifetime
{
    private InProcessSilos _silos = null!;
    private InProcessApi _api = null!;

    public async Task InitializeAsync()
    {
        _silos = await InProcessSilos.StartAsync();
        _api = await InProcessApi.StartAsync(_silos, _silos.Silos[0]);
    }

    public async Task DisposeAsync()
    {
        await _api.DisposeAsync();
        await _silos.DisposeAsync();
    }

    [Fact]
    public async Task Accept_AcknowledgementLost_Answers202AndTheTaskEnds()
    {
        var rule = _silos.Journal.OnCommit(JournalFault.AcknowledgementLost, "accept");

        var answer = await CreateAsync();

        Assert.Equal(HttpStatusCode.Accepted, answer.Status);
        Assert.Equal(answer.Task, Assert.Single(Rows().ReadTasks()).Id.Value);
        await EndsAsync(answer, "succeeded", rule);
    }

    [Fact]
    public async Task Accept_NotApplied_Answers503AndNothingIsThere()
    {
        var rule = _silos.Journal.OnCommit(JournalFault.NotApplied, "accept");

        var answer = await CreateAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        await NothingIsThereAsync(rule);
    }

    [Fact]
    public async Task Accept_AppliedLate_Answers503AndTheLateCommitLoses()
    {
        var rule = _silos.Journal.OnCommit(JournalFault.AppliedLate, "accept");

        var answer = await CreateAsync();

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.False(await rule.ReleaseAsync(), "the tombstone was there first");
        await NothingIsThereAsync(rule);
    }

    [Fact]
    public async Task Accept_TombstoneUnknownToo_Answers503WithTheTaskAndTheRowDecides()
    {
        var accept = _silos.Journal.OnCommit(JournalFault.AcknowledgementLost, "accept");
        var refuse = _silos.Journal.OnRefuse(JournalFault.NotApplied, times: int.MaxValue - 1);
        await using var hasty = await InProcessApi.StartAsync(_silos, _silos.Silos[0], TimeSpan.FromMilliseconds(300));

        var answer = await CreateAsync(hasty);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal(answer.Task, Assert.Single(Rows().ReadTasks()).Id.Value);
        Assert.True(refuse.Fired > 1);
        await EndsAsync(answer, "succeeded", accept);
    }

    [Theory]
    [InlineData(JournalFault.AcknowledgementLost, 1)]
    [InlineData(JournalFault.NotApplied, 1)]
    [InlineData(JournalFault.AppliedLate, 1)]
    [InlineData(JournalFault.AcknowledgementLost, 2)]
    [InlineData(JournalFault.NotApplied, 2)]
    [InlineData(JournalFault.AppliedLate, 2)]
    public async Task Step_OutcomeUnknown_TheTaskEndsAsAskedWithOneEffectPerStep(JournalFault fault, int nth)
    {
        var rule = _silos.Journal.OnCommit(fault, "step", "create", nth);

        var answer = await CreateAsync();

        await LoseLateAsync(rule, answer);
        await EndsAsync(answer, "succeeded", rule);
        Assert.True(Task(answer).Epoch > 1, "a fresh activation took over");
    }

    [Theory]
    [InlineData(JournalFault.AcknowledgementLost)]
    [InlineData(JournalFault.NotApplied)]
    [InlineData(JournalFault.AppliedLate)]
    public async Task Claim_OutcomeUnknown_TheTaskEndsAsAsked(JournalFault fault)
    {
        // The first activation has the accept's token: only a second one claims.
        var first = _silos.Journal.OnCommit(JournalFault.NotApplied, "step", "create");
        var rule = _silos.Journal.OnCommit(fault, "claim", "create");

        var answer = await CreateAsync();

        await LoseLateAsync(rule, answer);
        await EndsAsync(answer, "succeeded", first, rule);
    }

    [Theory]
    [InlineData(JournalFault.AcknowledgementLost)]
    [InlineData(JournalFault.NotApplied)]
    [InlineData(JournalFault.AppliedLate)]
    public async Task Settle_OutcomeUnknown_TheTaskEndsOnceAndTheInstanceWithIt(JournalFault fault)
    {
        var rule = _silos.Journal.OnCommit(fault, "settle", "create");

        var answer = await CreateAsync();

        await LoseLateAsync(rule, answer);
        await EndsAsync(answer, "succeeded", rule);
        Assert.Single(Events(answer).OfType<TaskEnded>());
        Assert.Equal(VmState.Active, Assert.Single(Rows().ReadInstances()).VmState);
    }

    [Theory]
    [InlineData(JournalFault.AcknowledgementLost)]
    [InlineData(JournalFault.NotApplied)]
    [InlineData(JournalFault.AppliedLate)]
    public async Task Cancel_OutcomeUnknown_IsAskedAgainByItsIdAndHappensOnce(JournalFault fault)
    {
        var hang = await _silos.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Hang, Verb = Verb.PrepareDisk });
        var rule = _silos.Journal.OnCommit(fault, "command", "create");
        var answer = await CreateAsync();
        await _silos.UntilAsync(async () => await _silos.World.ReadFiredAsync(hang) == 1, "the disk is being prepared");

        var cancel = await _api.Client.SendAsync(HttpMethod.Post, $"/v2.1/tasks/{answer.Task}/action", new JsonObject { ["cancel"] = null });

        Assert.True(cancel.Status == HttpStatusCode.Accepted, cancel.ToString());
        if (fault == JournalFault.AppliedLate)
        {
            Assert.False(await rule.ReleaseAsync(), "the repeated command was there first");
        }

        await EndsAsync(answer, "canceled", rule);
        Assert.Single(Events(answer).OfType<IntentSet>());
        Assert.Single(Task(answer).Commands);
    }

    private async Task<ApiAnswer> CreateAsync(InProcessApi? through = null)
    {
        var client = (through ?? _api).Client;
        return await client.CreateServerAsync("one", "1", await client.ReadImageAsync());
    }

    /// <summary>A write that comes late, when the task has moved on, must lose.</summary>
    private async Task LoseLateAsync(JournalFaultRule rule, ApiAnswer answer)
    {
        await _silos.WaitAsync(rule.WhenFired, "the fault has hit");
        if (rule.Fault == JournalFault.AppliedLate)
        {
            var seq = Task(answer).Seq;
            await _silos.UntilAsync(new TaskId(answer.Task!.Value), t => t.Seq > seq, "it has moved on");
            Assert.False(await rule.ReleaseAsync(), "the late write must lose");
        }
    }

    private async Task EndsAsync(ApiAnswer answer, string state, params JournalFaultRule[] rules)
    {
        var task = await _silos.EndAsync(new TaskId(answer.Task!.Value));
        Assert.Equal(state, task.State);
        Assert.All(rules, r => Assert.Equal(1, r.Fired));
        _silos.Journal.AssertAllFired();
        Assert.Empty(await _silos.FindViolationsAsync());
        Assert.All(await _silos.World.ReadEffectsAsync(), e => Assert.Equal(1, e.Count));
        _silos.Audit();
    }

    private async Task NothingIsThereAsync(JournalFaultRule rule)
    {
        Assert.Equal(1, rule.Fired);
        Assert.Empty(Rows().ReadTasks());
        Assert.Empty(Rows().ReadInstances());
        Assert.Empty(await _silos.World.ReadOperationsAsync());
        Assert.DoesNotContain(Rows().ReadQuota(), q => q.Instances != 0);
        _silos.Audit();
    }

    private StoreReader Rows() => new(_silos.DataDirectory);

    private TaskRecord Task(ApiAnswer answer) => Rows().ReadTasks().Single(t => t.Id.Value == answer.Task);

    private IEnumerable<TaskEvent> Events(ApiAnswer answer) => Rows().ReadEvents(new TaskId(answer.Task!.Value)).SelectMany(e => e);
}
