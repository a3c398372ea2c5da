using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>The JSON of a task (design §8). Hosts and the details of failures are for administrators.</summary>
internal static class TaskBody
{
    /// <summary>One task with what may be asked of it now; decided from the record alone, so that it costs no read.</summary>
    public static JsonObject Full(ApiCall call, TaskRecord task, DateTimeOffset now)
    {
        var body = Of(call, task);
        body["allowed_commands"] = new JsonObject(CommandOffers.Of(task, call.Caller, now).Select(o => Permitted(call, o)).Select(o => KeyValuePair.Create(CommandNames.Of(o.Kind), (JsonNode?)OfferOf(o))));
        return body;
    }

    public static JsonObject Of(ApiCall call, TaskRecord task) => new()
    {
        ["id"] = task.Id.ToString(),
        ["kind"] = task.Kind.Name,
        ["state"] = task.State,
        ["phase"] = Lower(task.Phase),
        ["intent"] = Lower(task.Intent),
        ["server_id"] = task.Children is null ? task.Instance.ToString() : null,
        ["parent_id"] = task.Parent?.ToString(),
        ["project_id"] = task.Project.Value,
        ["user_id"] = task.User.Value,
        ["request_id"] = task.Request.Value,
        ["created_at"] = WireTime.Precise(task.CreatedAt),
        ["started_at"] = WireTime.Precise(task.StartedAt),
        ["updated_at"] = WireTime.Precise(task.UpdatedAt),
        ["finished_at"] = WireTime.Precise(task.FinishedAt),
        ["step"] = CurrentStep(task),
        ["steps"] = new JsonArray([.. task.Steps.Select(s => StepOf(call, s))]),
        ["failure"] = FailureOf(call, task.Failure),
        ["waiting_for"] = HostNames.In(call, task.WaitReason),
        ["not_before"] = WireTime.Precise(task.NotBefore),
        ["priority"] = TaskPriorities.Of(task),
        ["deadline_at"] = WireTime.Precise(task.CreatedAt + task.DeadlineIn),
        ["superseded_by"] = task.SupersededBy?.ToString(),
        ["supersedes"] = task.Supersedes?.ToString(),
        ["retry_of"] = task.RetryOf?.ToString(),
        ["commands"] = new JsonArray([.. task.Commands.Select(CommandOf)]),
        ["checkpoint"] = Checkpoint(call, task),
        ["epoch"] = task.Epoch,
        ["plan_version"] = task.PlanVersion,
        ["progress"] = ProgressOf(task.Children),
        ["links"] = new JsonArray(
            ApiLinks.Link("self", call.Links.Versioned($"tasks/{task.Id}")),
            task.Children is null
                ? ApiLinks.Link("server", call.Links.Versioned($"servers/{task.Instance}"))
                : ApiLinks.Link("children", call.Links.Versioned($"tasks?parent_id={task.Id}"))),
    };

    /// <summary>Adds what the store counts, which one task's own page has and lists have not.</summary>
    public static void AddCounts(JsonObject body, ChildCounts counts)
    {
        if (body["progress"] is JsonObject progress)
        {
            (progress["started"], progress["running"]) = (counts.Started, counts.Open);
            (progress["succeeded"], progress["failed"], progress["canceled"]) = (counts.Succeeded, counts.Failed, counts.Canceled);
        }
    }

    private static JsonObject? ProgressOf(ChildrenRecord? children) => children is null ? null : new()
    {
        ["kind"] = children.Kind.Name,
        ["total"] = children.Total,
        ["concurrency"] = children.Concurrency,
        ["failure_budget"] = children.FailureBudget,
        ["asked"] = children.Next,
        ["refused"] = children.Refused,
        ["refused_because"] = new JsonObject(children.RefusedBecause.OrderBy(r => r.Key).Select(r => KeyValuePair.Create($"{r.Key}", (JsonNode?)JsonValue.Create(r.Value)))),
    };

    /// <summary>What is known for certain at the last commit: where the machine is, its power, and the number of commits so far.</summary>
    private static JsonObject Checkpoint(ApiCall call, TaskRecord task)
    {
        var body = new JsonObject { ["seq"] = task.Seq, ["power"] = task.Power is { } power ? (int)power : null };
        if (call.May(Rules.TaskHosts))
        {
            body["host"] = task.Host?.Value;
        }

        return body;
    }

    public static JsonObject CommandOf(CommandRecord command) => new()
    {
        ["id"] = command.Id.ToString(),
        ["command"] = CommandNames.Of(command.Kind),
        ["user_id"] = command.By.Value,
        ["at"] = WireTime.Precise(command.At),
        ["reason"] = command.Reason,
    };

    private static CommandOffer Permitted(ApiCall call, CommandOffer offer)
    {
        var name = CommandNames.Of(offer.Kind);
        return call.MayCommand(name) ? offer : offer with { Effect = null, Refusal = new(RefusalKind.Forbidden, ApiFault.Policy($"tasks:action:{name}").Message) };
    }

    private static JsonObject OfferOf(CommandOffer offer)
    {
        var body = new JsonObject { ["allowed"] = offer.Allowed, [offer.Allowed ? "effect" : "reason"] = offer.Effect ?? offer.Refusal?.Message };
        if (offer.NeedsReason)
        {
            body["needs_reason"] = true;
        }

        return body;
    }

    private static string? CurrentStep(TaskRecord task) => task.IsEnded ? null : task.Steps.FindLast(s => s.FinishedAt is null)?.Name;

    private static JsonObject StepOf(ApiCall call, StepRecord step)
    {
        var body = new JsonObject
        {
            ["name"] = step.Name,
            ["direction"] = Lower(step.Direction),
            ["state"] = step.Result ?? "running",
            ["attempts"] = step.Attempts,
            ["started_at"] = WireTime.Precise(step.StartedAt),
            ["finished_at"] = WireTime.Precise(step.FinishedAt),
            ["failure"] = FailureOf(call, step.Failure),
            ["note"] = step.Note,
        };
        if (call.May(Rules.TaskHosts))
        {
            body["host"] = step.Host?.Value;
        }

        return body;
    }

    public static JsonObject? FailureOf(ApiCall call, Failure? failure)
    {
        if (failure is null)
        {
            return null;
        }

        var body = new JsonObject { ["kind"] = failure.Kind, ["message"] = failure.Message, ["retryable"] = failure.Retryable };
        if (call.May(Rules.TaskFailureDetails))
        {
            body["details"] = failure.Details;
        }

        return body;
    }

    public static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
