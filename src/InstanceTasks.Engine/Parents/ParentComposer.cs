namespace InstanceTasks.Engine;

/// <summary>Composes the accept of a parent. Pure.</summary>
internal static class ParentComposer
{
    private static readonly TimeSpan AcceptDue = TimeSpan.FromSeconds(1);

    /// <summary>Why a request for a parent makes no sense; null: it does.</summary>
    public static Refusal? Refusal(SubmitTask request) => request.Children switch
    {
        null => Invalid("A task on many instances says what its children are."),
        { Total: < 1 } => Invalid("There is nothing to do: no instance is selected."),
        { Concurrency: < 1 } => Invalid("At least one child must be allowed to run."),
        { MakesInstances: true, Template.Flavor: { } f } c when (long)c.Total * Math.Max(f.RamMb, f.Vcpus) > int.MaxValue =>
            new(RefusalKind.Quota, "Quota exceeded for cores, ram: what so many servers of this flavor need cannot be counted."),
        { MakesInstances: true } c when c.Kind != TaskKinds.Create => Invalid("Only creates make instances."),
        { MakesInstances: false } c when c.Targets.Count != c.Total || c.Kind == TaskKinds.Create => Invalid("Every child but a create is on an instance that is named."),
        var c when PlanRegistry.Find(c.Kind) is not { OnInstance: true } => Invalid($"There is no such kind of task on an instance: {c.Kind}."),
        _ => null,
    };

    /// <summary>One commit: the parent; of creates also the first, and the quota of all.</summary>
    public static Commit Accept(SubmitTask request, long generation, DateTimeOffset now)
    {
        var parent = NewParent(request, generation, now);
        var accepted = new TaskAccepted { At = now, Initial = parent };
        var commit = new Commit
        {
            Name = "accept", Kind = request.Kind, Tasks = [new TaskWrite(TaskMachine.Accept(accepted), [accepted], AcceptDue, 0)], Idempotency = request.Idempotency,
            Secrets = [.. request.Secrets.Select(s => new SecretWrite(request.Task.Value, s.Key, s.Value, false))],
        };
        return parent.Children!.MakesInstances ? WithFirst(commit, request, parent, now) : commit;
    }

    private static Commit WithFirst(Commit commit, SubmitTask asked, TaskRecord parent, DateTimeOffset now)
    {
        // Its parent is in the same commit: there is nothing to check.
        var request = ParentRules.RequestOf(parent, 0, asked.Secrets.GetValueOrDefault(SecretNames.UserData)) with { Parent = new ParentRef(parent.Id, 0, 0) };
        var first = AcceptComposer.Now(AcceptComposer.NewInstance(request, now), request, PlanRegistry.Find(request.Kind)!, parent.Generation, now);
        var (template, total) = (parent.Children!.Template!, parent.Children.Total);
        return commit with
        {
            Tasks = [.. commit.Tasks, .. first.Tasks],
            Instance = first.Instance,
            Secrets = [.. commit.Secrets, .. first.Secrets],
            Quota = [new QuotaChange(parent.Project, total, total * template.Flavor.Vcpus, total * template.Flavor.RamMb)],
        };
    }

    private static TaskRecord NewParent(SubmitTask request, long generation, DateTimeOffset now) => new()
    {
        Id = request.Task, Kind = request.Kind, PlanVersion = PlanRegistry.Find(request.Kind)!.Version, Instance = default,
        Project = request.Caller.Project, User = request.Caller.User, Request = request.Request,
        Parameters = request.Caller.IsAdmin ? new(request.Parameters) { [TaskParameters.ByAdmin] = "true" } : request.Parameters,
        // It has no machine to wait for: it may begin at once.
        Run = TaskRun.Running, Turn = 1, Epoch = 1, Generation = generation, Token = request.Task.Value,
        DeadlineIn = request.DeadlineIn, Priority = request.Priority,
        Children = request.Children! with { Next = request.Children.MakesInstances ? 1 : 0 },
        CreatedAt = now, StartedAt = now, UpdatedAt = now,
    };

    private static Refusal Invalid(string message) => new(RefusalKind.Invalid, message);
}
