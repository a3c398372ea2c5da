using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary><c>/servers/{id}/tags</c> (nova-api §2.7): written like metadata, in the same states.</summary>
internal sealed class ServerTags(TaskSubmitter submitter, IdempotencyKeys keys, ServerReader reader) : IApiResource
{
    public const int MaxTags = 50;

    private const int Since = 26;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers/{id}/tags", ListAsync, From: Since),
        new("PUT", "servers/{id}/tags", ReplaceAsync, From: Since) { HasDryRun = true },
        new("DELETE", "servers/{id}/tags", call => ChangeAsync(call, new() { ReplaceTags = [] }, new(204)), From: Since) { HasDryRun = true },
        new("GET", "servers/{id}/tags/{tag}", ShowAsync, From: Since),
        new("PUT", "servers/{id}/tags/{tag}", AddAsync, From: Since) { HasDryRun = true },
        new("DELETE", "servers/{id}/tags/{tag}", RemoveAsync, From: Since) { HasDryRun = true },
    ];

    /// <summary>Reads a list of tags, without doubles.</summary>
    public static List<string> Read(JsonInput input, string name)
    {
        var (elements, tags) = (input.Array(name) ?? throw ApiFault.BadRequest($"'{name}' is a required property"), new List<string>());
        if (elements.Count > MaxTags)
        {
            // Doubles count here, as in Nova's schema.
            throw ApiFault.BadRequest($"The number of tags exceeded the per-server limit {MaxTags}");
        }

        foreach (var element in elements)
        {
            var tag = element.ValueKind == JsonValueKind.String ? element.GetString()! : throw input.Fault(name, element, "It is not of type 'string'");
            if (Lexical.Tag(tag) is { } problem)
            {
                throw input.Fault(name, element, $"It {problem}");
            }

            if (!tags.Contains(tag))
            {
                tags.Add(tag);
            }
        }

        return tags;
    }

    /// <summary>The tags of a filter. More than a server can have make no sense, and a statement with each of them would be too much for a store.</summary>
    public static IReadOnlyList<string> Checked(IReadOnlyList<string> tags) => tags.Count <= MaxTags ? tags : throw ApiFault.BadRequest($"At most {MaxTags} tags can be asked for at once.");

    private async Task<ApiAnswer> ListAsync(ApiCall call) => ApiAnswer.Ok(BodyOf((await reader.GetAsync(call)).Instance.Tags));

    private async Task<ApiAnswer> ShowAsync(ApiCall call) =>
        (await reader.GetAsync(call)).Instance.Tags.Contains(call.Value("tag")) ? new(204) : throw NoTag(call);

    private async Task<ApiAnswer> ReplaceAsync(ApiCall call)
    {
        var tags = Read((await call.BodyAsync()).Only("tags"), "tags");
        return await ChangeAsync(call, new() { ReplaceTags = tags }, ApiAnswer.Ok(BodyOf(tags)));
    }

    private async Task<ApiAnswer> AddAsync(ApiCall call)
    {
        var tag = call.Value("tag");
        if (Lexical.Tag(tag) is { } problem)
        {
            throw ApiFault.BadRequest($"Invalid input for field/attribute tag. Value: {tag}. It {problem}");
        }

        var instance = (await reader.GetAsync(call)).Instance;
        return instance.Tags.Contains(tag) ? await ChangeAsync(call, new() { AddTag = tag }, new(204))
            : instance.Tags.Count >= MaxTags ? throw ApiFault.BadRequest($"The number of tags exceeded the per-server limit {MaxTags}")
            : await ChangeAsync(call, new() { AddTag = tag }, new ApiAnswer(201).With("Location", call.Links.Versioned($"servers/{instance.Id}/tags/{Uri.EscapeDataString(tag)}")));
    }

    private async Task<ApiAnswer> RemoveAsync(ApiCall call)
    {
        // A repeat is answered from its key: the tag is gone by then.
        if ((await keys.LookAsync(call)).Replay is { } replay)
        {
            return replay;
        }

        return (await reader.GetAsync(call)).Instance.Tags.Contains(call.Value("tag")) ? await ChangeAsync(call, new() { RemoveTag = call.Value("tag") }, new(204)) : throw NoTag(call);
    }

    private async Task<ApiAnswer> ChangeAsync(ApiCall call, InstanceChange change, ApiAnswer planned)
    {
        var view = await reader.GetAsync(call);
        return await submitter.AnswerOnceAsync(call, TaskSubmitter.Request(call, TaskKinds.Metadata, view.Instance.Id) with { Change = change }, planned);
    }

    private static JsonObject BodyOf(IEnumerable<string> tags) => new() { ["tags"] = new JsonArray([.. tags.Select(t => JsonValue.Create(t))]) };

    private static ApiFault NoTag(ApiCall call) => ApiFault.NotFound($"Server {call.Value("id")} has no tag '{call.Value("tag")}'");
}
