using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>
/// <c>POST /tasks</c> (design §4.2, §8): one task of a kind on every server that a selector finds now, as children of one parent:
/// <c>{"task": {"kind": …, "selector": {…}, "concurrency": …, "failure_budget": …, "deadline": …, "priority": …}}</c>.
/// </summary>
internal sealed class BulkTasks(TaskSubmitter submitter, TaskReader tasks, IQueries queries, TimeProvider time) : IApiResource
{
    /// <summary>The most servers of one parent.</summary>
    private const int Most = 1000;

    private const int UsualConcurrency = 10;

    public IEnumerable<ApiRoute> Routes => [new("POST", "tasks", CreateAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("task").Object("task").Only("kind", "selector", "concurrency", "failure_budget", "deadline", "priority");
        var request = await ParseAsync(call, input);
        if (call.IsDryRun)
        {
            throw new EarlyAnswer(DryRunOf(request));
        }

        var answer = await tasks.RenderAsync(call, await submitter.AnswerOnceAsync(call, request, new(202)), time.GetUtcNow());
        return answer.With("Location", call.Links.Versioned($"tasks/{answer.Headers["OpenStack-Task"]}"));
    }

    private async Task<SubmitTask> ParseAsync(ApiCall call, JsonInput input)
    {
        var kind = ServerTasks.KindOf(call, input);
        var (concurrency, budget) = (input.Int("concurrency", 1, Most) ?? UsualConcurrency, input.Int("failure_budget", 0, Most));
        var targets = await SelectAsync(call, input.Object("selector"));
        return TaskSubmitter.Request(call, TaskKinds.Bulk, default) with
        {
            Children = new ChildrenRecord
            {
                Kind = kind, Total = targets.Count, Targets = targets, Concurrency = concurrency, FailureBudget = budget, QueueWhenBusy = TaskSubmitter.QueuesWhenBusy(call),
            },
            DeadlineIn = TaskTerms.TextOf(input, "deadline") is { } deadline ? TaskTerms.Deadline("deadline", deadline, time.GetUtcNow()) : null,
            Priority = TaskTerms.TextOf(input, "priority") is { } priority ? TaskTerms.Priority(call, "priority", priority) : null,
        };
    }

    private async Task<List<InstanceId>> SelectAsync(ApiCall call, JsonInput selector)
    {
        selector.Only("ids", "name", "status", "host", "flavor", "image", "tags", "reservation_id", "availability_zone", "all_projects");
        var found = selector.Has("ids") ? await NamedAsync(call, selector) : await FoundAsync(call, selector);
        return found.Count switch
        {
            0 => throw ApiFault.BadRequest("The selector finds no server."),
            > Most => throw ApiFault.BadRequest($"The selector finds more than {Most} servers: ask for fewer at once."),
            _ => found,
        };
    }

    // An empty selector would mean every server, which nobody means by leaving something out.
    private async Task<List<InstanceId>> FoundAsync(ApiCall call, JsonInput selector)
    {
        if (!selector.Properties.Any(p => p.Name != "all_projects"))
        {
            throw ApiFault.BadRequest("The selector says nothing about which servers are meant. Give ids, name, status, host, flavor, image, tags, reservation_id or availability_zone.");
        }

        var all = selector.Bool("all_projects") ?? false;
        if (all || selector.Has("host"))
        {
            call.Need(all ? Rules.BulkInAllProjects : Rules.BulkOnHost);
        }

        var filter = new ServerFilter
        {
            Project = all ? null : call.Caller.Project, NamePattern = selector.Text("name", t => Lexical.NonEmpty(t) ?? ServerQuery.PatternProblem(t)), Host = selector.Text("host", Lexical.NonEmpty) is { } host ? new HostName(host) : null,
            Statuses = selector.Text("status", Lexical.NonEmpty) is { } status ? [status.ToUpperInvariant()] : null,
            FlavorId = selector.Text("flavor", Lexical.NonEmpty), ImageId = selector.Text("image", Lexical.NonEmpty), Tags = TextsOf(selector, "tags") is { } tags ? ServerTags.Checked(tags) : null,
            ReservationId = selector.Text("reservation_id", Lexical.NonEmpty), AvailabilityZone = selector.Text("availability_zone", Lexical.NonEmpty),
            Sort = [("created_at", false)], Limit = Most + 1,
        };
        return [.. (await queries.ListServersAsync(filter, call.Aborted)).Select(v => v.Instance.Id)];
    }

    // One that does not exist, or is not the caller's, is refused by name before anything is done.
    private async Task<List<InstanceId>> NamedAsync(ApiCall call, JsonInput selector)
    {
        var ids = new List<InstanceId>();
        foreach (var text in (TextsOf(selector.Only("ids"), "ids") ?? []).Distinct(StringComparer.OrdinalIgnoreCase).Take(Most + 1))
        {
            var view = InstanceId.TryParse(text, out var id) ? await queries.GetServerAsync(id, call.Aborted) : null;
            ids.Add(view is { Instance: { VmState: not VmState.Deleted } instance } && call.Sees(instance.Project) ? id : throw ApiFault.BadRequest($"Instance {text} could not be found."));
        }

        return ids;
    }

    private static List<string>? TextsOf(JsonInput input, string name) => input.Array(name) is not { } items ? null
        : [.. items.Select(i => i.ValueKind == JsonValueKind.String ? i.GetString()! : throw input.Fault(name, i, "It is not of type 'string'"))];

    private static ApiAnswer DryRunOf(SubmitTask request)
    {
        var children = request.Children!;
        return ApiAnswer.Ok(new JsonObject
        {
            ["dry_run"] = new JsonObject
            {
                ["kind"] = request.Kind.Name, ["children"] = children.Kind.Name, ["total"] = children.Total, ["concurrency"] = children.Concurrency,
                ["failure_budget"] = children.FailureBudget, ["server_ids"] = new JsonArray([.. children.Targets.Select(t => JsonValue.Create(t.ToString()))]),
            },
        });
    }
}
