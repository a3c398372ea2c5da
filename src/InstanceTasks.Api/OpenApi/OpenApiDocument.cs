using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.OpenApi;

/// <summary>
/// The OpenAPI 3.1 document: the routes and their microversions from the <see cref="Router"/>, who may from the <see cref="PolicyTable"/>, bodies, parameters and words from
/// <see cref="CallDocs"/>. What the parsers really take is compared with it by tests.
/// </summary>
internal sealed class OpenApiDocument(Router router, PolicyTable policy, IOptions<ApiOptions> options)
{
    private readonly Lazy<JsonElement> _root = new(() => JsonSerializer.SerializeToElement(Build(router, policy, options.Value)));

    /// <summary>The document. Made when it is first asked for.</summary>
    /// <exception cref="InvalidOperationException">A route is not described.</exception>
    public JsonElement Root => _root.Value;

    private static JsonObject Build(Router router, PolicyTable policy, ApiOptions options)
    {
        var docs = new CallDocs();
        var (paths, used) = (new JsonObject(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var operation in Operations(router, policy, docs).OrderBy(o => o.Path, StringComparer.Ordinal).ThenBy(o => o.Method, StringComparer.Ordinal))
        {
            var item = paths[operation.Path] as JsonObject ?? (JsonObject)(paths[operation.Path] = new JsonObject());
            item[operation.Method] = operation.ToJson();
            used.Add(operation.Doc.Tag);
        }

        return new()
        {
            ["openapi"] = "3.1.1",
            ["jsonSchemaDialect"] = "https://spec.openapis.org/oas/3.1/dialect/base",
            ["info"] = docs.General["info"]!.DeepClone(),
            ["servers"] = new JsonArray(new JsonObject { ["url"] = options.PublicUrl is { Length: > 0 } url ? url.TrimEnd('/') : "/" }),
            ["security"] = Security(options.Auth),
            ["tags"] = new JsonArray([.. docs.Tags.Where(t => used.Contains(t["name"]!.GetValue<string>())).Select(t => t.DeepClone())]),
            ["paths"] = paths,
            ["components"] = Used(Components(docs), paths),
        };
    }

    /// <summary>The components without those that nothing leads to.</summary>
    private static JsonObject Used(JsonObject components, JsonObject paths)
    {
        var (used, left) = (new HashSet<string>(StringComparer.Ordinal), new Queue<string>(References(paths)));
        while (left.TryDequeue(out var reference))
        {
            if (used.Add(reference) && reference.Split('/') is [_, _, var kind, var name])
            {
                References(components[kind]![name]).ToList().ForEach(left.Enqueue);
            }
        }

        foreach (var (kind, named) in components.Where(c => c.Key != "securitySchemes"))
        {
            named!.AsObject().Select(n => n.Key).Where(n => !used.Contains($"#/components/{kind}/{n}")).ToList().ForEach(n => named.AsObject().Remove(n));
        }

        return components;
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject found => found.SelectMany(p => p is { Key: "$ref", Value: JsonValue reference } ? [reference.GetValue<string>()] : References(p.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    private static IEnumerable<OpenApiOperation> Operations(Router router, PolicyTable policy, CallDocs docs)
    {
        foreach (var doc in docs.Calls.Values.Where(c => c.IsUnrouted))
        {
            yield return new(docs, policy, doc, new ApiRoute("GET", doc.Name[4..], _ => throw ApiFault.NoSuchResource()), IsVersioned: false);
        }

        var versioned = router.Versioned.ToHashSet();
        foreach (var route in router.All)
        {
            yield return docs.Calls.TryGetValue(route.Name, out var doc)
                ? new(docs, policy, doc, route, versioned.Contains(route))
                : throw new InvalidOperationException($"No *.calls.json describes {route.Name}.");
        }
    }

    private static JsonArray Security(AuthMode mode) => mode switch
    {
        AuthMode.None => [],
        AuthMode.HttpBasic => [new JsonObject { ["password"] = new JsonArray() }],
        _ => [new JsonObject { ["token"] = new JsonArray() }],
    };

    private static JsonObject Components(CallDocs docs) => new()
    {
        ["schemas"] = new JsonObject(docs.References.Order(StringComparer.Ordinal).Select(n => KeyValuePair.Create(n, (JsonNode?)docs.Shapes.Schema(docs.Named[n])))),
        ["parameters"] = new JsonObject(docs.General["headers"]!.AsObject().Select(h => KeyValuePair.Create(h.Key, (JsonNode?)Header(docs, h.Key, h.Value!)))),
        ["headers"] = new JsonObject
        {
            ["OpenStack-Task"] = new JsonObject { ["description"] = "The task that the call made or found.", ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "uuid" } },
            ["Link"] = new JsonObject { ["description"] = "The task's URL, with `rel=\"task\"`.", ["schema"] = new JsonObject { ["type"] = "string" } },
            ["Location"] = new JsonObject { ["description"] = "Where the new thing is.", ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "uri" } },
        },
        ["responses"] = new JsonObject(docs.General["faults"]!.AsObject().SelectMany(f => new[] { Fault(f.Key, f.Value!, asIdentity: false), Fault(f.Key, f.Value!, asIdentity: true) }).DistinctBy(f => f.Key)),
        ["securitySchemes"] = new JsonObject
        {
            ["token"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "X-Auth-Token" },
            ["password"] = new JsonObject { ["type"] = "http", ["scheme"] = "basic" },
        },
    };

    private static JsonObject Header(CallDocs docs, string name, JsonNode header)
    {
        var parameter = new JsonObject { ["name"] = name, ["in"] = "header", ["description"] = header["description"]!.DeepClone(), ["schema"] = docs.Shapes.Schema(header["shape"]) };
        if (header["example"] is { } example)
        {
            parameter["example"] = example.DeepClone();
        }

        return parameter;
    }

    private static KeyValuePair<string, JsonNode?> Fault(string status, JsonNode description, bool asIdentity)
    {
        var code = int.Parse(status);
        asIdentity |= code == 401;
        var fields = new JsonObject { ["code"] = new JsonObject { ["const"] = code }, ["message"] = new JsonObject { ["type"] = "string" } };
        if (asIdentity)
        {
            fields["title"] = new JsonObject { ["const"] = ReasonPhrases.GetReasonPhrase(code) };
        }
        else if (code is 413 or 429)
        {
            fields["retryAfter"] = new JsonObject { ["type"] = "string" };
        }

        var schema = Closed(new() { [asIdentity ? "error" : ApiFault.KeyOf(code)] = Closed(fields) });
        return KeyValuePair.Create(OpenApiOperation.FaultName(code, asIdentity && code != 401), (JsonNode?)new JsonObject
        {
            ["description"] = description.DeepClone(), ["content"] = new JsonObject { ["application/json"] = new JsonObject { ["schema"] = schema } },
        });
    }

    private static JsonObject Closed(JsonObject properties) => new()
    {
        ["type"] = "object", ["properties"] = properties, ["required"] = new JsonArray([.. properties.Select(p => JsonValue.Create(p.Key))]), ["additionalProperties"] = false,
    };
}
