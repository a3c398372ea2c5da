using InstanceTasks.Engine;
using InstanceTasks.Simulation.Cluster;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.World;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Simulation.Load;

/// <summary>
/// Everybody who asks for something, each request in the process that it reached, as the co-hosted API does: with idempotency keys,
/// repeats, queues, dry runs and commands. A request whose process dies is never answered.
/// </summary>
internal sealed partial class Clients(SimulatedCluster cluster, Dice dice, IReadOnlySet<int>? allowed)
{
    private static readonly (int Weight, TaskKind Kind)[] Kinds =
    [
        (12, TaskKinds.Create), (9, TaskKinds.Delete), (20, TaskKinds.Stop), (20, TaskKinds.Start), (12, TaskKinds.Reboot), (14, TaskKinds.HardReboot),
        (5, TaskKinds.ForceStop), (8, TaskKinds.Pause), (12, TaskKinds.Unpause), (8, TaskKinds.Suspend), (12, TaskKinds.Resume), (8, TaskKinds.Rescue), (12, TaskKinds.Unrescue),
        (8, TaskKinds.Rebuild), (5, TaskKinds.CreateImage), (5, TaskKinds.Shelve), (5, TaskKinds.ShelveAndOffload), (4, TaskKinds.ShelveOffload), (12, TaskKinds.Unshelve),
        (9, TaskKinds.Resize), (9, TaskKinds.ConfirmResize), (9, TaskKinds.RevertResize),
        (4, TaskKinds.ChangePassword), (2, TaskKinds.ResetToActive), (2, TaskKinds.ResetToError),
        (3, TaskKinds.Lock), (3, TaskKinds.Unlock), (3, TaskKinds.Update), (3, TaskKinds.Metadata),
    ];

    private static readonly (int Weight, TaskCommandKind Kind)[] Commands =
    [
        (8, TaskCommandKind.Cancel), (6, TaskCommandKind.Pause), (6, TaskCommandKind.Resume), (4, TaskCommandKind.Retry), (2, TaskCommandKind.Skip),
        (2, TaskCommandKind.Done), (2, TaskCommandKind.Abandon),
    ];

    private readonly List<InstanceId> _instances = [];
    private readonly List<TaskId> _tasks = [];
    private readonly List<IdempotencyClaim> _keys = [];
    private readonly List<Caller> _callers = [];

    /// <summary>How many requests were made.</summary>
    public int Asked { get; private set; }

    /// <summary>Which requests were made, by number.</summary>
    public List<int> Made { get; } = [];

    public void Add(Caller caller) => _callers.Add(caller);

    public void Add(InstanceId instance) => _instances.Add(instance);

    /// <summary>The next request. Everything about it is drawn before it is known whether it is left out.</summary>
    public void Ask()
    {
        Asked++;
        var ask = dice.Chance(700) ? Submit() : Command();
        Make(Asked, ask, dice.Next());
    }

    private void Make(int number, Func<SimulatedProcess, Task> ask, ulong at)
    {
        var ready = cluster.Processes.Where(p => p.TakesActors).ToList();
        if (ready.Count == 0 || (allowed is not null && !allowed.Contains(number)))
        {
            return;
        }

        Made.Add(number);
        var process = ready[(int)(at % (ulong)ready.Count)];
        cluster.Scheduler.After(TimeSpan.Zero, process.Context, () => _ = ask(process));
    }

    /// <summary>An operator decides about a task, and asks again until it is known what became of it.</summary>
    public void Decide(TaskId task, TaskCommandKind kind)
    {
        var command = NewCommand(kind, dice.Id(), _callers[0]);
        if (cluster.Processes.Find(p => p.TakesActors) is { } process)
        {
            cluster.Scheduler.After(TimeSpan.Zero, process.Context, () => _ = CommandAsync(process, task, command));
        }
    }

    private Func<SimulatedProcess, Task> Submit()
    {
        var (kind, drawn) = (dice.Weighted(Kinds), dice.Pick(_callers));
        var (instance, task, size, number) = (dice.Id(), new TaskId(dice.Id()), dice.Between(1, 2), Asked);
        var (which, alive, own, queue, dry) = (dice.Next(), dice.Chance(900), dice.Chance(900), dice.Chance(450), dice.Chance(30));
        var (keyed, again, used, otherBody) = (dice.Chance(300), dice.Chance(400), dice.Next(), dice.Chance(100));
        return process =>
        {
            var target = kind == TaskKinds.Create ? New(instance) : Target(which, alive);
            var caller = own && cluster.Database.Instances.TryGetValue(target, out var there) ? _callers.Find(c => c.Project == there.Project) ?? drawn : drawn;
            var request = new SubmitTask
            {
                Task = task, Kind = kind, Instance = target, Request = new($"req-{number}"), Caller = caller,
                NewInstance = kind == TaskKinds.Create ? NewInstance(target, caller, FlavorOf(size)) : null, Change = ChangeOf(kind, number, size), QueueWhenBusy = queue, DryRun = dry,
            };
            _tasks.Add(task);
            return !keyed || dry ? SubmitAsync(process, request)
                : SubmitKeyedAsync(process, request, again && _keys.Count > 0 ? Again(_keys[(int)(used % (ulong)_keys.Count)], request, otherBody) : Fresh(request));
        };
    }

    // Mostly one that is there, as people see them in a list; now and then one that never was, or is gone.
    private InstanceId Target(ulong which, bool alive)
    {
        var living = alive ? cluster.Database.Instances.Values.Where(i => i.VmState != VmState.Deleted).Select(i => i.Id).ToList() : [];
        var among = living.Count > 0 ? living : _instances;
        return among[(int)(which % (ulong)among.Count)];
    }

