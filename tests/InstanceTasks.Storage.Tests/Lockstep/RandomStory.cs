using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Lockstep;

/// <summary>One operation and how its answer reads; what differs between two right stores is not part of it.</summary>
internal sealed record StoreOperation(string Name, Func<StoreFixture, Task<string>> RunAsync);

/// <summary>
/// Operations like those of actors, from a seed: commits that accept, claim, step and settle, many of them late, twice, too big or out of
/// turn; tombstones, quarantine, leases, hosts and limits. What is stored is read from one of the stores, as an actor would.
/// </summary>
internal sealed class RandomStory(int seed, StoreFixture known)
{
    /// <summary>Time passes by this much with each operation; nothing is ever due within a half of it.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMinutes(61);

    private static readonly ProjectId[] Projects = [Some.Project, new("p2")];
    private static readonly HostName[] Hosts = [new("h1"), new("h2"), new("unknown")];

    private readonly Random _random = new(seed);
    private readonly List<Commit> _sent = [];
    private readonly List<TaskId> _refused = [];
    private long _generation;

    public List<TaskId> Tasks { get; } = [];

    public InstanceId[] Instances { get; } = [.. Enumerable.Range(0, 5).Select(i => new InstanceId(new Guid(seed, 1, (short)i, [1, 2, 3, 4, 5, 6, 7, (byte)i])))];

    public string[] Keys { get; } = [.. Enumerable.Range(0, 3).Select(i => $"k{i}")];

    public IReadOnlyList<ProjectId> UsedProjects => Projects;

    public async Task<StoreOperation> NextAsync() => _random.Next(100) switch
    {
        < 22 => Commit(await AcceptAsync()),
        < 33 => Commit(await ClaimAsync()),
        < 53 => Commit(await StepAsync()),
        < 63 => Commit(await SettleAsync()),
        < 68 => Commit(_sent.Count == 0 ? await AcceptAsync() : Pick(_sent)),
        < 72 => Commit(SideOnly()),
        < 76 => Refuse(_random.Next(2) == 0 ? NewTask() : PickTask()),
        < 81 => Quarantine(),
        < 90 => Lease(),
        < 93 => Register(),
        < 95 => Limits(),
        < 98 => Commit(await ContradictionAsync()),
        _ => new("reopen", async s =>
        {
            await s.ReopenAsync();
            return "";
        }),
    };

    private StoreOperation Commit(Commit commit)
    {
        _sent.Add(commit);
        return new($"commit {EngineJson.Write(commit)}", async store =>
        {
            var result = await store.Journal.CommitAsync(commit);
            return $"{result.Verdict} {result.Detail} {(result.Stored is { } stored ? EngineJson.Write(stored) : "")}";
        });
    }

    private async Task<Commit> AcceptAsync()
    {
        var id = _random.Next(7) switch
        {
            0 => PickTask(),
            1 when _refused.Count > 0 => Pick(_refused),
            _ => NewTask(),
        };
        var (task, guard) = await AmongChildrenAsync(Fresh(id));
        var child = _random.Next(6) == 0 ? Fresh(NewTask()) : null;
        return new()
        {
            Name = "accept", Kind = task.Kind, Tasks = [Write(task, 0), .. child is null ? [] : new[] { Write(child, 0) }],
            Instance = _random.Next(3) > 0 ? await WriteInstanceAsync(task.Instance, new TaskRef(task)) : null,
            Quota = RandomQuota(_random.Next(0, 3)), Idempotency = _random.Next(2) == 0 ? RandomKey() : null, Guard = guard,
        };
    }

    // Some are children: of a task that is as it was, of one that has moved on, of one that was never there.
    private async Task<(TaskRecord Task, ParentGuard? Guard)> AmongChildrenAsync(TaskRecord task)
    {
        if (Tasks.Count == 0 || _random.Next(3) > 0)
        {
            return (task, null);
        }

        var parent = _random.Next(6) == 0 ? NewId() : PickTask();
        var seq = (await known.Journal.ReadTaskAsync(parent))?.Record.Seq ?? 1;
        return (task with { Parent = parent }, _random.Next(4) == 0 ? null : new ParentGuard(parent, seq + Pick([0, 0, 0, 1])));
    }

    private async Task<Commit> ClaimAsync()
    {
        var (task, wakes) = await ReadAsync();
        var owned = task with { Seq = NextSeq(task), Epoch = task.Epoch + 1, Generation = _random.Next(0, (int)_generation + 2) };
        return new() { Name = "claim", Kind = task.Kind, Tasks = [new(owned, [new TaskClaimed { At = Some.Start, Epoch = owned.Epoch, Generation = owned.Generation }], DueIn(), wakes)] };
    }

