using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>
/// <c>POST /servers/{id}/tasks</c> (design §8): <c>{"task": {"kind": …, "parameters": {…}, "deadline": …, "priority": …}}</c>. For kinds that need nothing but a name, and for
/// lock; what needs a schema of its own is asked for where Nova has it, and the answer says where.
/// </summary>
internal sealed class ServerTasks(TaskSubmitter submitter, TaskReader tasks, TimeProvider time) : IApiResource
{
    /// <summary>The kinds served here with the parameters that each knows.</summary>
    private static readonly Dictionary<string, string[]> Served = new(StringComparer.Ordinal)
    {
        [TaskKinds.Start.Name] = [],
        [TaskKinds.Stop.Name] = [],
        [TaskKinds.ForceStop.Name] = [],
        [TaskKinds.Pause.Name] = [],
        [TaskKinds.Unpause.Name] = [],
        [TaskKinds.Suspend.Name] = [],
        [TaskKinds.Resume.Name] = [],
        [TaskKinds.Unrescue.Name] = [],
        [TaskKinds.Shelve.Name] = [],
        [TaskKinds.ShelveAndOffload.Name] = [],
        [TaskKinds.ShelveOffload.Name] = [],
        [TaskKinds.Unshelve.Name] = [],
        [TaskKinds.Reboot.Name] = [],
        [TaskKinds.HardReboot.Name] = [],
        [TaskKinds.ConfirmResize.Name] = [],
        [TaskKinds.RevertResize.Name] = [],
        [TaskKinds.Delete.Name] = [],
        [TaskKinds.Lock.Name] = ["locked_reason"],
        [TaskKinds.Unlock.Name] = [],
    };

    public IEnumerable<ApiRoute> Routes => [new("POST", "servers/{id}/tasks", CreateAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("task").Object("task").Only("kind", "parameters", "deadline", "priority");
        var request = Parse(call, input);
        var answer = await tasks.RenderAsync(call, await submitter.AnswerOnceAsync(call, request, new(202)), time.GetUtcNow());
        return answer.With("Location", call.Links.Versioned($"tasks/{answer.Headers["OpenStack-Task"]}"));
    }

    /// <summary>The kind that is asked for; one that needs a schema of its own has a place of its own.</summary>
    public static TaskKind KindOf(ApiCall call, JsonInput input)
    {
        var kind = input.NeedText("kind", Lexical.NonEmpty);
        return Served.ContainsKey(kind) ? Allowed(call, new(kind)) : throw ApiFault.BadRequest(PlanRegistry.Find(new(kind)) is null
            ? $"There is no such kind of task: {kind}."
            : $"A task of kind '{kind}' is asked for at its own place: POST /servers, PUT /servers/{{id}} or POST /servers/{{id}}/action.");
    }

    private static TaskKind Allowed(ApiCall call, TaskKind kind)
    {
        call.Need(kind);
        return kind;
    }

    private SubmitTask Parse(ApiCall call, JsonInput input)
    {
        var kind = KindOf(call, input);
        var parameters = input.OptionalObject("parameters")?.Only(Served[kind.Name]);
        var change = kind == TaskKinds.Lock ? new InstanceChange { LockedReason = parameters?.NullableText("locked_reason", Lexical.NonEmpty) } : null;
        return TaskSubmitter.Request(call, kind, call.ServerId()) with
        {
            Change = change,
            DeadlineIn = TaskTerms.TextOf(input, "deadline") is { } deadline ? TaskTerms.Deadline("deadline", deadline, time.GetUtcNow()) : null,
            Priority = TaskTerms.TextOf(input, "priority") is { } priority ? TaskTerms.Priority(call, "priority", priority) : null,
        };
    }
}
