using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Wire;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.Api.Tests.OpenApi;

/// <summary>What the document says of requests and answers is what the parsers take and the handlers give.</summary>
public sealed class DescribedExchangeTests(DescribedApi described, ITestOutputHelper output) : IClassFixture<DescribedApi>
{
    private const string Unexpected = "was unexpected";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task Examples_EveryOne_IsAccepted()
    {
        var wrong = new List<string>();
        foreach (var request in described.Requests())
        {
            var answer = await described.SendAsync(request);
            var expected = request.Refused is { } refused ? answer.Status == refused : request.Doc.Answers.Count == 0 ? request.Doc.Faults.Contains(answer.Status) : answer.Status < 400;
            if (!expected)
            {
                wrong.Add($"{request}: {answer.Status} {answer.Body?.ToJsonString()}");
            }
        }

        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    [Fact]
    public void Examples_EveryOne_FitsItsSchema() => Assert.Empty(
        described.Requests().Where(r => r.Body is not null)
            .Select(r => (r, Problem: Schemas.Judge(described.Docs.Shapes.Schema(r.Doc.Body, new(r.Minor, Admin: true)))(r.Body) ?? Schemas.Judge(described.Document, described.Docs.Shapes.Schema(r.Doc.Body))(r.Body)))
            .Where(r => r.Problem is not null).Select(r => $"{r.r}: {r.Problem}"));

    [Fact]
    public void Examples_EveryFieldOfARequest_IsInOneOfThem()
    {
        foreach (var doc in described.Docs.Calls.Values.Where(c => c.Body is not null))
        {
            var shown = doc.Examples.SelectMany(e => FieldsOf(e!["body"], "")).ToHashSet(StringComparer.Ordinal);
            Assert.Empty(DeclaredIn(described.Docs.Shapes.Schema(doc.Body, at: null), "").Where(f => !shown.Contains(f)).Select(f => $"{doc.Name}: {f}"));
        }
    }

    [Fact]
    public async Task Answers_EveryOne_HasTheDeclaredShape()
    {
        var (wrong, judged) = (new List<string>(), 0);
        foreach (var request in described.Requests().Where(r => r.Refused is null && r.Doc.Answers.Count > 0))
        {
            var answer = await described.SendAsync(request);
            judged++;
            if (ProblemOf(request, answer) is { } problem)
            {
                wrong.Add($"{request}: {answer.Status} {problem}{Environment.NewLine}    {answer.Body?.ToJsonString()}");
            }
        }

        output.WriteLine($"report: {judged} example requests of the OpenAPI document accepted, their answers as it declares them");
        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    /// <summary>The examples of answers are real ones: of the fields that the same request is answered with now. UPDATE_DOCS=1 records them anew.</summary>
    [Fact]
    public async Task Answers_InTheDocument_AreOnesThatWereGiven()
    {
        var recorded = new JsonObject();
        foreach (var request in described.Requests().Where(r => r.Refused is null && r.Doc.Answers.Count > 0 && r.Doc.Tag != "versions").DistinctBy(r => r.Doc))
        {
            var answer = await described.SendAsync(request);
            if (answer.Body is not null)
            {
                recorded[request.Doc.Name] = new JsonObject { [$"{answer.Status}"] = Shortened(JsonNode.Parse(answer.Body.ToJsonString().Replace(described.Api.BaseUrl, "http://127.0.0.1:8774", StringComparison.Ordinal))) };
            }
        }

        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            var lines = recorded.Select(r => $"  {JsonValue.Create(r.Key).ToJsonString()}: {r.Value!.ToJsonString(Readable)}");
            await File.WriteAllTextAsync(Path.Combine(RepoRoot.Path, "src", "InstanceTasks.Api", "OpenApi", "answers.json"), $"{{\n{string.Join(",\n", lines)}\n}}\n");
            return;
        }

        Assert.Equal(recorded.SelectMany(FieldsOf), described.Docs.Recorded.SelectMany(FieldsOf));

        static IEnumerable<string> FieldsOf(KeyValuePair<string, JsonNode?> call) => DescribedExchangeTests.FieldsOf(call.Value, call.Key).Distinct();
    }

    [Fact]
    public void Answers_InTheDocument_FitTheirSchemas()
    {
        var wrong = new List<string>();
        foreach (var (call, status, body) in described.Docs.Recorded.SelectMany(r => r.Value!.AsObject().Select(a => (r.Key, int.Parse(a.Key), a.Value))))
        {
            var minor = described.Requests().First(r => r.Doc.Name == call).Minor;
            var problem = Schemas.OfAnswer(described.Docs, described.Docs.Calls[call], status, minor) is { } schema ? Schemas.Judge(schema)(body) : "is not declared";
            if (problem is not null)
            {
                wrong.Add($"{call}: {status} {problem}");
            }
        }

        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    [Fact]
    public async Task DryRuns_EveryOne_HasTheDeclaredShape()
    {
        var wrong = new List<string>();
        foreach (var request in described.Requests().Where(r => described.RouteOf(r.Doc).HasDryRun))
        {
            var answer = await described.SendAsync(request, "?dry_run=true");
            var call = described.Docs.Calls[request.Doc.Call];
            // One that only reads would do nothing: it has no dry run.
            var problem = request.Doc.OnlyReads ? (answer.Status == 400 ? null : "is not refused")
                : answer.Status != 200 ? "status" : Schemas.Judge(described.Docs.Shapes.Schema(new JsonObject { ["dry_run"] = call.DryRun }, new(request.Minor, Admin: true)))(answer.Body);
            if (problem is not null)
            {
                wrong.Add($"{request}: {answer.Status} {problem} {answer.Body?.ToJsonString()}");
            }
        }

        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    [Fact]
    public async Task Queries_WhereOthersAreRefused_TheDeclaredOnesAreThoseThatAreTaken()
    {
        var names = described.Docs.Calls.Values.SelectMany(c => c.Query.Select(q => Shapes.Key(q.Key).Name)).Append("unknown").Distinct().ToList();
        var (wrong, tried) = (new List<string>(), 0);
        foreach (var doc in described.Docs.Calls.Values.Where(c => c.Closed is not null))
        {
            foreach (var minor in new[] { doc.Closed!.Value, ApiVersion.Max.Minor }.Distinct().Where(m => described.RouteOf(doc).Serves(new(m))))
            {
                var declared = doc.Query.Where(q => Shapes.Key(q.Key).Serves(new(minor, Admin: true))).ToDictionary(q => Shapes.Key(q.Key).Name, q => Sample(q.Value!));
                foreach (var name in names)
                {
                    tried++;
                    var query = $"?{name}={Uri.EscapeDataString(declared.GetValueOrDefault(name, "1"))}";
                    var answer = await described.SendAsync(new DescribedRequest(doc, "GET", described.PathOf(doc), null, minor, null), query);
                    var taken = answer.Body?.ToJsonString().Contains(Unexpected, StringComparison.Ordinal) != true;
                    if (taken != declared.ContainsKey(name) || answer.Status >= 500)
                    {
                        wrong.Add($"{doc.Name} at 2.{minor}: {name} is {(taken ? "taken" : "refused")}: {answer.Status}");
                    }
                }
            }
        }

        output.WriteLine($"report: {tried} parameters of queries tried");
        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    /// <summary>At every level of every example: a name that is known elsewhere and not declared here is refused. The identity service ignores what it does not know.</summary>
    [Fact]
    public async Task Bodies_FieldsThatAreNotDeclared_AreRefused()
    {
        var names = described.Docs.Calls.Values.Where(c => c.Body is not null).SelectMany(c => DeclaredIn(described.Docs.Shapes.Schema(c.Body, at: null), "")).Select(f => f.Split('/')[^1]).Append("unknown").Distinct().ToList();
        var (wrong, tried) = (new List<string>(), 0);
        foreach (var request in described.Requests().Where(r => r.Body is not null && r.Refused is null && r.Doc.Tag != "identity").GroupBy(r => (r.Doc, r.Minor)).Select(g => g.Last()))
        {
            var judge = Schemas.Judge(described.Docs.Shapes.Schema(request.Doc.Body, new(request.Minor, Admin: true)));
            foreach (var name in names)
            {
                foreach (var body in With(request.Body!, name).Where(b => judge(b) is not null))
                {
                    tried++;
                    var answer = await described.SendAsync(request, body: body);
                    if (answer.Status != 400)
                    {
                        wrong.Add($"{request.Doc.Name} at 2.{request.Minor}: {body.ToJsonString()}: {answer.Status}");
                    }
                }
            }
        }

        output.WriteLine($"report: {tried} bodies with a field too much refused");
        Assert.True(wrong.Count == 0, Lines(wrong));
    }

    private string? ProblemOf(DescribedRequest request, Answer answer)
    {
        if (Schemas.OfAnswer(described.Docs, request.Doc, answer.Status, request.Minor) is not { } exact)
        {
            return "is not declared";
        }

        if (exact.Count == 0)
        {
            return answer.Body is null ? null : "a body where none is declared";
        }

        var response = described.Document["paths"]![described.Api.Routes.Any(r => r.Name == request.Doc.Call) ? $"/v2.1/{request.Doc.Call.Split(' ')[1]}" : $"/{request.Doc.Call.Split(' ')[1]}"]![request.Method.ToLowerInvariant()]!["responses"]![$"{answer.Status}"]!;
        var headers = response["headers"]?.AsObject().Select(h => h.Key).Where(h => h != "Location" || request.Minor <= request.Doc.LocationUntil).Where(h => !request.Doc.OnlyReads || h is not ("OpenStack-Task" or "Link")).Where(h => answer.Header(h) is null).ToList();
        return headers is { Count: > 0 } ? $"lacks {string.Join(", ", headers)}"
            : Schemas.Judge(exact)(answer.Body) ?? Schemas.Judge(described.Document, response["content"]!["application/json"]!["schema"]!)(answer.Body);
    }

    /// <summary>Long lists cut to their first items.</summary>
    private static JsonNode? Shortened(JsonNode? node) => node switch
    {
        JsonObject found => new JsonObject(found.Select(p => KeyValuePair.Create(p.Key, Shortened(p.Value)))),
        JsonArray list => new JsonArray([.. list.Take(2).Select(Shortened)]),
        _ => node?.DeepClone(),
    };

    /// <summary>Copies of a body, each with one more field in another of its objects.</summary>
    private static IEnumerable<JsonNode> With(JsonNode body, string name)
    {
        var count = Objects(body).Count();
        for (var i = 0; i < count; i++)
        {
            var copy = body.DeepClone();
            var place = Objects(copy).ElementAt(i);
            if (place.TryAdd(name, "1"))
            {
                yield return copy;
            }
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject found => [found, .. found.SelectMany(p => Objects(p.Value))],
        JsonArray list => list.SelectMany(Objects),
        _ => [],
    };

    private static IEnumerable<string> FieldsOf(JsonNode? node, string path) => node switch
    {
        JsonObject found => found.SelectMany(p => FieldsOf(p.Value, $"{path}/{p.Key}").Prepend($"{path}/{p.Key}")),
        JsonArray list => list.SelectMany(i => FieldsOf(i, path)),
        _ => [],
    };

    private IEnumerable<string> DeclaredIn(JsonNode? schema, string path)
    {
        if (schema is not JsonObject found)
        {
            return [];
        }

        if (found["$ref"] is { } reference)
        {
            return DeclaredIn(described.Docs.Shapes.Schema(described.Docs.Named[((string)reference!).Split('/')[^1]]), path);
        }

        var own = found["properties"]?.AsObject().SelectMany(p => DeclaredIn(p.Value, $"{path}/{p.Key}").Prepend($"{path}/{p.Key}")) ?? [];
        var several = found["anyOf"]?.AsArray().SelectMany(s => DeclaredIn(s, path)) ?? [];
        return own.Concat(several).Concat(DeclaredIn(found["items"], path));
    }

    private string Sample(JsonNode shape)
    {
        var schema = described.Docs.Shapes.Schema(shape, new(ApiVersion.Max.Minor, Admin: true));
        return schema["examples"] is JsonArray examples ? (string)examples[0]!
            : schema["enum"] is JsonArray values ? values[0]!.ToString()
            : (string?)schema["format"] == "uuid" ? Exactness.World.Active.ToString()
            : "1";
    }

    private static string Lines(List<string> wrong) => $"{wrong.Count}:{Environment.NewLine}{string.Join(Environment.NewLine, wrong.Take(60))}";
}
