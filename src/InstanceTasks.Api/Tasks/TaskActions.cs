using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary><c>POST /tasks/{id}/action</c>: commands on a task, and the repeat of one that has ended.</summary>
internal sealed class TaskActions(TaskReader tasks, TaskCommands commands, TaskSubmitter submitter, IdempotencyKeys keys, TimeProvider time, IQueries queries, ISecretProtector secrets) : IApiResource
{
    public IEnumerable<ApiRoute> Routes => [new("POST", "tasks/{task}/action", ActAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var command = Parse(call, await call.BodyAsync());
        var task = await tasks.GetAsync(call);
        return command.Kind == TaskCommandKind.Retry && task.IsEnded ? await RepeatAsync(call, task, command) : await CommandAsync(call, task, command);
    }

    private async Task<ApiAnswer> CommandAsync(ApiCall call, TaskRecord task, TaskCommand command)
    {
        if (call.IsDryRun)
        {
            return DryRunOf(call, task, command);
        }

        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        // The command's id is the key's: should this process die before the key is recorded, the task itself recognises the repeat.
        command = keyed is null ? command : command with { Id = keys.IdOf(call, keyed) };
        var sent = await commands.SendAsync(call, task.Id, command);
        var answer = Answer(call, sent.Record ?? await tasks.GetAsync(call), sent.Effect);
        return keyed is null ? answer : await keys.RecordAsync(call, keyed, answer);
    }

    private ApiAnswer DryRunOf(ApiCall call, TaskRecord task, TaskCommand command)
    {
        var offer = CommandOffers.Of(task, call.Caller, time.GetUtcNow()).FirstOrDefault(o => o.Kind == command.Kind);
        return ApiAnswer.Ok(new JsonObject
        {
            ["dry_run"] = new JsonObject
            {
                ["command"] = CommandNames.Of(command.Kind),
                ["task_id"] = task.Id.ToString(),
                ["decision"] = offer is { Allowed: true } ? "accept" : "refuse",
                ["effect"] = offer?.Effect,
                ["reason"] = offer is null ? "This release cannot read the task." : offer.Refusal?.Message,
            },
        });
    }

    /// <summary>A terminal state is never left: the answer is the new task.</summary>
    private async Task<ApiAnswer> RepeatAsync(ApiCall call, TaskRecord ended, TaskCommand command)
    {
        // Repeating it is asking for it.
        call.Need(ended.Kind);
        if (ended.Children is { } children)
        {
            call.Need(children.Kind);
        }

        if (Retries.Check(ended) is { } refusal)
        {
            throw Refusals.ToFault(refusal, call.Links);
        }

        var request = Retries.Of(ended, TaskId.New(), call.Request, call.Caller, command.Reason) with { QueueWhenBusy = TaskSubmitter.QueuesWhenBusy(call) };
        await CopySecretsAsync(call, ended, request);
        return await tasks.RenderAsync(call, await submitter.AnswerOnceAsync(call, request, new(202)), time.GetUtcNow());
    }

    /// <summary>What its steps need is kept for a day after a task; without it the repeat would stop half-way.</summary>
    private async Task CopySecretsAsync(ApiCall call, TaskRecord ended, SubmitTask request)
    {
        foreach (var name in PlanRegistry.Find(ended.Kind)!.Steps.Select(s => s.Secret).OfType<string>().Distinct(StringComparer.Ordinal))
        {
            var ciphertext = await queries.ReadSecretAsync(ended.Id.Value, name, call.Aborted);
            if (ciphertext is null || secrets.Unprotect(ended.Id.Value, name, ciphertext) is not { } text)
            {
                throw ApiFault.Conflict($"The password that task {ended.Id} was given is not kept any more: it cannot be retried. Ask for it once more.");
            }

            request.Secrets[name] = secrets.Protect(request.Task.Value, name, text);
        }
    }

    private ApiAnswer Answer(ApiCall call, TaskRecord task, string? effect) =>
        new ApiAnswer(202, new JsonObject { ["task"] = TaskBody.Full(call, task, time.GetUtcNow()), ["effect"] = effect }).WithTask(call.Links, task.Id);

    private static TaskCommand Parse(ApiCall call, JsonInput body)
    {
        var properties = body.Properties.ToList();
        if (properties.Count != 1)
        {
            throw ApiFault.MalformedBody();
        }

        var (name, value) = (properties[0].Name, properties[0].Value);
        var kind = CommandNames.Find(name) ?? throw ApiFault.BadRequest($"There is no such action: {name}");
        call.NeedAction(name);
        string[] more = kind == TaskCommandKind.SetPriority ? ["priority"] : [];
        var input = value.ValueKind == JsonValueKind.Null ? null : body.Object(name).Only(["reason", .. more]);
        var reason = input?.NullableText("reason", Lexical.NonEmpty);
        return kind is TaskCommandKind.Skip or TaskCommandKind.Done && string.IsNullOrWhiteSpace(reason)
            ? throw ApiFault.BadRequest($"The command {name} needs a reason.")
            : new() { Id = Guid.NewGuid(), Kind = kind, Caller = call.Caller, Reason = reason, Priority = kind == TaskCommandKind.SetPriority ? PriorityOf(call, input) : null };
    }

    private static int PriorityOf(ApiCall call, JsonInput? input) => input is not null && TaskTerms.TextOf(input, "priority") is { } text
        ? TaskTerms.Priority(call, "priority", text)
        : throw ApiFault.BadRequest("The command set_priority needs a priority: low, normal, high or 0 to 9.");
}
