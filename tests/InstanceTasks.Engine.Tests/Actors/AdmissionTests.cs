using InstanceTasks.Engine.Tests.Support;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine.Tests.Actors;

/// <summary>New work is refused before anything of it is written; what was accepted goes on.</summary>
public sealed class AdmissionTests
{
    private readonly Cluster _cluster = new();

    [Fact]
    public async Task Submit_WhileNothingIsTaken_IsRefusedAndNothingIsWritten_AndLaterAccepted()
    {
        var instance = _cluster.Add();
        _cluster.Admission.Closed = true;
        var request = Some.Request(TaskKinds.Stop, instance.Id);

        var refused = await _cluster.SubmitAsync(request);

        Assert.Equal((AcceptVerdict.Refused, RefusalKind.Unavailable), (refused.Verdict, refused.Refusal!.Kind));
        Assert.Empty(_cluster.Journal.Commits);
        Assert.Empty(_cluster.Journal.Tasks);
        _cluster.Admission.Closed = false;
        Assert.Equal(AcceptVerdict.Accepted, (await _cluster.SubmitAsync(request)).Verdict);
        await _cluster.RunToRestAsync();
        Assert.Equal("succeeded", _cluster.Task(request.Task).State);
    }

    [Fact]
    public async Task Submit_WhileNothingIsTaken_IsStillToldWhatIsWrongWithIt()
    {
        _cluster.Admission.Closed = true;

        var answer = await _cluster.SubmitAsync(Some.Request(TaskKinds.Start, _cluster.Add().Id));

        Assert.Equal(RefusalKind.WrongState, answer.Refusal!.Kind);
        Assert.Equal(0, _cluster.Admission.Refused);
    }

    [Fact]
    public async Task Submit_ToAFullHost_IsRefused_AndOthersAreNot()
    {
        var (there, elsewhere) = (_cluster.Add(), _cluster.Add());
        _cluster.Journal.Instances[elsewhere.Id] = elsewhere with { Host = Some.Host2 };
        _cluster.Journal.Claims.Remove((elsewhere.Id, Some.Host1), out var claim);
        _cluster.Journal.Claims[(elsewhere.Id, Some.Host2)] = claim;
        _cluster.Admission.Full.Add(Some.Host1);

        var refused = await _cluster.SubmitAsync(Some.Request(TaskKinds.Stop, there.Id));
        var accepted = await _cluster.SubmitAsync(Some.Request(TaskKinds.Stop, elsewhere.Id));

        Assert.Equal((RefusalKind.Unavailable, AcceptVerdict.Accepted), (refused.Refusal!.Kind, accepted.Verdict));
    }

    /// <summary>Of a dead host the queue is full, and that is when an operator needs them.</summary>
    [Fact]
    public async Task Submit_WhatIsOneCommit_IsTakenForAServerOnAFullHost()
    {
        var instance = _cluster.Add();
        _cluster.Admission.Full.Add(Some.Host1);

        await _cluster.AcceptAsync(TaskKinds.Lock, instance.Id);
        await _cluster.AcceptAsync(TaskKinds.ResetToError, instance.Id);

        Assert.Equal((true, VmState.Error), (_cluster.Instance(instance.Id).Locked, _cluster.Instance(instance.Id).VmState));
    }

    [Fact]
    public async Task Create_WhileAHostIsFull_IsPlacedOnAnother()
    {
        _cluster.Admission.Full.Add(Some.Host1);

        var task = (await _cluster.AcceptAsync(TaskKinds.Create, InstanceId.New())).Task;
        await _cluster.RunToRestAsync();

        // The first has more room, and would be chosen otherwise.
        Assert.Equal(("succeeded", Some.Host2), (_cluster.Task(task).State, _cluster.Task(task).Host!.Value));
    }

    [Fact]
    public async Task Create_WhileAllHostsAreFull_WaitsInAQueueInsteadOfFailing()
    {
        _cluster.Admission.Full.UnionWith([Some.Host1, Some.Host2]);

        var task = (await _cluster.AcceptAsync(TaskKinds.Create, InstanceId.New())).Task;
        await _cluster.RunToRestAsync();

        Assert.Equal(("succeeded", Some.Host1), (_cluster.Task(task).State, _cluster.Task(task).Host!.Value));
    }

