using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>One server: show, update, delete (nova-api §2.3–2.5).</summary>
internal sealed class ServerResource(TaskSubmitter submitter, ServerReader reader, TimeProvider time) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers/{id}", ShowAsync),
        new("PUT", "servers/{id}", UpdateAsync) { HasDryRun = true },
        new("DELETE", "servers/{id}", DeleteAsync) { HasDryRun = true },
    ];

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var view = await reader.GetAsync(call);
        return await AnswerAsync(call, view, ServerShape.Show);
    }

    private async Task<ApiAnswer> AnswerAsync(ApiCall call, ServerView view, ServerShape shape)
    {
        var body = await reader.BodyAsync(call, view);
        return ApiAnswer.Ok(new JsonObject { ["server"] = body.Full(view, shape) });
    }

    private async Task<ApiAnswer> UpdateAsync(ApiCall call)
    {
        var change = Change(call.Version, await call.BodyAsync());
        var view = await reader.GetAsync(call);
        var shape = call.AtLeast(75) ? ServerShape.Show : ServerShape.Reduced;
        if (change is null)
        {
            return await AnswerAsync(call, view, shape);
        }

        var request = TaskSubmitter.Request(call, TaskKinds.Update, view.Instance.Id) with { Change = change };
        if (call.Header("Idempotency-Key") is not null)
        {
            // Kept for repeats before it happens: shown as the change will leave it.
            var planned = await AnswerAsync(call, view with { Instance = InstanceChanges.Apply(view.Instance, request, time.GetUtcNow()) }, shape);
            return await submitter.AnswerOnceAsync(call, request, planned);
        }

        var answer = await submitter.SubmitAsync(call, request);
        view = answer.Instance is { } instance ? view with { Instance = instance } : await reader.GetAsync(call);
        return (await AnswerAsync(call, view, shape)).WithTask(call.Links, answer.Task);
    }

    /// <summary>Null: nothing is to be changed.</summary>
    private static InstanceChange? Change(ApiVersion version, JsonInput body)
    {
        string[] since19 = version.AtLeast(19) ? ["description"] : [];
        string[] since90 = version.AtLeast(90) ? ["hostname"] : [];
        var server = body.Only("server").Object("server").Only(["name", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6", .. since19, .. since90]);
        return !server.Properties.Any() ? null : new()
        {
            Name = server.Text("name", Lexical.Name),
            DiskConfig = server.Text("OS-DCF:diskConfig", Lexical.DiskConfig),
            AccessIPv4 = server.Text("accessIPv4", Lexical.IPv4),
            AccessIPv6 = server.Text("accessIPv6", Lexical.IPv6),
            SetDescription = server.Has("description"),
            Description = server.NullableText("description", Lexical.Description),
            Hostname = server.Text("hostname", version.AtLeast(94) ? Lexical.HostFqdn : Lexical.HostLabel),
        };
    }

    private Task<ApiAnswer> DeleteAsync(ApiCall call) =>
        submitter.AnswerOnceAsync(call, TaskSubmitter.Request(call, TaskKinds.Delete, call.ServerId()), new(204));
}
