using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Engine.Tests.Support;

/// <summary>
/// Runs the engine's actors on one thread: messages one after the other, timers by the manual clock, workers polled in between. Checks the
/// invariants after every commit.
/// </summary>
internal sealed class Cluster
{
    private readonly Queue<Func<Task>> _inbox = [];
    private readonly Dictionary<HostName, HostActor> _hosts = [];
    private readonly RecoveryActor[] _recovery;

    public Cluster()
    {
        Journal = new MemoryJournal(Time, g => Over.Contains(g)) { After = c => Invariants.Check(Journal!, c) };
        Queries = new MemoryQueries(Journal);
        Groups = new ServerGroups(Documents, Journal);
        Home = AddNode();
        foreach (var (host, capacity) in new[] { (Some.Host1, new Resources(8, 8192, 80)), (Some.Host2, new Resources(4, 4096, 40)) })
        {
            Journal.Hosts[host] = new HostView(host, "nova", capacity, default, null);
        }

        var options = new RecoveryOptions();
        _recovery = [.. Enumerable.Range(0, Shards.Count).Select(s => new RecoveryActor(s, Journal, new ClusterPeers(this), options, Time, NullLogger<RecoveryActor>.Instance))];
    }

    public ManualTime Time { get; } = new();

    public MemoryJournal Journal { get; }

    public MemoryQueries Queries { get; }

    public MemoryDocuments Documents { get; } = new();

    public ServerGroups Groups { get; }

    public World World { get; } = new();

    public List<Node> Nodes { get; } = [];

    /// <summary>Where grains are activated now.</summary>
    public Node Home { get; set; }

    public HashSet<long> Live { get; } = [];

    public HashSet<long> Over { get; } = [];

    /// <summary>Exceptions that left a turn: none, unless a test expects one.</summary>
    public List<Exception> Defects { get; } = [];

    /// <summary>Why activations were dropped.</summary>
    public List<string> Drops { get; } = [];

    /// <summary>True: wake-ups get lost.</summary>
    public bool LosesWakes { get; set; }

    public ListedHolds Holds { get; } = new();

    public ListedAdmission Admission { get; } = new();

    public Worker Worker => Home.Worker;

    public Node AddNode()
    {
        var node = new Node(this, Nodes.Count + 1);
        Nodes.Add(node);
        Live.Add(node.Generation);
        return node;
    }

    public void EndLease(Node node)
    {
        Live.Remove(node.Generation);
        Over.Add(node.Generation);
    }

    public void Post(Func<Task> message) => _inbox.Enqueue(message);

    public TaskCell CellOf(TaskId task) => Home.Cell(task);

    public Task TurnAsync(TaskId task, Func<TaskActor, Task> turn) => CellOf(task).TurnAsync(turn);

    public HostActor HostOf(HostName host)
    {
        if (!_hosts.TryGetValue(host, out var actor))
        {
            _hosts[host] = actor = new HostActor(host, Home, Time);
        }

        return actor;
    }

    /// <summary>A host's activation is gone; the next call makes a new one, which knows nothing.</summary>
    public void LoseHost(HostName host) => _hosts.Remove(host);

    public void WakeLater(TaskId task, TimeSpan delay, string cause) => Time.Once(delay, () => Post(() => TurnAsync(task, a => a.WakeAsync(new WakeUp { Cause = cause }))));

    public TaskRecord Task(TaskId id) => Journal.Tasks[id].Record;

    public InstanceRecord Instance(InstanceId id) => Journal.Instances[id];

    /// <summary>An instance that is there, with machine, claim and quota.</summary>
    public InstanceRecord Add(VmState state = VmState.Active) => Add(Some.Instance(state));

    /// <summary>An instance that a task of the kind can be asked of.</summary>
    public InstanceRecord Add(VmState state, TaskKind kind)
    {
        var instance = Some.Instance(state);
        return Add(PlanRegistry.Find(kind)!.EndsResize ? instance with { Resize = instance.Resize ?? Some.Finished(VmState.Active) } : instance);
    }

    /// <summary>This instance, with machine, claim and quota; of one that was offloaded only the image is left.</summary>
    public InstanceRecord Add(InstanceRecord instance)
    {
        instance = instance.VmState is VmState.Shelved or VmState.ShelvedOffloaded ? AddImage(instance) : instance;
        Journal.Instances[instance.Id] = instance;
        Charge(instance);
        if (instance.VmState == VmState.ShelvedOffloaded)
        {
            return Journal.Instances[instance.Id] = instance with { Host = null, AvailabilityZone = "" };
        }

        Journal.Claims[(instance.Id, Some.Host1)] = (TaskId.New(), instance.Flavor.ToResources() + (instance.Resize?.Other.ToResources() ?? default));
        World.Of(Some.Host1, instance.Id).State = Machine.Of(instance);
        return instance;
    }

