using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.Simulation.Cluster;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.World;

namespace InstanceTasks.Simulation.Checking;

/// <summary>How things stood when somebody asked.</summary>
internal readonly record struct Asked(bool Visible, TimeSpan At);

/// <summary>Sees everything as it happens, and says what must not.</summary>
internal sealed class Watch
{
    private static readonly TimeSpan WakeWithin = TimeSpan.FromMilliseconds(50);

    private readonly SimulatedCluster _cluster;
    private readonly RowCheck _rows;
    private readonly Dictionary<(TaskId Task, Stamp Stamp), long> _grants = [];
    private readonly HashSet<(TaskId Task, Stamp Stamp)> _left = [];
    private readonly Dictionary<TaskId, TimeSpan> _woken = [];

    public Watch(SimulatedCluster cluster)
    {
        _cluster = cluster;
        _rows = new RowCheck(cluster.Database, Coverage, Violation);
        cluster.Database.Applied = OnCommit;
        cluster.Machines.Violated = Violation;
    }

    /// <summary>What was found; the run ends with the first.</summary>
    public List<string> Violations { get; } = [];

    public Coverage Coverage { get; } = new();

    /// <summary>Which key each request had.</summary>
    public Dictionary<TaskId, IdempotencyClaim> Keys { get; } = [];

    /// <summary>Tasks that somebody was told exist.</summary>
    public HashSet<TaskId> Promised { get; } = [];

    /// <summary>Tasks that somebody was told will never exist.</summary>
    public HashSet<TaskId> Denied { get; } = [];

    /// <summary>Requests that the network delivered twice: a refusal writes nothing, so the second copy may be accepted after the first was refused.</summary>
    public HashSet<TaskId> Twice { get; } = [];

    /// <summary>Instances about which a person has said that something was done by hand, or need not be done: their machines are that person's matter.</summary>
    public HashSet<InstanceId> ByHand { get; } = [];

    public void Violation(string what)
    {
        Violations.Add(what);
        _cluster.Chronicle.Note(99, 0, 0, () => $"VIOLATION: {what}");
    }

    /// <summary>
    /// A process has learnt that its commit is durable: whom it gave the machine, or told to stop, it must wake at once. Recovery would find them,
    /// seconds later.
    /// </summary>
    public void Confirmed(SimulatedProcess process, Commit commit)
    {
        foreach (var write in commit.Tasks.Where(t => t.Events.Any(e => e is TaskGranted or IntentSet { Intent: TaskIntent.Supersede })))
        {
            var (task, since, halts, stoodStill) = (write.After.Id, _cluster.Scheduler.Now, process.Context.Halts, process.Context.StandsStill);
            // Whoever asked for the settle goes on by itself.
            if (write.Events.Any(e => e is AttentionDecided))
            {
                continue;
            }

            _cluster.Scheduler.After(WakeWithin, null, () =>
            {
                if (!process.Context.Dead && !stoodStill && halts == process.Context.Halts)
                {
                    Expect(_woken.GetValueOrDefault(task, TimeSpan.MinValue) >= since, $"not woken: {write.After.Kind} {Short.Of(task)} after {commit.Name}");
                }
            });
        }
    }

    public void Woken(TaskId task) => _woken[task] = _cluster.Scheduler.Now;

    /// <summary>A task has granted an attempt to a process.</summary>
    public void Granted(TaskId task, Stamp stamp, long generation)
    {
        if (!_grants.TryAdd((task, stamp), generation))
        {
            Violation($"granted twice: attempt {stamp} of task {Short.Of(task)}");
        }
    }

    /// <summary>A verb leaves a process that has not stood still since it decided to.</summary>
    public void Leaves(SimulatedProcess process, VerbCall call)
    {
        var (task, generation) = (call.Key.Task, process.Lease.Generation);
        var who = $"{call.Key.Step} of task {Short.Of(task)} at {call.Stamp} from {process.Name} (generation {generation})";
        _cluster.Chronicle.Note(21, process.Number, call.Stamp.Attempt, () => $"{process.Name}: {call.Key.Step} ({call.Key.Direction}) of task {Short.Of(task)} at {call.Stamp} begins");
        var machine = _cluster.Machines.Of(call.Host, call.Machine.Instance);
        Expect(_left.Add((task, call.Stamp)), $"begun twice: {who}");
        Expect(_grants.GetValueOrDefault((task, call.Stamp)) == generation, $"not granted: {who}");
        Expect(_cluster.Database.IsLive(generation), $"without a lease: {who}");
        Expect(machine.Newest <= call.Stamp, $"fenced: {who}, and {machine.Newest} has begun before");
        Expect(machine.Fence <= call.Stamp, $"fenced: {who}, and the machine is fenced below {machine.Fence}");
        Expect(!_cluster.Database.Tasks[task].Record.IsEnded, $"after the end: {who}");
    }

