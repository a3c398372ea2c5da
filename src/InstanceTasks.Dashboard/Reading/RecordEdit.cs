using System.Text.Json.Nodes;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>A call of the API that changes what is written of an instance.</summary>
/// <param name="Method">The method.</param>
/// <param name="Path">Where, below the version.</param>
/// <param name="Body">The body; null: none.</param>
public sealed record RecordCall(HttpMethod Method, string Path, JsonObject? Body);

/// <summary>Something that a form asks for.</summary>
/// <param name="Name">Its name, for people.</param>
/// <param name="Value">What it is now.</param>
/// <param name="Required">Whether it may not be empty.</param>
public sealed record RecordField(string Name, string Value, bool Required);

/// <summary>A change of what is written of an instance: its name, description, metadata or tags.</summary>
/// <param name="Title">What the form is called.</param>
/// <param name="Send">What its button is called.</param>
/// <param name="Fields">What it asks for; none: it only has to be confirmed.</param>
/// <param name="Call">The call for what was filled in; null: that would change nothing.</param>
public sealed record RecordEdit(string Title, string Send, IReadOnlyList<RecordField> Fields, Func<IReadOnlyList<string>, RecordCall?> Call)
{
    /// <summary>Of the name, the description and the host name. Only what was changed is sent: what somebody else has changed meanwhile stays.</summary>
    public static RecordEdit Of(ServerInfo server)
    {
        string[] names = ["name", "description", "hostname"];
        RecordField[] fields = [new("Name", server.Name, true), new("Description", server.Description ?? "", false), new("Host name", server.Hostname ?? "", true)];
        return new("Change name and description", "Change", fields, values =>
        {
            var changed = new JsonObject();
            foreach (var (name, field, value) in names.Zip(fields, values).Where(f => f.Second.Value != f.Third))
            {
                // An empty description is none.
                changed[name] = value.Length == 0 && !field.Required ? null : value;
            }

            return changed.Count == 0 ? null : new(HttpMethod.Put, $"servers/{server.Id}", new() { ["server"] = changed });
        });
    }

    /// <summary>Of a metadata item that there is not yet.</summary>
    public static RecordEdit NewMetadata(ServerInfo server) => new("Add metadata", "Add", [new("Key", "", true), new("Value", "", false)], values => Metadata(server, values[0], values[1]));

    /// <summary>Of the value of a metadata item.</summary>
    public static RecordEdit OfMetadata(ServerInfo server, string key)
    {
        var before = server.Metadata[key];
        return new($"Change metadata {key}", "Change", [new("Value", before, false)], values => values[0] == before ? null : Metadata(server, key, values[0]));
    }

    /// <summary>The end of a metadata item.</summary>
    public static RecordEdit WithoutMetadata(ServerInfo server, string key) => new($"Remove metadata {key}", "Remove", [], _ => IsSegment(key)
        ? new(HttpMethod.Delete, $"servers/{server.Id}/metadata/{Uri.EscapeDataString(key)}", null)
        : new(HttpMethod.Put, $"servers/{server.Id}/metadata", new() { ["metadata"] = new JsonObject(server.Metadata.Where(m => m.Key != key).Select(m => KeyValuePair.Create(m.Key, (JsonNode?)m.Value))) }));

    /// <summary>Of a tag that there is not yet.</summary>
    public static RecordEdit NewTag(ServerInfo server) => new("Add tag", "Add", [new("Tag", "", true)], values => server.Tags.Contains(values[0]) ? null : IsSegment(values[0])
        ? new(HttpMethod.Put, $"servers/{server.Id}/tags/{Uri.EscapeDataString(values[0])}", null)
        : AllTags(server, [.. server.Tags, values[0]]));

    /// <summary>The end of a tag.</summary>
    public static RecordEdit WithoutTag(ServerInfo server, string tag) => new($"Remove tag {tag}", "Remove", [], _ => IsSegment(tag)
        ? new(HttpMethod.Delete, $"servers/{server.Id}/tags/{Uri.EscapeDataString(tag)}", null)
        : AllTags(server, server.Tags.Where(t => t != tag)));

    // In the body: there a key may be whatever the API lets it be.
    private static RecordCall Metadata(ServerInfo server, string key, string value) => new(HttpMethod.Post, $"servers/{server.Id}/metadata", new() { ["metadata"] = new JsonObject { [key] = value } });

    private static RecordCall AllTags(ServerInfo server, IEnumerable<string> tags) => new(HttpMethod.Put, $"servers/{server.Id}/tags", new() { ["tags"] = new JsonArray([.. tags.Select(t => JsonValue.Create(t))]) });

    // Dots alone are a way up: DELETE servers/{id}/tags/.. would be the end of the server. A slash would be another segment; the API refuses it in the body.
    private static bool IsSegment(string text) => text is not ("." or "..") && !text.Contains('/', StringComparison.Ordinal);
}
