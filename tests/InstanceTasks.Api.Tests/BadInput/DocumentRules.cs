using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Tests.OpenApi;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>A body that is accepted is one that the document declares: nothing is taken that nobody has thought of. The identity service, as Keystone, does not look at what it does not need.</summary>
internal sealed class DocumentRules(CallDocs docs)
{
    private readonly Dictionary<(string Call, int Minor), Func<JsonNode?, string?>> _judges = [];

    /// <summary>What is wrong with the body of an accepted request; null: nothing, or it is another request than the described one by now.</summary>
    public string? ProblemOf(DescribedRequest described, RawRequest before, RawRequest sent, RawAnswer answer)
    {
        if (answer.Status is < 200 or >= 300 || described.Body is null || described.Doc.Tag == "identity" || sent.Body is null || sent.Method != before.Method || PathOf(sent) != PathOf(before) || VersionOf(sent) != VersionOf(before))
        {
            return null;
        }

        var body = JsonNode.Parse(sent.Body, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        return DocOf(described, body) is not { } doc ? "accepted, and the document has no such action"
            : Numbers(body).Any(n => !decimal.TryParse(n, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) ? null // more than the judge can read
            : JudgeOf(doc, described.Minor)(body) is { } problem ? $"accepted, and the document does not allow it: {problem}"
            : null;
    }

    private static IEnumerable<string> Numbers(JsonNode? node) => node switch
    {
        JsonObject found => found.SelectMany(p => Numbers(p.Value)),
        JsonArray list => list.SelectMany(Numbers),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => [value.ToJsonString()],
        _ => [],
    };

    private static string PathOf(RawRequest request) => request.Target.Split('?')[0];

    private static string? VersionOf(RawRequest request) => string.Join(',', request.Headers.Where(h => h.Name?.Contains("-API-Version", StringComparison.OrdinalIgnoreCase) == true).Select(h => h.Value));

    private CallDoc? DocOf(DescribedRequest described, JsonNode? body) => described.Doc.Action is null ? described.Doc : docs.Calls.GetValueOrDefault($"{described.Doc.Call}#{(body as JsonObject)?.FirstOrDefault().Key}");

    private Func<JsonNode?, string?> JudgeOf(CallDoc doc, int minor)
    {
        if (!_judges.TryGetValue((doc.Name, minor), out var judge))
        {
            _judges[(doc.Name, minor)] = judge = Schemas.Judge(docs.Shapes.Schema(doc.Body, new(minor, Admin: true)));
        }

        return judge;
    }
}