    /// <summary>Somebody was answered about a request.</summary>
    public void Answered(SubmitTask request, SubmitOutcome outcome, Asked asked)
    {
        var there = _cluster.Database.Tasks.TryGetValue(request.Task, out var row) && !row.Refused;
        if (outcome.Never)
        {
            Denied.Add(request.Task);
            Expect(!there, $"answer: task {Short.Of(request.Task)} was said never to exist, and does");
        }

        switch (outcome.Answer?.Verdict)
        {
            case AcceptVerdict.Accepted when !request.DryRun:
                Promised.Add(request.Task);
                Expect(there, $"answer: task {Short.Of(request.Task)} was said to be accepted, and does not exist");
                break;
            case AcceptVerdict.Refused when !Twice.Contains(request.Task):
                Denied.Add(request.Task);
                CheckRefusal(request, outcome.Answer!.Refusal!, asked);
                Expect(!there, $"answer: {request.Kind} {Short.Of(request.Task)} was refused ({outcome.Answer!.Refusal!.Message}), and the task exists");
                break;
            case AcceptVerdict.Joined or AcceptVerdict.Replayed:
                Promised.Add(outcome.Answer!.Task);
                Expect(_cluster.Database.Tasks.ContainsKey(outcome.Answer.Task), $"answer: {request.Kind} was told to be task {Short.Of(outcome.Answer.Task)}, which does not exist");
                break;
        }
    }

    /// <summary>How things stand when somebody asks.</summary>
    public Asked Asks(SubmitTask request) =>
        new(_cluster.Database.Instances.GetValueOrDefault(request.Instance) is { VmState: not VmState.Deleted } i && (request.Caller.IsAdmin || i.Project == request.Caller.Project), _cluster.Scheduler.Now);

    /// <summary>A refusal must be true at some moment between the question and the answer.</summary>
    private void CheckRefusal(SubmitTask request, Refusal refusal, Asked asked)
    {
        var exists = Asks(request).Visible;
        Expect(refusal.Kind != RefusalKind.NotFound || !asked.Visible || !exists, $"answer: instance {Short.Of(request.Instance)} was said not to exist, and did all the time");
        if (refusal is { Kind: RefusalKind.Busy, RunningTask: { } running } && _cluster.Database.Tasks.TryGetValue(running, out var row))
        {
            var ended = row.Record.IsEnded && row.Events[^1].At < SimulatedClock.Epoch + asked.At;
            Expect(!ended, $"answer: {request.Kind} {Short.Of(request.Task)} was refused because of task {Short.Of(running)}, which had ended before it was asked for");
        }
    }

    /// <summary>Somebody was answered about a command.</summary>
    public void Answered(TaskId task, TaskCommand command, CommandAnswer answer)
    {
        if (answer.Unknown || !_cluster.Database.Tasks.TryGetValue(task, out var row) || row.Refused)
        {
            return;
        }

        var recorded = row.Record.Commands.Exists(c => c.Id == command.Id);
        var did = answer is { Accepted: true } && answer.Effect?.Contains("already", StringComparison.Ordinal) != true;
        Expect(answer.Accepted || !recorded, $"answer: {command.Kind} of task {Short.Of(task)} was refused ({answer.Refusal?.Message}), and is recorded");
        Expect(!did || recorded, $"answer: {command.Kind} of task {Short.Of(task)} was accepted ({answer.Effect}), and is not recorded");
    }

    /// <summary>Everything has ended and nothing goes wrong any more: nothing is lost, and the world is as the records say.</summary>
    public void CheckEnd()
    {
        var database = _cluster.Database;
        foreach (var task in Promised)
        {
            Expect(database.Tasks.TryGetValue(task, out var row) && (row.Record.IsEnded && !row.Refused), $"lost: task {Short.Of(task)} was promised");
        }

        foreach (var task in Denied)
        {
            Expect(!database.Tasks.TryGetValue(task, out var row) || row.Refused, $"denied, and there: task {Short.Of(task)}");
        }

        foreach (var (_, id, machine) in _cluster.Machines.All)
        {
            Expect(!machine.Operations.Exists(o => o.UnderWay), $"still under way on machine {Short.Of(id)}: {machine.Operations.Find(o => o.UnderWay)}");
        }

        _rows.CheckEnd();
        foreach (var instance in database.Instances.Values)
        {
            CheckMachine(instance);
        }
    }

