using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Servers;

/// <summary><c>/servers/{id}/metadata</c> (nova-api §2.6).</summary>
internal sealed class ServerMetadata(TaskSubmitter submitter, ServerReader reader, IOptions<ApiOptions> options) : IApiResource
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
        var (answer, instance) = await ChangeAsync(call, replace ? new() { ReplaceMetadata = metadata } : new() { MergeMetadata = metadata });
        return ApiAnswer.Ok(new JsonObject { ["metadata"] = ServerBody.MapOf(instance.Metadata) }).WithTask(call.Links, answer.Task);
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

        var (answer, _) = await ChangeAsync(call, new() { MergeMetadata = meta });
        return ApiAnswer.Ok(new JsonObject { ["meta"] = ServerBody.MapOf(meta) }).WithTask(call.Links, answer.Task);
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var view = await reader.GetAsync(call);
        var key = call.Value("key");
        if (!view.Instance.Metadata.ContainsKey(key))
        {
            throw ApiFault.NotFound("Metadata item was not found");
        }

        var answer = await SubmitAsync(call, view, new() { RemoveMetadataKey = key });
        return new ApiAnswer(204).WithTask(call.Links, answer.Task);
    }

    private async Task<(AcceptAnswer Answer, InstanceRecord Instance)> ChangeAsync(ApiCall call, InstanceChange change)
    {
        var view = await reader.GetAsync(call);
        CreateServer.CheckMetadata(change.ReplaceMetadata ?? Merged(view.Instance.Metadata, change.MergeMetadata!), options.Value.MaxMetadataItems);
        var answer = await SubmitAsync(call, view, change);
        return (answer, answer.Instance ?? (await reader.GetAsync(call)).Instance);
    }

    private Task<AcceptAnswer> SubmitAsync(ApiCall call, ServerView view, InstanceChange change) =>
        submitter.SubmitAsync(call, TaskSubmitter.Request(call, TaskKinds.Metadata, view.Instance.Id) with { Change = change });

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
