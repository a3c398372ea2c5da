using System.Text.Json.Nodes;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary><c>POST /servers/{id}/action</c> (nova-api §3). Whether the server's state allows it is the engine's to say.</summary>
internal sealed class ServerActions(TaskSubmitter submitter, IdempotencyKeys keys, ActionParsers parsers, ConsoleOutput console, ISecretProtector secrets) : IApiResource
{
    /// <summary>Nova's other actions with the microversions that have them: known, and not served yet.</summary>
    private static readonly Dictionary<string, (int From, int To)> NotServed = new(StringComparer.Ordinal)
    {
        ["trigger_crash_dump"] = (17, 999),
        ["migrate"] = (1, 999), ["os-migrateLive"] = (1, 999), ["evacuate"] = (1, 999), ["createBackup"] = (1, 999), ["restore"] = (1, 999),
        ["forceDelete"] = (1, 999),
        ["injectNetworkInfo"] = (1, 999), ["addSecurityGroup"] = (1, 999), ["removeSecurityGroup"] = (1, 999), ["addFixedIp"] = (1, 43),
        ["removeFixedIp"] = (1, 43), ["addFloatingIp"] = (1, 43), ["removeFloatingIp"] = (1, 43), ["os-getVNCConsole"] = (1, 5),
        ["os-getSPICEConsole"] = (1, 5), ["os-getSerialConsole"] = (1, 5), ["os-getRDPConsole"] = (1, 5),
    };

    public IEnumerable<ApiRoute> Routes => [new("POST", "servers/{id}/action", ActAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var name = NameOf(call, body);
        if (name == ConsoleOutput.Action)
        {
            return await console.ReadAsync(call, body);
        }

        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        var action = await parsers.ParseAsync(call, body, name);
        var id = call.ServerId();

        var answer = await submitter.SubmitAsync(call, Request(call, id, action, keyed));
        return answer is { Verdict: AcceptVerdict.Replayed, Replay: { } stored }
            ? await keys.ReplayAsync(call, stored)
            : Located(new ApiAnswer(action.Status, BodyOf(action)), action).WithTask(call.Links, answer.Task);
    }

    /// <summary>The one action of the body, if it is served and the caller may.</summary>
    private static string NameOf(ApiCall call, JsonInput body)
    {
        var action = body.OnlyName();
        if (!ActionParsers.Names.Contains(action))
        {
            throw NotHere(call.Version, action);
        }

        call.NeedAction(action);
        return action;
    }

    private SubmitTask Request(ApiCall call, InstanceId id, ParsedAction action, KeyedCall? keyed)
    {
        var request = TaskSubmitter.Request(call, action.Kind, id) with { Change = action.Change, Parameters = action.Parameters };
        if (action.Password is { } password)
        {
            request.Secrets[SecretNames.AdminPassword] = secrets.Protect(request.Task.Value, SecretNames.AdminPassword, password);
        }

        return keyed is null ? request : request with { Idempotency = keyed.Claim(call.Caller, request.Task, action.Status, action.Body, action.Location) };
    }

    private static ApiAnswer Located(ApiAnswer answer, ParsedAction action) => action.Location is { } location ? answer.With("Location", location) : answer;

    private static JsonObject? BodyOf(ParsedAction action)
    {
        var place = action.Body?["server"] as JsonObject ?? (action.Body?.ContainsKey("adminPass") == true ? action.Body : null);
        if (place is not null)
        {
            place["adminPass"] = action.Password;
        }

        if (place?.ContainsKey("user_data") == true)
        {
            place["user_data"] = action.UserData;
        }

        return action.Body;
    }

    private static ApiFault NotHere(ApiVersion version, string name) =>
        name == "resetNetwork" ? new(410, "This action is gone.")
        : !NotServed.TryGetValue(name, out var range) ? ApiFault.BadRequest($"There is no such action: {name}")
        : version.Minor >= range.From && version.Minor <= range.To ? new(501, $"The action {name} is not served by this deployment yet.")
        : ApiFault.NoSuchResource();
}
