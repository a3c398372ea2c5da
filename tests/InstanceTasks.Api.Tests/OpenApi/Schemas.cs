using System.Text.Json.Nodes;
using InstanceTasks.Api.OpenApi;
using Json.Schema;

namespace InstanceTasks.Api.Tests.OpenApi;

/// <summary>Judges bodies by schemas, with a validator that is not ours.</summary>
internal static class Schemas
{
    private static readonly EvaluationOptions Options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    /// <summary>A judge by one of the document's schemas.</summary>
    public static Func<JsonNode?, string?> Judge(JsonObject document, JsonNode schema)
    {
        var whole = JsonNode.Parse(schema.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal))!.AsObject();
        whole["$defs"] = JsonNode.Parse(document["components"]!["schemas"]!.ToJsonString().Replace("#/components/schemas/", "#/$defs/", StringComparison.Ordinal));
        return Judge(whole);
    }

    /// <summary>A judge by a schema that needs no other. It says what is wrong; null: nothing.</summary>
    public static Func<JsonNode?, string?> Judge(JsonObject schema)
    {
        var parsed = JsonSchema.FromText(schema.ToJsonString());
        return body =>
        {
            var result = parsed.Evaluate(body, Options);
            return result.IsValid ? null : string.Join("; ", result.Details.Where(d => d.HasErrors).Take(5).Select(d => $"{d.InstanceLocation}: {string.Join(", ", d.Errors!.Values)}"));
        };
    }

    /// <summary>The schema of an answer as it is at a microversion for an administrator; null: the document has no such answer. An answer without a body has an empty object.</summary>
    public static JsonObject? OfAnswer(CallDocs docs, CallDoc doc, int status, int minor)
    {
        var at = new Shapes.At(minor, Admin: true);
        var found = doc.Answers.Select(a => (Key: Shapes.Key(a.Key), a.Value)).Where(a => a.Key.Name == $"{status}" && a.Key.Serves(at)).ToList();
        return found.Count == 0 ? null : found[0].Value is null ? [] : docs.Shapes.Schema(found[0].Value, at);
    }
}
