using System.Text.Json;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary><c>POST /servers/{id}/action</c> (nova-api §3). Whether the server's state allows it is the engine's to say.</summary>
internal sealed class ServerActions(TaskSubmitter submitter, IdempotencyKeys keys) : IApiResource
{
    /// <summary>Nova's other actions with the microversions that have them: known, and not served yet.</summary>
    private static readonly Dictionary<string, (int From, int To)> NotServed = new(StringComparer.Ordinal)
    {
        ["pause"] = (1, 999), ["unpause"] = (1, 999), ["suspend"] = (1, 999), ["resume"] = (1, 999), ["trigger_crash_dump"] = (17, 999),
        ["rebuild"] = (1, 999), ["resize"] = (1, 999), ["confirmResize"] = (1, 999), ["revertResize"] = (1, 999), ["migrate"] = (1, 999),
        ["os-migrateLive"] = (1, 999), ["evacuate"] = (1, 999), ["createImage"] = (1, 999), ["createBackup"] = (1, 999), ["shelve"] = (1, 999),
        ["shelveOffload"] = (1, 999), ["unshelve"] = (1, 999), ["rescue"] = (1, 999), ["unrescue"] = (1, 999), ["restore"] = (1, 999),
        ["forceDelete"] = (1, 999), ["os-getConsoleOutput"] = (1, 999), ["changePassword"] = (1, 999), ["os-resetState"] = (1, 999),
        ["injectNetworkInfo"] = (1, 999), ["addSecurityGroup"] = (1, 999), ["removeSecurityGroup"] = (1, 999), ["addFixedIp"] = (1, 43),
        ["removeFixedIp"] = (1, 43), ["addFloatingIp"] = (1, 43), ["removeFloatingIp"] = (1, 43), ["os-getVNCConsole"] = (1, 5),
        ["os-getSPICEConsole"] = (1, 5), ["os-getSerialConsole"] = (1, 5), ["os-getRDPConsole"] = (1, 5),
    };

    public IEnumerable<ApiRoute> Routes => [new("POST", "servers/{id}/action", ActAsync) { HasDryRun = true }];

    private async Task<ApiAnswer> ActAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var (kind, change) = Parse(call.Version, body);
        var id = call.ServerId();
        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        var request = TaskSubmitter.Request(call, kind, id) with { Change = change };
        request = keyed is null ? request : request with { Idempotency = keyed.Claim(call.Caller, request.Task, 202, null, null) };
        var answer = await submitter.SubmitAsync(call, request);
        return answer is { Verdict: AcceptVerdict.Replayed, Replay: { } stored }
            ? await keys.ReplayAsync(call, stored)
            : new ApiAnswer(202).WithTask(call.Links, answer.Task);
    }

    private static (TaskKind Kind, InstanceChange? Change) Parse(ApiVersion version, JsonInput body)
    {
        var properties = body.Properties.ToList();
        if (properties.Count != 1)
        {
            throw ApiFault.MalformedBody();
        }

        return properties[0].Name switch
        {
            "os-start" => (TaskKinds.Start, null),
            "os-stop" => (TaskKinds.Stop, null),
            "reboot" => (RebootKind(body), null),
            "lock" => (TaskKinds.Lock, new() { LockedReason = LockedReason(version, body, properties[0].Value) }),
            "unlock" => (TaskKinds.Unlock, null),
            var other => throw NotHere(version, other),
        };
    }

    private static TaskKind RebootKind(JsonInput body)
    {
        var type = body.Object("reboot").Only("type").NeedText("type", t => t.ToUpperInvariant() is "SOFT" or "HARD" ? null : "is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']");
        return string.Equals(type, "HARD", StringComparison.OrdinalIgnoreCase) ? TaskKinds.HardReboot : TaskKinds.Reboot;
    }

    /// <summary>Before 2.73 the value is not looked at; null is always allowed.</summary>
    private static string? LockedReason(ApiVersion version, JsonInput body, JsonElement value) =>
        !version.AtLeast(73) || value.ValueKind == JsonValueKind.Null
            ? null
            : body.Object("lock").Only("locked_reason").Text("locked_reason", Lexical.NonEmpty);

    private static ApiFault NotHere(ApiVersion version, string name) =>
        name == "resetNetwork" ? new(410, "This action is gone.")
        : !NotServed.TryGetValue(name, out var range) ? ApiFault.BadRequest($"There is no such action: {name}")
        : version.Minor >= range.From && version.Minor <= range.To ? new(501, $"The action {name} is not served by this deployment yet.")
        : ApiFault.NoSuchResource();
}