    private async Task<Commit> StepAsync()
    {
        var (task, wakes) = await ReadAsync();
        var after = task with { Seq = NextSeq(task), Step = task.Step + 1, WaitReason = $"w{_random.Next(1000)}", Run = Pick([TaskRun.Running, TaskRun.Waiting, TaskRun.Paused]) };
        return new()
        {
            Name = "step", Kind = task.Kind, Tasks = [new(after, [new StepDone { At = Some.Start, Step = after.Step }, new TaskProceeded { At = Some.Start }], DueIn(), _random.Next(3) == 0 ? 0 : wakes)],
            Claims = [.. Enumerable.Range(0, Pick([0, 1, 1, 2, 3])).Select(_ => RandomClaim(task))],
            Wakes = [.. Enumerable.Range(0, Pick([0, 0, 1, 2])).Select(_ => _random.Next(8) == 0 ? NewId() : PickTask())],
        };
    }

    private async Task<Commit> SettleAsync()
    {
        var (task, wakes) = await ReadAsync();
        var ended = task with { Seq = NextSeq(task), Run = TaskRun.Ended, Outcome = Pick([TaskOutcome.Succeeded, TaskOutcome.Failed, TaskOutcome.Canceled]), FinishedAt = Some.Start };
        return new()
        {
            Name = "settle", Kind = task.Kind, Tasks = [new(ended, [new TaskEnded { At = Some.Start, Outcome = ended.Outcome }], null, wakes)],
            Instance = await WriteInstanceAsync(task.Instance, null), Quota = RandomQuota(-_random.Next(0, 3)),
            Claims = _random.Next(2) == 0 ? [new(task.Instance, default, null, default, Take: false)] : [], Wakes = _random.Next(2) == 0 ? [PickTask()] : [],
        };
    }

    private Commit SideOnly() => new()
    {
        Name = "side", Kind = new("none"), Idempotency = _random.Next(2) == 0 ? RandomKey() : null, Quota = [.. RandomQuota(_random.Next(-2, 4)), .. RandomQuota(_random.Next(-2, 4))],
        Wakes = [PickTask(), PickTask()],
    };

    private async Task<Commit> ContradictionAsync()
    {
        var commit = await AcceptAsync();
        return _random.Next(3) switch
        {
            0 => commit with { Tasks = [commit.Tasks[0], commit.Tasks[0]] },
            1 => commit with { Tasks = [commit.Tasks[0] with { Events = [] }] },
            _ => commit with { Instance = new(Some.Instance(id: Pick(Instances)) with { Version = 9 }, 4) },
        };
    }

    private StoreOperation Refuse(TaskId id)
    {
        _refused.Add(id);
        return new($"refuse {id}", async store => $"{await store.Journal.RefuseAsync(id)}");
    }

    private StoreOperation Quarantine()
    {
        var id = _random.Next(5) == 0 ? NewId() : PickTask();
        return new($"quarantine {id}", async store =>
        {
            await store.Journal.QuarantineAsync(id, "why");
            return "";
        });
    }

    private StoreOperation Lease()
    {
        // Recent ones: most of the older have ended.
        var (generation, lease) = (Math.Max(1, _generation - _random.Next(-1, 3)), Ahead(_random.Next(3, 60)));
        switch (_random.Next(5))
        {
            case 4 when _generation > 0:
                HostName[] hosts = [.. Hosts.Take(_random.Next(3))];
                return new($"announce {hosts.Length} hosts for {generation}", async store =>
                {
                    await store.Leases.AnnounceAsync(Math.Min(generation, _generation), hosts);
                    return "";
                });
            case 0 or 1 when _generation < 3 || _random.Next(3) == 0:
                _generation++;
                return new($"join for {lease}", async store => $"{await store.Leases.JoinAsync("silo", lease)}");
            case 2:
                return new($"leave {generation}", async store =>
                {
                    await store.Leases.LeaveAsync(generation);
                    return "";
                });
            default:
                CallCounts? calls = generation % 3 == 0 ? null : new(lease.Ticks, generation);
                return new($"renew {generation} for {lease}", async store => $"{await store.Leases.RenewAsync(generation, lease, calls)}");
        }
    }

