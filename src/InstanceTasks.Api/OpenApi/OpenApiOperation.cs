using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.WebUtilities;

namespace InstanceTasks.Api.OpenApi;

/// <summary>One call of the document.</summary>
internal sealed record OpenApiOperation(CallDocs Docs, PolicyTable Policy, CallDoc Doc, ApiRoute Route, bool IsVersioned)
{
    private readonly List<CallDoc> _actions = [.. Docs.ActionsOf(Route.Name)];

    public string Path => (IsVersioned ? "/v2.1/" : "/") + Route.Template;

    public string Method => Route.Method.ToLowerInvariant();

    private PolicyRule? Rule => Policy.Of(Route);

    private bool IsOpen => Rule is null or { Least: LeastRole.Anyone };

    private bool IsIdentity => Route.Template.StartsWith("identity", StringComparison.Ordinal);

    private bool HasBody => Doc.Body is not null || _actions.Count > 0;

    /// <summary>The name of a refusal in <c>components</c>.</summary>
    public static string FaultName(int status, bool asIdentity) => asIdentity ? $"identity_fault_{status}" : $"fault_{status}";

    public JsonObject ToJson()
    {
        var body = new JsonObject
        {
            ["operationId"] = $"{Method}_{Route.Template.Replace('/', '_').Replace('-', '_').Replace("{", "", StringComparison.Ordinal).Replace("}", "", StringComparison.Ordinal)}".TrimEnd('_'),
            ["tags"] = new JsonArray(Doc.Tag),
            ["summary"] = Doc.Summary,
        };
        if (Description() is { Length: > 0 } description)
        {
            body["description"] = description;
        }

        AddRules(body);
        if (Parameters() is { Count: > 0 } parameters)
        {
            body["parameters"] = parameters;
        }

        if (HasBody)
        {
            body["requestBody"] = RequestBody();
        }

        body["responses"] = Responses();
        return body;
    }

    private string Description()
    {
        var closed = Doc is { Closed: { } from, Query.Count: > 0 } ? $"Other parameters are refused{(from > 1 ? $" since 2.{from}" : "")}." : "";
        return $"{Doc.Description} {closed}".Trim();
    }

    private void AddRules(JsonObject body)
    {
        if (IsOpen)
        {
            body["security"] = new JsonArray();
        }
        else if (Rule!.Name != PolicyRule.ByBody)
        {
            (body["x-openstack-rule"], body["x-openstack-role"]) = (Rule.Name, RoleOf(Rule));
        }

        var range = Shapes.Range(Route.From, Route.To) ?? [];
        if (_actions.Count > 0)
        {
            range["discriminator"] = "action";
        }

        if (range.Count > 0)
        {
            body["x-openstack"] = range;
        }
    }

    private static string RoleOf(PolicyRule rule) => rule.Least.ToString().ToLowerInvariant();

    private JsonArray Parameters()
    {
        var parameters = new JsonArray([.. PathParameters()]);
        foreach (var (key, shape) in Doc.Query)
        {
            parameters.Add((JsonNode)Parameter("query", Shapes.Key(key), shape!));
        }

        foreach (var (key, shape) in Doc.Headers)
        {
            parameters.Add((JsonNode)Parameter("header", Shapes.Key(key), shape!));
        }

        if (Route.HasDryRun)
        {
            parameters.Add((JsonNode)Parameter("query", Shapes.Key("dry_run"), new JsonObject { ["$is"] = "boolean", ["description"] = "Asks what would happen. Nothing is done." }));
        }

        foreach (var header in CommonHeaders())
        {
            parameters.Add((JsonNode)new JsonObject { ["$ref"] = $"#/components/parameters/{header}" });
        }

        return parameters;
    }

    private IEnumerable<JsonNode> PathParameters() => Route.Template.Split('/').Where(s => s.StartsWith('{')).Select(s => s[1..^1]).Select(name =>
    {
        var known = Docs.General["parameters"]![name] ?? throw new InvalidOperationException($"openapi.json does not describe the path parameter {name}.");
        return (JsonNode)new JsonObject
        {
            ["name"] = name, ["in"] = "path", ["required"] = true, ["description"] = known["description"]!.DeepClone(), ["schema"] = Docs.Shapes.Schema(known["shape"]),
            ["example"] = (Doc.Path[name] ?? known["example"])!.DeepClone(),
        };
    });

    private IEnumerable<string> CommonHeaders() =>
    [
        .. IsVersioned ? ["OpenStack-API-Version"] : Array.Empty<string>(),
        .. Route.HasDryRun || Route.RecordsKey ? ["Idempotency-Key"] : Array.Empty<string>(),
        .. Route.HasDryRun ? ["When-Busy", "Task-Deadline", "Task-Priority"] : Array.Empty<string>(),
    ];

    private JsonObject Parameter(string place, ShapeKey key, JsonNode shape)
    {
        var schema = Docs.Shapes.Schema(shape);
        var parameter = new JsonObject { ["name"] = key.Name, ["in"] = place };
        if (schema.Remove("description", out var description))
        {
            parameter["description"] = description;
        }

        if (Shapes.Range(key.From, key.To) is { } range)
        {
            parameter["x-openstack"] = range;
        }

        parameter["schema"] = schema;
        return parameter;
    }

