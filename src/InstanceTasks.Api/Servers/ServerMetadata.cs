using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Servers;

/// <summary><c>/servers/{id}/metadata</c> (nova-api §2.6).</summary>
internal sealed class ServerMetadata(TaskSubmitter submitter, IdempotencyKeys keys, ServerReader reader, IOptions<ApiOptions> options) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers/{id}/metadata", ListAsync),
        new("POST", "servers/{id}/metadata", call => WriteAsync(call, replace: false)) { HasDryRun = true },
        new("PUT", "servers/{id}/metadata", call => WriteAsync(call, replace: true)) { HasDryRun = true },
        new("GET", "servers/{id}/metadata/{key}", ShowAsync),
        new("PUT", "servers/{id}/metadata/{key}", SetAsync) { HasDryRun = true },
        new("DELETE", "servers/{id}/metadata/{key}", DeleteAsync) { HasDryRun = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        var view = await reader.GetAsync(call);
        return ApiAnswer.Ok(new JsonObject { ["metadata"] = ServerBody.MapOf(view.Instance.Metadata) });
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var view = await reader.GetAsync(call);
        var key = call.Value("key");
        return view.Instance.Metadata.TryGetValue(key, out var value)
            ? ApiAnswer.Ok(new JsonObject { ["meta"] = new JsonObject { [key] = value } })
            : throw ApiFault.NotFound("Metadata item was not found");
    }

    private async Task<ApiAnswer> WriteAsync(ApiCall call, bool replace)
    {
        var body = (await call.BodyAsync()).Only("metadata");
        _ = body.Need("metadata");
        var metadata = body.Map("metadata")!;
        return await ChangeAsync(call, replace ? new() { ReplaceMetadata = metadata } : new() { MergeMetadata = metadata }, after => new() { ["metadata"] = ServerBody.MapOf(after) });
    }

    private async Task<ApiAnswer> SetAsync(ApiCall call)
    {
        var body = (await call.BodyAsync()).Only("meta");
        _ = body.Need("meta");
        var meta = body.Map("meta")!;
        var key = call.Value("key");
        if (meta.Count != 1)
        {
            throw ApiFault.BadRequest("Request body contains too many items");
        }

        if (!meta.ContainsKey(key))
        {
            throw ApiFault.BadRequest("Request body and URI mismatch");
        }

        return await ChangeAsync(call, new() { MergeMetadata = meta }, _ => new() { ["meta"] = ServerBody.MapOf(meta) });
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        // A repeat is answered from its key: the item is gone by then.
        if ((await keys.LookAsync(call)).Replay is { } replay)
        {
            return replay;
        }

        var view = await reader.GetAsync(call);
        var key = call.Value("key");
        return view.Instance.Metadata.ContainsKey(key)
            ? await submitter.AnswerOnceAsync(call, Request(call, view, new() { RemoveMetadataKey = key }), new(204))
            : throw ApiFault.NotFound("Metadata item was not found");
    }

    private async Task<ApiAnswer> ChangeAsync(ApiCall call, InstanceChange change, Func<Dictionary<string, string>, JsonObject> body)
    {
        var view = await reader.GetAsync(call);
        var after = change.ReplaceMetadata ?? Merged(view.Instance.Metadata, change.MergeMetadata!);
        CreateServer.CheckMetadata(after, options.Value.MaxMetadataItems);
        var request = Request(call, view, change);
        if (call.Header("Idempotency-Key") is not null)
        {
            // Kept for repeats before it happens.
            return await submitter.AnswerOnceAsync(call, request, ApiAnswer.Ok(body(after)));
        }

        var answer = await submitter.SubmitAsync(call, request);
        var instance = answer.Instance ?? (await reader.GetAsync(call)).Instance;
        return ApiAnswer.Ok(body(instance.Metadata)).WithTask(call.Links, answer.Task);
    }

    private static SubmitTask Request(ApiCall call, ServerView view, InstanceChange change) => TaskSubmitter.Request(call, TaskKinds.Metadata, view.Instance.Id) with { Change = change };

    private static Dictionary<string, string> Merged(Dictionary<string, string> old, Dictionary<string, string> added)
    {
        var merged = new Dictionary<string, string>(old, StringComparer.Ordinal);
        foreach (var (key, value) in added)
        {
            merged[key] = value;
        }

        return merged;
    }
}
