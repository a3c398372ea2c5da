namespace InstanceTasks.Engine;

/// <summary>Composes the rows of an accepted request. Pure.</summary>
internal static class AcceptComposer
{
    /// <summary>How soon recovery looks at an accepted task whose wake-up was lost (design §4.5).</summary>
    private static readonly TimeSpan AcceptDue = TimeSpan.FromSeconds(1);

    /// <summary>How rarely recovery looks at a task that only waits for its turn: its turn itself makes it due.</summary>
    private static readonly TimeSpan QueuedDue = TimeSpan.FromMinutes(1);

    /// <summary>The instance that a create is about to make.</summary>
    public static InstanceRecord NewInstance(SubmitTask request, DateTimeOffset now) =>
        request.NewInstance! with { VmState = VmState.Building, CreatedAt = now, UpdatedAt = now, Version = 0, Turn = 0 };

    /// <summary>The commit that gives the machine to the new task at once; the instance may be new.</summary>
    public static Commit Now(InstanceRecord instance, SubmitTask request, Plan plan, long generation, DateTimeOffset now)
    {
        // A create that is repeated builds the instance again, which has kept its place in the quota.
        var start = request.Kind == TaskKinds.Create ? instance with { VmState = VmState.Building } : instance;
        var changed = ResizeRules.Begin(start, request) with { Turn = instance.Turn + 1, Holder = RefOf(request), FenceNext = false, UpdatedAt = now };
        var task = NewTask(start, request, plan, now) with
        {
            // An id is accepted once, so it is a one-time token as good as any.
            Run = TaskRun.Running, Turn = changed.Turn, Epoch = 1, Generation = generation, Token = request.Task.Value,
            StartedAt = now, MustFence = instance.FenceNext,
        };
        return Compose("accept", changed, request, Accepted(task, now), AcceptDue) with { Quota = NewQuota(instance, changed, request) };
    }

    /// <summary>The tasks needing attention that a new holder takes over from: delete, rebuild, hard reboot and the end of a resize do, the others leave them.</summary>
    public static IReadOnlyList<TaskRef> TakenOver(InstanceRecord instance, SubmitTask request) =>
        request.Kind == TaskKinds.Delete || request.Kind == TaskKinds.HardReboot || request.Kind == TaskKinds.Rebuild || PlanRegistry.Find(request.Kind)?.EndsResize == true
            ? instance.Attention
            : [];

    /// <summary>Adds to an accept the end of those that it takes over from: they keep nothing.</summary>
    public static Commit ClearAttention(Commit accept, SubmitTask request, IReadOnlyList<StoredTask> held, DateTimeOffset now) => accept with
    {
        Tasks = [.. accept.Tasks, .. held.Select(h => Bypass(h, request.Task, now))],
        Instance = accept.Instance! with { After = accept.Instance.After with { Attention = [] } },
    };

    /// <summary>The commit that queues the new task.</summary>
    public static Commit Queue(InstanceRecord instance, SubmitTask request, Plan plan, DateTimeOffset now)
    {
        var changed = instance with { Queue = [.. instance.Queue, RefOf(request)], UpdatedAt = now };
        var task = NewTask(instance, request, plan, now) with { Run = TaskRun.Queued, WaitReason = $"task {instance.Holder!.Id} ({instance.Holder.Kind}) has the instance" };
        return Compose("accept", changed, request, Accepted(task, now), DueInQueue(request));
    }

    /// <summary>The commit that lets the new task wait for the holder, which gets the intent; whatever was queued is canceled.</summary>
    public static Commit Supersede(InstanceRecord instance, SubmitTask request, Plan plan, StoredTask holder, IReadOnlyList<StoredTask> bypassed, DateTimeOffset now)
    {
        var changed = instance with { Queue = [RefOf(request)], Attention = [], UpdatedAt = now };
        var task = NewTask(instance, request, plan, now) with
        {
            Run = TaskRun.Waiting, Supersedes = holder.Record.Id, WaitReason = $"task {holder.Record.Id} ({holder.Record.Kind}) is being stopped",
        };
        // A holder that is being stopped already learns of its new successor: the first is among the bypassed.
        var intent = new IntentSet { At = now, Intent = TaskIntent.Supersede, Successor = request.Task, ShownTaskState = plan.Steps[0].TaskState ?? plan.TaskState };
        var accept = Compose("accept", changed, request, Accepted(task, now), DueInQueue(request));
        return accept with
        {
            Tasks = [.. accept.Tasks, Write(holder, [intent], TimeSpan.Zero), .. bypassed.Select(b => Bypass(b, request.Task, now))],
        };
    }

    /// <summary>The commit of a change that is over at once.</summary>
    public static Commit OneCommit(InstanceRecord instance, SubmitTask request, Plan plan, DateTimeOffset now)
    {
        var changed = InstanceChanges.Apply(instance, request, now);
        var task = NewTask(instance, request, plan, now) with
        {
            Run = TaskRun.Ended, Outcome = TaskOutcome.Succeeded, StartedAt = now, FinishedAt = now,
            Steps = plan.NovaAction is null ? [] : [EndedStep(plan, now)],
        };
        return Compose(plan.Kind.Name, changed, request, Accepted(task, now), null);
    }