    private void Charge(InstanceRecord instance)
    {
        var used = Journal.Quota.GetValueOrDefault(instance.Project) ?? new QuotaUsage(0, 0, 0);
        var other = instance.Resize?.Other;
        Journal.Quota[instance.Project] = used with
        {
            Instances = used.Instances + 1, Cores = used.Cores + Math.Max(instance.Flavor.Vcpus, other?.Vcpus ?? 0), RamMb = used.RamMb + Math.Max(instance.Flavor.RamMb, other?.RamMb ?? 0),
        };
    }

    private InstanceRecord AddImage(InstanceRecord instance)
    {
        var image = new ImageRecord
        {
            Id = $"shelved-{instance.Id}", Project = instance.Project, Name = "vm-shelved", Active = true, MinDiskGb = 1, Instance = instance.Id, Task = TaskId.New(), Shelved = true,
            CreatedAt = Some.Start, UpdatedAt = Some.Start,
        };
        Journal.Images[image.Id] = image;
        return instance with { ShelvedImageId = image.Id };
    }

    /// <summary>A task that an earlier process left behind, and the instance whose machine it has: off, if it is being stopped.</summary>
    public void Restore(TaskRecord task, IReadOnlyList<IReadOnlyList<TaskEvent>> rows)
    {
        var there = Add();
        Journal.Instances.Remove(there.Id);
        Journal.Claims.Remove((there.Id, Some.Host1));
        World.Machines.Remove((Some.Host1, there.Id));
        Journal.Instances[task.Instance] = there with { Id = task.Instance, Turn = task.Turn, Holder = new(task.Id, task.Kind, task.Request) };
        Journal.Claims[(task.Instance, Some.Host1)] = (TaskId.New(), there.Flavor.ToResources());
        var machine = World.Of(Some.Host1, task.Instance);
        machine.State = Machine.Of(VmState.Stopped);
        var row = new TaskRow { Record = task, Body = EngineJson.Write(task), DueAt = Time.Now };
        row.Rows.AddRange(rows.Select((events, i) => new StoredEvents(i + 1, i + 1, Time.Now, events)));
        Journal.Tasks[task.Id] = row;
    }

    /// <summary>What a kind is asked of: a new id for create, an instance in a fitting state otherwise.</summary>
    public InstanceId Target(TaskKind kind) => kind == TaskKinds.Create ? InstanceId.New() : Add(Some.StateFor(kind.Name)).Id;

    public Task<AcceptAnswer> SubmitAsync(SubmitTask request) => request.Children is null
        ? Home.Instance(request.Instance).SubmitAsync(request)
        : new ProjectActor(request.Caller.Project, Journal, new ClusterPeers(this), Home, Time, NullLogger<ProjectActor>.Instance, Admission).SubmitAsync(request);

    public async Task<AcceptAnswer> AcceptAsync(TaskKind kind, InstanceId instance, bool queue = false)
    {
        var answer = await SubmitAsync(Some.Request(kind, instance) with { QueueWhenBusy = queue });
        Assert.True(answer.Verdict == AcceptVerdict.Accepted, answer.Refusal?.Message);
        return answer;
    }

    public async Task<CommandAnswer> CommandAsync(TaskId task, TaskCommandKind kind, string? reason = null)
    {
        CommandAnswer? answer = null;
        await TurnAsync(task, async a => answer = await a.CommandAsync(Some.Command(kind, reason)));
        return answer!;
    }

    /// <summary>Runs everything that can happen now.</summary>
    public async Task RunAsync()
    {
        do
        {
            while (_inbox.TryDequeue(out var message))
            {
                await message();
            }
        }
        while (await PollAsync());
    }

    /// <summary>Runs, and lets the clock go on from timer to timer, until nothing moves by itself any more or the time is over.</summary>
    public async Task RunForAsync(TimeSpan atMost)
    {
        var limit = Time.Now + atMost;
        await RunAsync();
        while (Time.AdvanceToNext(limit))
        {
            await RunAsync();
        }

        Time.JumpTo(limit);
        await RunAsync();
    }

    /// <summary>Runs until every task has ended or waits for somebody; recovery looks in the meantime if asked to.</summary>
    public async Task RunToRestAsync(bool recovery = false)
    {
        var limit = Time.Now + TimeSpan.FromMinutes(30);
        var dropped = Drops.Count;
        await RunAsync();
        while (Journal.Tasks.Values.Any(t => !IsAtRest(t)))
        {
            if (recovery)
            {
                await LookAsync();
            }

            var step = recovery ? Time.Now + TimeSpan.FromSeconds(1) : limit;
            if (!Time.AdvanceToNext(step))
            {
                Assert.True(recovery, "Nothing will ever happen to: " + string.Join(", ", Journal.Tasks.Values.Where(t => !IsAtRest(t)).Select(t => $"{t.Record.Kind} {t.Record.State}")));
                Time.JumpTo(step);
            }

            await RunAsync();
            Assert.True(Drops.Count < dropped + 100, "Going round in circles: " + string.Join("; ", Drops.TakeLast(3)));
            Assert.True(Time.Now < limit, "Not at rest after 30 minutes: " + string.Join(", ", Journal.Tasks.Values.Where(t => !IsAtRest(t)).Select(t => $"{t.Record.Kind} {t.Record.State}")));
        }

        Assert.Empty(Defects);
    }