    [Fact]
    public async Task Parent_WhileNothingIsTaken_IsRefused_AndItsChildrenWaitUntilTheyAreTaken()
    {
        InstanceId[] instances = [_cluster.Add().Id, _cluster.Add().Id];
        var bulk = Some.Request(TaskKinds.Bulk, default) with { Children = new ChildrenRecord { Kind = TaskKinds.Stop, Total = 2, Targets = [.. instances], Concurrency = 1 } };
        _cluster.Admission.Closed = true;
        Assert.Equal(RefusalKind.Unavailable, (await _cluster.SubmitAsync(bulk)).Refusal!.Kind);
        Assert.Empty(_cluster.Journal.Commits);
        _cluster.Admission.Closed = false;
        await _cluster.SubmitAsync(bulk);
        _cluster.Admission.Closed = true;

        await _cluster.RunForAsync(TimeSpan.FromSeconds(30));

        Assert.Equal("running", _cluster.Task(bulk.Task).State);
        Assert.InRange(_cluster.Admission.Refused, 2, 200);
        _cluster.Admission.Closed = false;
        await _cluster.RunToRestAsync(recovery: true);
        Assert.Equal("succeeded", _cluster.Task(bulk.Task).State);
        Assert.All(instances, i => Assert.Equal(VmState.Stopped, _cluster.Instance(i).VmState));
    }

    [Fact]
    public void Load_NothingUnderWay_SaysNothing()
    {
        var (time, load) = Load();
        time.JumpTo(time.Now.AddMinutes(5));

        load.Leave(load.Enter());
        time.JumpTo(time.Now.AddMinutes(5));

        Assert.Equal((0, TimeSpan.Zero), (load.Waiting, load.Delay));
    }

    [Fact]
    public void Load_WhatStandsStill_IsAsOldAsTheLastAnswer()
    {
        var (time, load) = Load();
        var first = load.Enter();
        load.Enter();
        time.JumpTo(time.Now.AddSeconds(3));
        Assert.Equal((2, TimeSpan.FromSeconds(3)), (load.Waiting, load.Delay));

        load.Leave(first);
        Assert.Equal((1, TimeSpan.FromSeconds(3)), (load.Waiting, load.Delay));
        time.JumpTo(time.Now.AddSeconds(4));

        Assert.Equal(TimeSpan.FromSeconds(4), load.Delay);
    }

    [Fact]
    public void Load_AfterAPause_ForgetsHowSlowItWas()
    {
        var (time, load) = Load();
        var slow = load.Enter();
        time.JumpTo(time.Now.AddSeconds(9));
        load.Leave(slow);

        load.Enter();

        Assert.Equal(TimeSpan.Zero, load.Delay);
    }

    [Theory]
    [InlineData(3, 0, 0, null)]
    [InlineData(4, 0, 0, "4 changes wait to be written already")]
    [InlineData(1, 4.9, 0, null)]
    [InlineData(1, 5, 0, "a change takes 5.0 s")]
    [InlineData(0, 5, 9, null)]
    [InlineData(0, 0, 10, "10 steps wait at host h1 already")]
    public void Refuse_AtEachLimit_SaysWhy(int waiting, double seconds, int queued, string? reason)
    {
        var (time, load) = Load();
        for (var i = 0; i < waiting; i++)
        {
            load.Enter();
        }

        time.JumpTo(time.Now.AddSeconds(seconds));
        var options = new AdmissionOptions { WaitingCommits = 4, CommitDelay = TimeSpan.FromSeconds(5), QueuedPerHost = 10 };
        var admission = new Admission(load, new Queues(queued), Options.Create(options));

        var refusal = admission.Refuse(Some.Host1);

        Assert.Equal(reason is not null, refusal is not null);
        Assert.Contains(reason ?? "", refusal?.Message ?? "", StringComparison.Ordinal);
        Assert.True(queued < 10 || admission.Refuse(Some.Host2) is null, "another host's queue");
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(1, 1, 0)]
    public void Options_NothingWouldBeTaken_AreRefused(int commits, int queued, int seconds) =>
        Assert.True(new AdmissionOptionsValidator().Validate(null, new() { WaitingCommits = commits, QueuedPerHost = queued, CommitDelay = TimeSpan.FromSeconds(seconds) }).Failed);

    private static (ManualTime Time, CommitLoad Load) Load()
    {
        var time = new ManualTime();
        return (time, new CommitLoad(time));
    }

    private sealed class Queues(int length) : IHostQueues
    {
        public int LengthOf(HostName host) => host == Some.Host1 ? length : 0;
    }
}