    private StoreOperation Register()
    {
        var (host, size) = (Pick(Hosts[..2]), _random.Next(4, 9));
        return new($"register {host} with {size}", async store =>
        {
            await store.Hosts.RegisterAsync(host, "z", new(size, size * 1000, size * 10));
            return "";
        });
    }

    private StoreOperation Limits()
    {
        var (project, limits) = (Pick(Projects), Pick([(-1, -1, -1), (6, -1, -1), (8, 12, -1), (-1, 9, 6000), (7, 7, 7000)]));
        return new($"limits {project} {limits}", async store =>
        {
            await store.SetLimitsAsync(project, limits.Item1, limits.Item2, limits.Item3);
            return "";
        });
    }

    // One that is there; mostly one that has not ended.
    private async Task<(TaskRecord Record, long Wakes)> ReadAsync()
    {
        for (var attempt = 0; attempt < 5; attempt++)
        {
            if (await known.Journal.ReadTaskAsync(PickTask()) is { Record.Outcome: not TaskOutcome.Refused } stored && (!stored.Record.IsEnded || attempt == 4))
            {
                return (stored.Record, stored.Wakes);
            }
        }

        // One that is nowhere, and never will be.
        return (Fresh(NewId()), 0);
    }

    private async Task<InstanceWrite> WriteInstanceAsync(InstanceId id, TaskRef? holder)
    {
        var version = Math.Max(0, ((await known.Journal.ReadInstanceAsync(id))?.Version ?? 0) + (_random.Next(5) == 0 ? Pick([-1, 1]) : 0));
        var record = Some.Instance($"n{_random.Next(1000)}", Pick(Projects), id) with { Version = version + 1, Holder = holder is { Task: var t } ? new(t.Id, t.Kind, t.Request) : null };
        return new(record, version);
    }

    // A task is always about the same instance, and of the same kind.
    private TaskRecord Fresh(TaskId id)
    {
        var bytes = id.Value.ToByteArray();
        var instance = Instances[bytes[0] % Instances.Length];
        return Some.Task(instance, bytes[1] < 60 ? "create-image" : "stop") with
        {
            Id = id, Request = new($"req-{id}"),
            Machine = new() { Instance = instance, Name = "vm", ImageId = "image-1", Resources = Some.Small, SnapshotId = $"image-{bytes[1] % 16}" },
        };
    }

    private TaskWrite Write(TaskRecord task, long wakesRead) => Some.Write(task, DueIn(), wakesRead) with { DueIn = DueIn() };

    private ClaimChange RandomClaim(TaskRecord task)
    {
        var size = _random.Next(1, 5);
        return _random.Next(3) == 0
            ? new(Pick(Instances), task.Id, _random.Next(2) == 0 ? null : Pick(Hosts), default, Take: false)
            : new(_random.Next(3) == 0 ? Pick(Instances) : task.Instance, _random.Next(4) == 0 ? PickTask() : task.Id, Hosts[_random.Next(12) == 0 ? 2 : _random.Next(2)], new(size, size * 900, size * 9), Take: true);
    }

    private QuotaChange[] RandomQuota(int count) => count == 0 ? [] : [new(Pick(Projects), count, count * _random.Next(0, 3), count * 500)];

    private IdempotencyClaim RandomKey() => new()
    {
        Project = Pick(Projects), User = Some.User, Key = Pick(Keys), BodyHash = [(byte)_random.Next(4)],
        Answer = new() { Status = 202, Body = $"{{\"n\":{_random.Next(1000)}}}" },
    };

    private long NextSeq(TaskRecord task) => Math.Max(1, task.Seq + 1 + (_random.Next(8) == 0 ? Pick([-1, 1]) : 0));

    // Some never: recovery then sees them only when they are woken or their owner is lost.
    private TimeSpan? DueIn() => _random.Next(10) == 0 ? null : Ahead(_random.Next(0, 60));

    private static TimeSpan Ahead(int ticks) => (ticks * Tick) + (Tick / 2);

    private TaskId NewTask()
    {
        var id = NewId();
        Tasks.Add(id);
        return id;
    }

    private TaskId NewId()
    {
        var bytes = new byte[16];
        _random.NextBytes(bytes);
        return new(new Guid(bytes));
    }

    // Recent ones: most of the older have ended.
    private TaskId PickTask() => Tasks.Count == 0 ? NewTask() : Tasks[_random.Next(Math.Max(0, Tasks.Count - 12), Tasks.Count)];

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];

    private sealed record TaskRef(TaskRecord Task);
}
