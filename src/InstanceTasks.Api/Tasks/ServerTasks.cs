using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>
/// <c>POST /servers/{id}/tasks</c> (design §8): <c>{"task": {"kind": …, "parameters": {…}, "deadline": …, "priority": …}}</c>. For kinds that need nothing but a name, and for
/// lock; what needs a schema of its own is asked for where Nova has it, and the answer says where.
/// </summary>
internal sealed class ServerTasks(TaskSubmitter submitter, IdempotencyKeys keys, TimeProvider time) : IApiResource
{
    /// <summary>The kinds served here with the parameters that each knows.</summary>
    private static readonly Dictionary<string, string[]> Served = new(StringComparer.Ordinal)
    {
        [TaskKinds.Start.Name] = [],
        [TaskKinds.Stop.Name] = [],
        [TaskKinds.Reboot.Name] = [],
        [TaskKinds.HardReboot.Name] = [],
        [TaskKinds.Delete.Name] = [],
        [TaskKinds.Lock.Name] = ["locked_reason"],
        [TaskKinds.Unlock.Name] = [],
    };

    public IEnumerable<ApiRoute> Routes => [new("POST", "servers/{id}/tasks", CreateAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("task").Object("task").Only("kind", "parameters", "deadline", "priority");
        var request = Parse(call, input);
        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        var location = call.Links.Versioned($"tasks/{request.Task}");
        request = keyed is null ? request : request with { Idempotency = keyed.Claim(call.Caller, request.Task, 202, null, location) };
        var answer = await submitter.SubmitAsync(call, request);
        return answer is { Verdict: AcceptVerdict.Replayed, Replay: { } stored } ? await keys.ReplayAsync(call, stored) : Answer(call, answer);
    }

    private ApiAnswer Answer(ApiCall call, AcceptAnswer answer)
    {
        var body = answer.Record is { } task ? new JsonObject { ["task"] = TaskBody.Full(call, task, time.GetUtcNow()) } : null;
        return new ApiAnswer(202, body).With("Location", call.Links.Versioned($"tasks/{answer.Task}")).WithTask(call.Links, answer.Task);
    }

    private SubmitTask Parse(ApiCall call, JsonInput input)
    {
        var kind = input.NeedText("kind", Lexical.NonEmpty);
        if (!Served.TryGetValue(kind, out var known))
        {
            throw ApiFault.BadRequest(PlanRegistry.Find(new(kind)) is null
                ? $"There is no such kind of task: {kind}."
                : $"A task of kind '{kind}' is asked for at its own place: POST /servers, PUT /servers/{{id}} or POST /servers/{{id}}/action.");
        }

        var parameters = input.OptionalObject("parameters")?.Only(known);
        var change = kind == TaskKinds.Lock.Name ? new InstanceChange { LockedReason = parameters?.NullableText("locked_reason", Lexical.NonEmpty) } : null;
        return TaskSubmitter.Request(call, new(kind), call.ServerId()) with
        {
            Change = change,
            DeadlineIn = TaskTerms.TextOf(input, "deadline") is { } deadline ? TaskTerms.Deadline("deadline", deadline, time.GetUtcNow()) : null,
            Priority = TaskTerms.TextOf(input, "priority") is { } priority ? TaskTerms.Priority(call, "priority", priority) : null,
        };
    }
}
