namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>The engine as the API sees it: accepts everything at once, unless a test says otherwise.</summary>
internal sealed class FakeCommands(FakeCloud cloud, FakeJournal journal) : IComputeCommands
{
    public List<SubmitTask> Submitted { get; } = [];

    public List<(TaskId Task, TaskCommand Command)> Commands { get; } = [];

    /// <summary>Decides instead of accepting; null: accept.</summary>
    public Func<SubmitTask, AcceptAnswer?>? Decide { get; set; }

    /// <summary>Called after the accept was applied: throws to lose the answer.</summary>
    public Action? AfterAccept { get; set; }

    public Func<TaskCommand, CommandAnswer>? OnCommand { get; set; }

    public Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default)
    {
        Submitted.Add(request);
        if (Decide?.Invoke(request) is { } decided)
        {
            return Task.FromResult(decided);
        }

        var answer = Accept(request);
        AfterAccept?.Invoke();
        return Task.FromResult(answer);
    }

    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default)
    {
        Commands.Add((task, command));
        return Task.FromResult(OnCommand?.Invoke(command) ?? new CommandAnswer { Accepted = true, Effect = "at once", Record = cloud.Tasks.GetValueOrDefault(task) });
    }

    private AcceptAnswer Accept(SubmitTask request)
    {
        if (request.Children is { } children)
        {
            var parent = Sample.Task(Sample.Server(), request.Kind.Name) with { Id = request.Task, Request = request.Request, Instance = default, Children = children };
            return Keep(request, parent, null);
        }

        var instance = request.NewInstance ?? cloud.Instances.GetValueOrDefault(request.Instance);
        if (instance is null)
        {
            return new() { Verdict = AcceptVerdict.Refused, Refusal = new(RefusalKind.NotFound, "no such instance") };
        }

        instance = Changed(instance, request.Change);
        cloud.Instances[instance.Id] = instance;
        return Keep(request, Sample.Task(instance, request.Kind.Name) with { Id = request.Task, Request = request.Request }, instance);
    }

    private AcceptAnswer Keep(SubmitTask request, TaskRecord task, InstanceRecord? instance)
    {
        cloud.Tasks[task.Id] = task;
        foreach (var (name, value) in request.Secrets)
        {
            cloud.Secrets[(name == "user_data" ? request.Instance.Value : task.Id.Value, name)] = value;
        }

        if (request.Idempotency is { } claim)
        {
            journal.Keys[(claim.Project, claim.User, claim.Key)] = new(claim.BodyHash, claim.Answer);
        }

        return new() { Verdict = AcceptVerdict.Accepted, Task = task.Id, Record = task, Instance = request.Change is null ? null : instance };
    }

    private static InstanceRecord Changed(InstanceRecord instance, InstanceChange? change)
    {
        if (change is null)
        {
            return instance;
        }

        var metadata = new Dictionary<string, string>(change.ReplaceMetadata ?? instance.Metadata);
        foreach (var (key, value) in change.MergeMetadata ?? [])
        {
            metadata[key] = value;
        }

        if (change.RemoveMetadataKey is { } removed)
        {
            metadata.Remove(removed);
        }

        return instance with
        {
            Name = change.Name ?? instance.Name,
            Description = change.SetDescription ? change.Description : instance.Description,
            Metadata = metadata,
        };
    }
}