    /// <summary>Every shard's recovery looks once.</summary>
    public async Task LookAsync()
    {
        foreach (var shard in _recovery)
        {
            await shard.LookAsync("test");
        }

        await RunAsync();
    }

    /// <summary>The names of the applied commits, with kind.</summary>
    public string CommitNames(TaskId task) => string.Join(" ", Journal.Commits.Where(c => c.Tasks.Any(t => t.After.Id == task)).Select(c => c.Name));

    private bool IsAtRest(TaskRow row) => row.Quarantine is not null || row.Record switch
    {
        { IsEnded: true } or { Run: TaskRun.Paused } => true,
        { Turn: 0 } waits => Instance(waits.Instance).Holder is { } holder && Task(holder.Id).Run == TaskRun.Paused,
        _ => false,
    };

    private async Task<bool> PollAsync()
    {
        var any = false;
        foreach (var node in Nodes)
        {
            foreach (var (host, actor) in _hosts.ToList())
            {
                any |= await node.Worker.PollAsync(host, actor);
            }
        }

        return any || _inbox.Count > 0;
    }
}

/// <summary>Holds that a test lists.</summary>
internal sealed class ListedHolds : IHolds
{
    public List<Hold> All { get; } = [];

    public Hold? Find(TaskRecord task) => All.Find(h => h.Matches(task));
}

/// <summary>Admission as a test says.</summary>
internal sealed class ListedAdmission : IAdmission
{
    public bool Closed { get; set; }

    public HashSet<HostName> Full { get; } = [];

    public int Refused { get; private set; }

    public Refusal? Refuse(HostName? host)
    {
        if (!Closed && !(host is { } full && IsFull(full)))
        {
            return null;
        }

        Refused++;
        return new(RefusalKind.Unavailable, "later");
    }

    public bool IsFull(HostName host) => Full.Contains(host);
}

/// <summary>Calls between actors.</summary>
internal sealed class ClusterPeers(Cluster cluster) : IPeers
{
    public void Wake(TaskId task, WakeUp wake)
    {
        if (!cluster.LosesWakes)
        {
            cluster.Post(() => cluster.TurnAsync(task, a => a.WakeAsync(wake)));
        }
    }

    public async Task<PokeAnswer> PokeAsync(TaskId task)
    {
        var answer = default(PokeAnswer);
        await cluster.TurnAsync(task, async a => answer = await a.PokeAsync());
        return answer;
    }

    public Task<AcceptAnswer> SubmitAsync(SubmitTask request) => cluster.Home.Instance(request.Instance).SubmitAsync(request);

    public async Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command)
    {
        CommandAnswer? answer = null;
        await cluster.TurnAsync(task, async a => answer = await a.CommandAsync(command));
        return answer!;
    }

    public async Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request)
    {
        try
        {
            return await cluster.Home.Instance(instance).SettleAsync(request);
        }
        catch (Exception e)
        {
            // The task's actor would only ask again.
            cluster.Defects.Add(e);
            throw;
        }
    }

    public Task<WhereAnswer> OfferAsync(Attempt attempt) => Task.FromResult(cluster.HostOf(attempt.Host).Offer(attempt));

    public Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp)
    {
        cluster.HostOf(host).Withdraw(key, stamp);
        return Task.CompletedTask;
    }

    public Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp) => Task.FromResult(cluster.HostOf(host).Where(key, stamp));

    public Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below) => Task.FromResult(cluster.HostOf(host).Fence(machine, below));

    // The worker of these tests is a scripted one and reaches the actors directly.
    public Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation) => throw new NotSupportedException();

    public Task EndedAsync(AttemptOutcome outcome) => throw new NotSupportedException();

    public Task<PollAnswer> PollAsync(HostName host, PollRequest request) => throw new NotSupportedException();

    public Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer) => throw new NotSupportedException();
}

/// <summary>The queries that the engine asks.</summary>
internal sealed class MemoryQueries(MemoryJournal journal) : IQueries
{
    public Task<ServerView?> GetServerAsync(InstanceId id, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<ServerView>> ListServersAsync(ServerFilter filter, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<TaskRecord?> GetTaskAsync(TaskId id, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<TaskRecord>> ListTasksAsync(TaskFilter filter, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<TaskRecord?> WaitForRestAsync(TaskId id, TimeSpan atMost, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<IReadOnlyList<HostView>> ListHostsAsync(CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<HostView>>([.. journal.Hosts.Values.Select(h => h with { Taken = journal.Taken(h.Host) })]);

    public Task<QuotaUsage> GetUsageAsync(ProjectId project, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<CloudCounts> CountAsync(TimeSpan window, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task<byte[]?> ReadSecretAsync(Guid owner, string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(journal.Secrets.Find(s => s.Owner == owner && s.Name == name)?.Ciphertext);
}
