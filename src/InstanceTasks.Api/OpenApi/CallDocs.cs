using System.Text.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.Api.OpenApi;

/// <summary>What a <c>*.calls.json</c> says of a call, or of an action in its body.</summary>
internal sealed record CallDoc
{
    /// <summary><c>METHOD path</c>, with <c>#action</c> for an action in the body: the names of <c>policy.txt</c>.</summary>
    public required string Name { get; init; }

    public required string Tag { get; init; }

    public required string Summary { get; init; }

    public string? Description { get; init; }

    /// <summary>Headers of the request, beside those of every call.</summary>
    public JsonObject Headers { get; init; } = [];

    /// <summary>The parameters of the query: a shape by key.</summary>
    public JsonObject Query { get; init; } = [];

    /// <summary>The first minor version that refuses any other parameter; null: none does.</summary>
    public int? Closed { get; init; }

    /// <summary>The shape of the request's body; null: there is none.</summary>
    public JsonNode? Body { get; init; }

    /// <summary>The shapes of the answers by status; null: no body.</summary>
    public JsonObject Answers { get; init; } = [];

    /// <summary>The shape of the answer to <c>?dry_run=true</c>.</summary>
    public string DryRun { get; init; } = "dry_run";

    /// <summary>The last minor version whose answers have a <c>Location</c>; null: none have.</summary>
    public int? LocationUntil { get; init; }

    /// <summary>Answers name a task, although nothing is asked for.</summary>
    public bool NamesTask { get; init; }

    /// <summary>An action that only reads: it makes no task, so its answers name none, and it has no dry run.</summary>
    public bool OnlyReads { get; init; }

    /// <summary>The pipeline answers it before there are routes.</summary>
    public bool IsUnrouted { get; init; }

    /// <summary>Statuses of refusals, beside those that every such call has.</summary>
    public IReadOnlyList<int> Faults { get; init; } = [];

    /// <summary>
    /// Requests: <c>body</c>, and where it matters <c>at</c> (the minor version) and <c>path</c>. They are accepted; one with a <c>status</c> is well-formed but refused with that, and not shown.
    /// </summary>
    public JsonArray Examples { get; init; } = [];

    /// <summary>Values of path parameters other than the usual ones.</summary>
    public JsonObject Path { get; init; } = [];

    /// <summary>The action, if it is one.</summary>
    public string? Action => Name.Split('#').ElementAtOrDefault(1);

    /// <summary>The name of the call.</summary>
    public string Call => Name.Split('#')[0];
}

/// <summary>Everything that <c>openapi.json</c> and the <c>*.calls.json</c> beside the code of the calls declare.</summary>
internal sealed class CallDocs
{
    private const string Extension = ".calls.json";

    /// <summary>Reads them.</summary>
    public CallDocs()
    {
        General = Read("openapi.json");
        var named = Add([], General["shapes"]);
        var inlined = named.Where(n => n.Value is JsonObject o && (o.ContainsKey("$schema") || o.ContainsKey("$enum"))).Select(n => n.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var name in typeof(CallDocs).Assembly.GetManifestResourceNames().Where(n => n.EndsWith(Extension, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var file = Read(name);
            Add(named, file["shapes"]);
            Tags.Add(file["tag"]!.AsObject());
            foreach (var (call, body) in file["calls"]!.AsObject())
            {
                Calls.Add(call, Parse(call, file["tag"]!["name"]!.GetValue<string>(), body!.AsObject()));
            }
        }

        Recorded = Read("answers.json");
        Named = named;
        Shapes = new(named, inlined);
        References = [.. named.Keys.Where(n => !inlined.Contains(n))];
    }

    /// <summary>What belongs to no call: <c>info</c>, <c>parameters</c>, <c>headers</c>, <c>faults</c>.</summary>
    public JsonObject General { get; }

    /// <summary>The groups of calls.</summary>
    public List<JsonObject> Tags { get; } = [];

    /// <summary>The calls and actions by name.</summary>
    public Dictionary<string, CallDoc> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers to the examples, by call and status, as a test has recorded them.</summary>
    public JsonObject Recorded { get; }

    /// <summary>The shapes by name.</summary>
    public IReadOnlyDictionary<string, JsonNode> Named { get; }

    /// <summary>The names of the shapes that the document has by themselves.</summary>
    public IReadOnlyList<string> References { get; }

    public Shapes Shapes { get; }

    /// <summary>The actions of a call.</summary>
    public IEnumerable<CallDoc> ActionsOf(string call) => Calls.Values.Where(c => c.Action is not null && c.Call == call);

    private static Dictionary<string, JsonNode> Add(Dictionary<string, JsonNode> named, JsonNode? shapes)
    {
        foreach (var (name, shape) in shapes?.AsObject() ?? [])
        {
            named.Add(name, shape!);
        }

        return named;
    }

    private static CallDoc Parse(string name, string tag, JsonObject body) => new()
    {
        Name = name,
        Tag = tag,
        Summary = body["summary"]!.GetValue<string>(),
        Description = body["description"]?.GetValue<string>(),
        Headers = body["headers"] as JsonObject ?? [],
        Query = body["query"] as JsonObject ?? [],
        Closed = body["closed"]?.GetValue<int>(),
        Body = body["body"],
        Answers = body["answers"]!.AsObject(),
        DryRun = body["dry_run"]?.GetValue<string>() ?? "dry_run",
        LocationUntil = body["location"] is not { } location ? null : location.GetValueKind() == JsonValueKind.Number ? location.GetValue<int>() : int.MaxValue,
        NamesTask = body.ContainsKey("task"),
        OnlyReads = body.ContainsKey("only_reads"),
        IsUnrouted = body.ContainsKey("unrouted"),
        Faults = body["faults"] is JsonArray faults ? [.. faults.Select(f => f!.GetValue<int>())] : [],
        Examples = body["examples"] as JsonArray ?? [],
        Path = body["path"] as JsonObject ?? [],
    };

    private static JsonObject Read(string name)
    {
        using var stream = typeof(CallDocs).Assembly.GetManifestResourceStream(name) ?? throw new InvalidOperationException($"The assembly lacks its {name}.");
        return JsonNode.Parse(stream, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false })!.AsObject();
    }
}