    /// <summary>What a superseding task does to one that waited: it ends, and never fires later.</summary>
    public static TaskWrite Bypass(StoredTask waiting, TaskId by, DateTimeOffset now) =>
        Write(waiting, [new TaskEnded { At = now, Outcome = TaskOutcome.Canceled, SupersededBy = by }], null);

    private static TaskWrite Write(StoredTask before, IReadOnlyList<TaskEvent> events, TimeSpan? due) =>
        new(TaskMachine.Commit(before.Record, events), events, due, before.Wakes);

    private static StepRecord EndedStep(Plan plan, DateTimeOffset now) => new()
    {
        Name = plan.Kind.Name, StartedAt = now, FinishedAt = now, Result = "done", Attempts = 1, NovaEvent = $"api_{plan.Kind.Name}",
    };

    private static TaskRecord NewTask(InstanceRecord instance, SubmitTask request, Plan plan, DateTimeOffset now)
    {
        var task = Describe(instance, request, plan, now);
        return task with { Machine = MachineSpecs.Of(instance, task) };
    }

    private static TaskRecord Describe(InstanceRecord instance, SubmitTask request, Plan plan, DateTimeOffset now) => new()
    {
        Id = request.Task,
        Kind = request.Kind,
        PlanVersion = plan.Version,
        Instance = instance.Id,
        Project = instance.Project,
        User = request.Caller.User,
        Request = request.Request,
        Parameters = ParametersOf(instance, request),
        Change = plan.IsOneCommit ? null : request.Change,
        OldFlavor = request.Kind == TaskKinds.Resize ? instance.Flavor : null,
        ReturnsTo = plan.EndsResize ? instance.Resize?.From : null,
        Host = instance.Host,
        Zone = instance.AvailabilityZone,
        FromState = instance.VmState,
        RetryOf = request.RetryOf,
        Parent = request.Parent?.Task,
        DeadlineIn = request.DeadlineIn,
        Priority = request.Priority,
        Commands = RetryBy(request, now),
        CreatedAt = now,
        UpdatedAt = now,
    };

    private static TimeSpan DueInQueue(SubmitTask request) => request.DeadlineIn is { } deadline && deadline < QueuedDue ? deadline : QueuedDue;

    /// <summary>An ended task never changes, so who repeated it, when and why stands with the new one.</summary>
    private static List<CommandRecord> RetryBy(SubmitTask request, DateTimeOffset now) =>
        request.RetryOf is null ? [] : [new(request.Task.Value, TaskCommandKind.Retry, request.Caller.User, now, request.Reason)];

    private static Dictionary<string, string> ParametersOf(InstanceRecord instance, SubmitTask request)
    {
        var parameters = request.Parameters;
        if (request.Kind != TaskKinds.Create && request.Kind != TaskKinds.Unshelve)
        {
            return parameters;
        }

        if (request.Change is not { SetPinnedZone: true } && instance.PinnedZone is { } zone)
        {
            parameters = new(parameters) { [TaskParameters.Zone] = zone };
        }

        return instance.ServerGroup is { } group ? new(parameters) { [TaskParameters.ServerGroup] = group.ToString() } : parameters;
    }

    private static TaskAccepted Accepted(TaskRecord task, DateTimeOffset now) => new() { At = now, Initial = task };

    private static Commit Compose(string name, InstanceRecord changed, SubmitTask request, TaskAccepted accepted, TimeSpan? due) => new()
    {
        Name = name,
        Kind = request.Kind,
        Tasks = [new TaskWrite(TaskMachine.Accept(accepted), [accepted], due, 0)],
        Instance = new(changed with { Version = changed.Version + 1 }, changed.Version),
        Idempotency = request.Idempotency,
        Guard = request.Parent is { Seq: > 0 } parent ? new ParentGuard(parent.Task, parent.Seq) : null,
        Secrets = [.. request.Secrets.Select(s => Secret(request, s.Key, s.Value))],
    };

    private static SecretWrite Secret(SubmitTask request, string name, byte[] value)
    {
        var ofInstance = name == SecretNames.UserData;
        return new SecretWrite(ofInstance ? request.Instance.Value : request.Task.Value, name, value, ofInstance);
    }

    // The quota of several creates is taken at once, with their parent.
    private static IReadOnlyList<QuotaChange> NewQuota(InstanceRecord instance, InstanceRecord changed, SubmitTask request) =>
        instance.Version == 0 && request.Parent is not null ? [] : Holdings.Quota(instance.Version == 0 ? null : instance, changed);

    private static TaskRef RefOf(SubmitTask request) => new(request.Task, request.Kind, request.Request);
}

/// <summary>Names of secrets.</summary>
public static class SecretNames
{
    /// <summary>The guest's user data; dies with the instance.</summary>
    public const string UserData = "user_data";

    /// <summary>The administrator's password: of the answer to create and rescue, and what rescue and change-password set; erased with the idempotency row.</summary>
    public const string AdminPassword = "admin_pass";
}