    private JsonObject RequestBody()
    {
        var content = new JsonObject { ["schema"] = _actions.Count == 0 ? Docs.Shapes.Schema(Doc.Body) : new JsonObject { ["oneOf"] = new JsonArray([.. _actions.Select(ActionSchema)]) } };
        if (new JsonObject(ExamplesOf(_actions.Count == 0 ? [Doc] : _actions)) is { Count: > 0 } examples)
        {
            content["examples"] = examples;
        }

        return new() { ["required"] = true, ["content"] = new JsonObject { ["application/json"] = content } };
    }

    private JsonNode ActionSchema(CallDoc action)
    {
        var schema = Docs.Shapes.Schema(action.Body);
        (schema["title"], schema["description"]) = (action.Action, $"{action.Summary}. {action.Description}".Trim());
        schema["x-openstack"] = new JsonObject { ["action-name"] = action.Action };
        if (Policy.OfAction(Route, action.Action!) is { } rule)
        {
            (schema["x-openstack-rule"], schema["x-openstack-role"]) = (rule.Name, RoleOf(rule));
        }

        return schema;
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> ExamplesOf(IEnumerable<CallDoc> docs)
    {
        foreach (var doc in docs)
        {
            var i = 0;
            foreach (var example in doc.Examples.Where(e => e!["status"] is null))
            {
                i++;
                var shown = new JsonObject { ["value"] = example!["body"]?.DeepClone() };
                if (example["at"] is { } at)
                {
                    shown["summary"] = $"At microversion 2.{at}";
                }

                yield return KeyValuePair.Create($"{doc.Action ?? "example"}{(doc.Examples.Count > 1 ? $"_{i}" : "")}", (JsonNode?)shown);
            }
        }
    }

    private JsonObject Responses()
    {
        var responses = new JsonObject();
        var answers = _actions.Prepend(Doc).SelectMany(d => d.Answers.Select(a => (Doc: d, Key: Shapes.Key(a.Key), Shape: a.Value)));
        if (Route.HasDryRun)
        {
            answers = answers.Append((Doc, Shapes.Key("200"), new JsonObject { ["dry_run"] = Doc.DryRun }));
        }

        foreach (var status in answers.GroupBy(a => a.Key.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            responses[status.Key] = Response(status.Key, [.. status]);
        }

        foreach (var fault in Faults().Distinct().Order())
        {
            responses[$"{fault}"] = new JsonObject { ["$ref"] = $"#/components/responses/{FaultName(fault, IsIdentity && fault != 401)}" };
        }

        return responses;
    }

    private JsonObject Response(string status, List<(CallDoc Doc, ShapeKey Key, JsonNode? Shape)> answers)
    {
        var response = new JsonObject { ["description"] = ReasonPhrases.GetReasonPhrase(int.Parse(status)) };
        List<string> headers = [.. Route.HasDryRun || Doc.NamesTask ? ["OpenStack-Task", "Link"] : Array.Empty<string>(), .. answers.Exists(a => a.Doc.LocationUntil is not null) ? ["Location"] : Array.Empty<string>()];
        if (headers.Count > 0)
        {
            response["headers"] = new JsonObject(headers.Select(h => KeyValuePair.Create(h, (JsonNode?)new JsonObject { ["$ref"] = $"#/components/headers/{h}" })));
        }

        List<JsonObject> schemas = [.. answers.Where(a => a.Shape is not null).Select(SchemaOf).DistinctBy(s => s.ToJsonString())];
        if (schemas.Count > 0)
        {
            var content = new JsonObject { ["schema"] = schemas.Count == 1 ? schemas[0] : new JsonObject { ["anyOf"] = new JsonArray([.. schemas]) } };
            List<(string Name, JsonNode Value)> recorded = [.. answers.Select(a => a.Doc).Distinct().Where(d => Docs.Recorded[d.Name]?[status] is not null).Select(d => (d.Action ?? "example", Docs.Recorded[d.Name]![status]!))];
            if (recorded.Count > 0)
            {
                content["examples"] = new JsonObject(recorded.Select(r => KeyValuePair.Create(r.Name, (JsonNode?)new JsonObject { ["value"] = r.Value.DeepClone() })));
            }

            response["content"] = new JsonObject { ["application/json"] = content };
        }

        return response;
    }

    private JsonObject SchemaOf((CallDoc Doc, ShapeKey Key, JsonNode? Shape) answer)
    {
        var schema = Docs.Shapes.Schema(answer.Shape);
        if (Shapes.Range(answer.Key.From, answer.Key.To) is { } range)
        {
            schema["x-openstack"] = range;
        }

        return schema;
    }

    private IEnumerable<int> Faults() =>
    [
        400, 429,
        .. IsVersioned ? [406] : Array.Empty<int>(),
        .. IsOpen ? [] : new[] { 401, 503 },
        .. Route.Template.Contains("identity/v3/auth", StringComparison.Ordinal) ? [401] : Array.Empty<int>(),
        .. Rule is { Least: > LeastRole.Any } || _actions.Count > 0 || Route.HasDryRun ? [403] : Array.Empty<int>(),
        .. Route.Template.Contains('{', StringComparison.Ordinal) ? [404] : Array.Empty<int>(),
        .. HasBody ? [413, 415] : Array.Empty<int>(),
        .. Route.HasDryRun || Route.RecordsKey ? [422] : Array.Empty<int>(),
        .. Doc.Faults, .. _actions.SelectMany(a => a.Faults),
    ];
}
