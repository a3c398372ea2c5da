using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Submitting;

/// <summary>Answers <c>?dry_run=true</c>: from reads and the engine's pure rules, so that nothing can be written. Hosts are for administrators.</summary>
internal sealed class DryRunAnswers(IQueries queries, TimeProvider time)
{
    /// <summary>The plan, the place and the decision; a server that the caller may not see is unknown as ever.</summary>
    public async Task<ApiAnswer> AnswerAsync(ApiCall call, SubmitTask request)
    {
        var instance = (await queries.GetServerAsync(request.Instance, call.Aborted))?.Instance;
        var usage = await queries.GetUsageAsync(request.NewInstance?.Project ?? instance?.Project ?? call.Caller.Project, call.Aborted);
        var run = DryRuns.Of(instance, request, await queries.ListHostsAsync(call.Aborted), usage, time.GetUtcNow());
        return run switch
        {
            null => throw ApiFault.BadRequest($"There is no such kind of task: {request.Kind}."),
            { Refusal.Kind: RefusalKind.NotFound } => throw ApiFault.NoSuchServer(request.Instance.ToString()),
            _ => ApiAnswer.Ok(new JsonObject { ["dry_run"] = BodyOf(call, request, run) }),
        };
    }

    private static JsonObject BodyOf(ApiCall call, SubmitTask request, DryRun run)
    {
        var body = new JsonObject
        {
            ["kind"] = request.Kind.Name,
            ["server_id"] = request.NewInstance is null ? request.Instance.ToString() : null,
            ["decision"] = AllowedBody.ModeOf(run.Mode, run.Task is not null) ?? "refuse",
            ["task_id"] = (run.Task?.Id ?? run.Refusal?.RunningTask)?.ToString(),
            ["refusal"] = run.Refusal is { } refusal ? RefusalOf(refusal) : null,
            ["plan_version"] = run.Plan.Version,
            ["steps"] = new JsonArray([.. run.Steps.Select(s => StepOf(call, s))]),
            ["point_of_no_return"] = run.Plan.PointOfNoReturn < run.Plan.Steps.Count ? run.Plan.Steps[run.Plan.PointOfNoReturn].Name : null,
            ["undo"] = UndoOf(run),
            ["placement"] = PlacementOf(call, run),
        };
        return body;
    }

    private static JsonObject RefusalOf(Refusal refusal)
    {
        var fault = Refusals.StatusOf(refusal.Kind);
        return new()
        {
            ["code"] = fault,
            ["message"] = refusal.Message,
            ["accepted_now"] = refusal.Accepted is { } kinds ? new JsonArray([.. kinds.Select(k => JsonValue.Create(k))]) : null,
            ["can_queue"] = refusal.CanQueue,
        };
    }

    private static JsonObject StepOf(ApiCall call, DryStep planned)
    {
        var step = planned.Step;
        var body = new JsonObject
        {
            ["name"] = step.Name,
            ["where"] = step.OnHost ? "host" : "control",
            ["does"] = step.Do?.ToString() ?? step.Control.ToString(),
            ["timeout_seconds"] = step.Timeout.TotalSeconds,
            ["attempts"] = step.Retry.MaxAttempts,
            ["when_exhausted"] = step.OnExhausted switch { Exhausted.Hold => "needs_attention", Exhausted.GoOn => "go_on", _ => "undo" },
            ["cancel"] = step.Cancel switch { Cancellability.Now => "now", Cancellability.PastNoReturn => "never", _ => "after_step" },
            ["task_state"] = step.TaskState,
            ["undo"] = planned.Undo,
            ["no_undo_because"] = planned.NoUndoBecause,
            ["skipped_because"] = planned.SkippedBecause,
        };
        if (call.May(Rules.TaskHosts))
        {
            body["host"] = planned.Host?.Value;
        }

        return body;
    }

    /// <summary>What an undo from the last step that can still be undone would do, in its order.</summary>
    private static JsonArray UndoOf(DryRun run)
    {
        var last = Math.Min(run.Plan.PointOfNoReturn, run.Steps.Count);
        var steps = run.Steps.Take(last).Reverse().Where(s => s is { Undo: not null, SkippedBecause: null });
        return [.. steps.Select(s => new JsonObject { ["step"] = s.Step.Name, ["does"] = s.Undo })];
    }

    private static JsonObject? PlacementOf(ApiCall call, DryRun run)
    {
        if (run.Steps.Count == 0)
        {
            return null;
        }

        var body = new JsonObject { ["chosen_by_task"] = run.ChoosesHost, ["found"] = run.Host is not null, ["availability_zone"] = run.Zone };
        if (call.May(Rules.TaskHosts))
        {
            body["host"] = run.Host?.Value;
            body["refused_hosts"] = new JsonObject(run.RefusedHosts.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)JsonValue.Create(r.Value))));
        }

        return body;
    }
}