    // Half of the resizes are to the flavor that the server has.
    private static InstanceChange? ChangeOf(TaskKind kind, int number, int size) =>
        kind == TaskKinds.Resize ? new InstanceChange { Flavor = FlavorOf(size) }
        : kind == TaskKinds.Update ? new InstanceChange { Name = $"vm-{number}" }
        : kind == TaskKinds.Metadata ? new InstanceChange { MergeMetadata = new() { ["n"] = $"{number}" } }
        : kind == TaskKinds.Rebuild ? new InstanceChange { ImageId = $"image-{number}" }
        : null;

    private InstanceId New(Guid id)
    {
        var instance = new InstanceId(id);
        _instances.Add(instance);
        return instance;
    }

    private IdempotencyClaim Fresh(SubmitTask request)
    {
        var key = new IdempotencyClaim
        {
            Project = request.Caller.Project, User = request.Caller.User, Key = $"key-{_keys.Count}", BodyHash = [(byte)(_keys.Count & 127)],
            Answer = new StoredAnswer { Status = 202, Task = request.Task },
        };
        _keys.Add(key);
        return key;
    }

    private static IdempotencyClaim Again(IdempotencyClaim used, SubmitTask request, bool otherBody) => used with
    {
        BodyHash = otherBody ? [255] : used.BodyHash, Answer = used.Answer with { Task = request.Task },
    };

    /// <summary>As the API does: first the stored answer, then the request.</summary>
    private async Task SubmitKeyedAsync(SimulatedProcess process, SubmitTask request, IdempotencyClaim key)
    {
        try
        {
            if (await process.Store.ReadIdempotencyAsync(key.Project, key.User, key.Key) is not null)
            {
                return;
            }
        }
        catch (IOException)
        {
            return;
        }

        cluster.Watch.Keys[request.Task] = key;
        await SubmitAsync(process, request with { Idempotency = key });
    }

    private async Task SubmitAsync(SimulatedProcess process, SubmitTask request)
    {
        cluster.Chronicle.Note(2, Short.Number(request.Task), 0, () => $"{process.Name} is asked to {request.Kind} {(request.Children is { } c ? $"{c.Total} of {c.Kind}" : $"instance {Short.Of(request.Instance)}")} (task {Short.Of(request.Task)}){(request.QueueWhenBusy ? ", queued if busy" : "")}");
        var submitter = new Submitter(request.Children is null ? process.Peers.SubmitAsync : process.Peers.SubmitParentAsync, process.Store, process.Time, NullLogger<Submitter>.Instance);
        var asked = cluster.Watch.Asks(request);
        var outcome = await submitter.SubmitAsync(request);
        cluster.Chronicle.Note(3, Short.Number(request.Task), (int?)outcome.Answer?.Verdict ?? -1, () => $"task {Short.Of(request.Task)} is answered: {Text(outcome)}");
        cluster.Watch.Answered(request, outcome, asked);
    }

    private static string Text(SubmitOutcome outcome) => outcome switch
    {
        { Never: true } => "never",
        { Answer: { Refusal: { } refusal } } => $"refused: {refusal.Message}",
        { Answer: { } answer } => answer.Verdict.ToString(),
        _ => "nobody knows",
    };

    private Func<SimulatedProcess, Task> Command()
    {
        var kind = dice.Weighted(Commands);
        var caller = dice.Pick(_callers);
        var (id, which, recent) = (dice.Id(), dice.Next(), dice.Chance(850));
        return process =>
        {
            var open = recent ? cluster.Database.Tasks.Values.Where(r => !r.Record.IsEnded).Select(r => r.Record.Id).ToList() : _tasks;
            return open.Count == 0 ? Task.CompletedTask : CommandAsync(process, open[(int)(which % (ulong)open.Count)], NewCommand(kind, id, caller));
        };
    }

    private async Task CommandAsync(SimulatedProcess process, TaskId task, TaskCommand command)
    {
        cluster.Chronicle.Note(4, Short.Number(task), (int)command.Kind, () => $"{process.Name} is asked to {command.Kind} task {Short.Of(task)}");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            try
            {
                var answer = await process.Peers.CommandAsync(task, command);
                if (answer is { Unknown: false, Refusal.Kind: not RefusalKind.Unavailable } or { Unknown: false, Refusal: null })
                {
                    cluster.Chronicle.Note(5, Short.Number(task), answer.Accepted ? 1 : 0, () => $"{command.Kind} of task {Short.Of(task)} is answered: {(answer.Accepted ? answer.Effect : answer.Refusal?.Message)}");
                    // A refusal after an attempt that nobody knows about is no certainty about that attempt.
                    cluster.Watch.Answered(task, command, attempt == 0 || answer.Accepted ? answer : answer with { Unknown = true });
                    return;
                }
            }
            catch (Exception e) when (SimulatedCluster.IsExpected(e))
            {
                cluster.Chronicle.Note(6, Short.Number(task), 0, () => $"{command.Kind} of task {Short.Of(task)}: {e.Message}");
            }
        }
    }

    private static TaskCommand NewCommand(TaskCommandKind kind, Guid id, Caller caller) => new() { Id = id, Kind = kind, Caller = caller, Reason = "by chance" };

    public static FlavorSnapshot FlavorOf(int size) => new() { Id = $"{size}", Name = $"m1.{size}", Vcpus = size, RamMb = 512 * size, DiskGb = size };

    private static InstanceRecord NewInstance(InstanceId id, Caller caller, FlavorSnapshot flavor) =>
        new() { Id = id, Project = caller.Project, User = caller.User, Name = "vm", ImageId = "image", Flavor = flavor };
}