    private void OnCommit(Commit commit)
    {
        var main = commit.Tasks[0].After;
        if (commit.Tasks[0].Events.Any(e => e is AttentionDecided { Command.Kind: TaskCommandKind.Skip or TaskCommandKind.Done }))
        {
            ByHand.Add(main.Instance);
        }

        if (main.Kind == TaskKinds.ResetToActive || main.Kind == TaskKinds.ResetToError)
        {
            ByHand.Add(main.Instance);
        }

        _cluster.Chronicle.Note(1, Short.Number(main.Id), main.Seq, () => Story.Of(commit));
        _rows.OnCommit(commit);
        foreach (var accepted in commit.Tasks.Where(t => t.After.Seq == 1))
        {
            CheckKey(accepted.After.Id);
        }

        foreach (var write in commit.Tasks.Where(t => !t.After.MustFence && t.Events.Any(e => e is AttemptFailed or StepDone { Skipped: false })))
        {
            CheckLeftBehind(write.After);
        }

        if (commit.Instance is { After: { Holder: null, FenceNext: false } idle })
        {
            CheckMachine(idle);
        }
    }

    /// <summary>A task that writes down how an attempt ended, and need not fence what comes next, has nothing under way.</summary>
    private void CheckLeftBehind(TaskRecord task)
    {
        foreach (var host in _cluster.Hosts)
        {
            var left = _cluster.Machines.Of(host, task.Instance).Operations.Find(o => o.UnderWay && o.Call.Key.Task == task.Id);
            Expect(left is null, $"left behind: {task.Kind} {Short.Of(task.Id)} goes on to step {task.Step} while {left} is under way");
        }
    }

    private void CheckKey(TaskId task)
    {
        if (Keys.TryGetValue(task, out var key))
        {
            var stored = _cluster.Database.KeyOf(key.Project, key.User, key.Key);
            Expect(stored?.Answer.Task == task, $"idempotency: task {Short.Of(task)} was accepted without its key {key.Key}");
        }
    }

    /// <summary>A rebuild was given up, or taken over from, half done: its disks are as it left them until the next rebuild.</summary>
    private bool HasHalfRebuilt(InstanceRecord instance) => instance.VmState != VmState.Deleted && _cluster.Database.TasksOf[instance.Id]
        .Select(t => _cluster.Database.Tasks[t].Record)
        .Any(t => t is { IsEnded: true, Outcome: not TaskOutcome.Succeeded, Steps.Count: > 0 } && t.Kind == TaskKinds.Rebuild && t is not { Phase: TaskPhase.Undo, Step: < 0 });

    /// <summary>An idle, unbroken instance is at the hypervisors as its record says.</summary>
    private void CheckMachine(InstanceRecord instance)
    {
        if (instance.Holder is not null || instance.Attention.Count > 0 || ByHand.Contains(instance.Id) || HasHalfRebuilt(instance))
        {
            return;
        }

        var gone = instance.VmState == VmState.Deleted || instance.Host is null;
        foreach (var (host, machine) in _cluster.Hosts.Select(h => (h, _cluster.Machines.Of(h, instance.Id))))
        {
            var who = $"instance {Short.Of(instance.Id)} ({instance.VmState}) on {host}";
            Expect(instance.FenceNext || !machine.Operations.Exists(o => o.UnderWay), $"idle, and at work: {who}");
            if (gone || instance.Host != host)
            {
                Expect(!machine.State.Exists, $"left over: {who}: {machine.State}");
            }
            else if (instance.VmState != VmState.Error)
            {
                Expect(machine.State is { Disk: true, Defined: true, OldDisk: null }, $"missing: {who}: {machine.State}");
                Expect((machine.State.Power, machine.State.Rescue) == (PowerOf(instance), instance.VmState == VmState.Rescued), $"not as its record: {who}: {machine.State}");
                Expect(machine.Takes == instance.Flavor.ToResources(), $"not as its record: {who}: it takes {machine.Takes}, its flavor says {instance.Flavor.ToResources()}");
                Expect(machine.State.Aside ? instance.Resize is not null : instance.VmState != VmState.Resized, $"not as its record: {who}: {machine.State}, and its resize is {instance.Resize}");
            }
        }
    }

    private static PowerState PowerOf(InstanceRecord instance) => instance.VmState switch
    {
        VmState.Resized => PowerOf(instance.Resize!.From),
        var state => PowerOf(state),
    };

    private static PowerState PowerOf(VmState state) => state switch
    {
        VmState.Active or VmState.Rescued => PowerState.Running,
        VmState.Paused => PowerState.Paused,
        VmState.Suspended => PowerState.Suspended,
        _ => PowerState.Shutdown,
    };

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            Violation(otherwise);
        }
    }
}
