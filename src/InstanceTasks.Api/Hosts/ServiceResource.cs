using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Hosts;

/// <summary>
/// <c>/os-services</c> (nova-api §6.3): one <c>nova-compute</c> for each host. Disabling it keeps placement away from the host; what is there stays and works.
/// </summary>
internal sealed class ServiceResource(IQueries queries, IHostControl control, IDocumentStore documents, TimeProvider time) : IApiResource
{
    private const string Binary = "nova-compute";

    private readonly Records<ServiceRecord> _records = new(documents, "service");

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-services", ListAsync),
        new("PUT", "os-services/enable", call => ByNameAsync(call, input => new("enabled", null, null), Brief), To: 52) { RecordsKey = true },
        new("PUT", "os-services/disable", call => ByNameAsync(call, input => new("disabled", null, null), Brief), To: 52) { RecordsKey = true },
        new("PUT", "os-services/disable-log-reason", call => ByNameAsync(call, input => new("disabled", input.NeedText("disabled_reason", Reason), null), WithReason, "disabled_reason"), To: 52) { RecordsKey = true },
        new("PUT", "os-services/force-down", call => ByNameAsync(call, input => new(null, null, NeedBool(input, "forced_down")), Forced, "forced_down"), From: 11, To: 52) { RecordsKey = true },
        new("PUT", "os-services/{service}", ByIdAsync, From: 53) { RecordsKey = true },
        new("DELETE", "os-services/{service}", DeleteAsync) { RecordsKey = true },
    ];

    private static string? Reason(string text) => Lexical.NonEmpty(text) ?? (text.Trim().Length == 0 ? "is empty" : null);

    private static bool NeedBool(JsonInput input, string name) => input.Bool(name) ?? throw ApiFault.BadRequest($"'{name}' is a required property");

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only("binary", "host");
        }

        var (binary, host) = (call.Query.Text("binary"), call.Query.Text("host"));
        var hosts = await queries.ListHostsAsync(call.Aborted);
        var records = (await _records.ListAsync(call.Aborted)).ToDictionary(r => r.Host, StringComparer.Ordinal);
        var shown = hosts.Where(h => binary is null or Binary && (host is null || host == h.Host.Value)).Select(h => Full(call, h, records.GetValueOrDefault(h.Host.Value)));
        return ApiAnswer.Ok(new JsonObject { ["services"] = new JsonArray([.. shown]) });
    }

    private async Task<ApiAnswer> ByNameAsync(ApiCall call, Func<JsonInput, ServiceChange> change, Func<HostView, ServiceRecord?, JsonObject> shape, params string[] more)
    {
        var input = (await call.BodyAsync()).Only(["host", "binary", .. more]);
        var (host, binary) = (input.NeedText("host", Lexical.NonEmpty), input.NeedText("binary", Lexical.NonEmpty));
        var asked = change(input);
        var found = binary == Binary ? await FindAsync(call, h => h.Host.Value == host) : null;
        var (view, record) = await ChangeAsync(call, found ?? throw ApiFault.NotFound($"Could not find binary {binary} on host {host}."), asked);
        return ApiAnswer.Ok(new JsonObject { ["service"] = shape(view, record) });
    }

    private async Task<ApiAnswer> ByIdAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("status", "disabled_reason", "forced_down");
        if (!input.Properties.Any())
        {
            throw ApiFault.BadRequest("No updates were requested. Fields 'status' or 'forced_down' should be specified.");
        }

        var change = new ServiceChange(
            input.Text("status", t => t is "enabled" or "disabled" ? null : "is not one of ['enabled', 'disabled']"), input.Text("disabled_reason", Reason), input.Bool("forced_down"));
        if (change is { Reason: not null, Status: not "disabled" })
        {
            throw ApiFault.BadRequest("Specifying disabled_reason is invalid when status is not disabled.");
        }

        var (view, record) = await ChangeAsync(call, await NeedAsync(call), change);
        return ApiAnswer.Ok(new JsonObject { ["service"] = Full(call, view, record) });
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var view = await NeedAsync(call);
        throw ApiFault.Conflict($"The service on host {view.Host} is registered by the process that reaches its hypervisor: disable it, or take the host out of that one's configuration.");
    }

    private async Task<HostView> NeedAsync(ApiCall call)
    {
        var id = call.Value("service");
        var found = call.AtLeast(53)
            ? Guid.TryParse(id, out var uuid) ? await FindAsync(call, h => HostIds.Service(h.Host) == uuid) : throw ApiFault.BadRequest($"Invalid uuid {id}")
            : int.TryParse(id, out var number) ? await FindAsync(call, h => HostIds.Number(HostIds.Service(h.Host)) == number) : throw ApiFault.BadRequest($"Invalid value for id: {id}");
        return found ?? throw ApiFault.NotFound($"Service {id} could not be found.");
    }

    private async Task<HostView?> FindAsync(ApiCall call, Func<HostView, bool> match) => (await queries.ListHostsAsync(call.Aborted)).FirstOrDefault(match);

    private async Task<(HostView, ServiceRecord?)> ChangeAsync(ApiCall call, HostView host, ServiceChange change)
    {
        if (change.Status is { } status)
        {
            // A host is disabled for a reason, and be it the empty one.
            await control.SetDisabledAsync(host.Host, status == "enabled" ? null : change.Reason ?? "", call.Aborted);
        }

        var record = await _records.ChangeAsync(
            host.Host.Value, r => r with { ForcedDown = change.ForcedDown ?? r.ForcedDown, UpdatedAt = time.GetUtcNow() }, call.Aborted, new ServiceRecord(host.Host.Value, false, default));
        return (await FindAsync(call, h => h.Host == host.Host) ?? host, record);
    }

    private static JsonObject Brief(HostView host, ServiceRecord? record) => new()
    {
        ["binary"] = Binary, ["host"] = host.Host.Value, ["status"] = StatusOf(host),
    };

    private static JsonObject WithReason(HostView host, ServiceRecord? record)
    {
        var body = Brief(host, record);
        body["disabled_reason"] = ReasonOf(host);
        return body;
    }

    private static JsonObject Forced(HostView host, ServiceRecord? record) => new()
    {
        ["binary"] = Binary, ["host"] = host.Host.Value, ["forced_down"] = record?.ForcedDown ?? false,
    };

    private static JsonObject Full(ApiCall call, HostView host, ServiceRecord? record)
    {
        var id = HostIds.Service(host.Host);
        var body = new JsonObject
        {
            ["id"] = call.AtLeast(53) ? id.ToString() : HostIds.Number(id),
            ["binary"] = Binary,
            ["host"] = host.Host.Value,
            ["zone"] = host.Zone,
            ["status"] = StatusOf(host),
            ["state"] = StateOf(record),
            ["updated_at"] = WireTime.Micros(record?.UpdatedAt),
            ["disabled_reason"] = ReasonOf(host),
        };
        if (call.AtLeast(11))
        {
            body["forced_down"] = record?.ForcedDown ?? false;
        }

        return body;
    }

    internal static string StateOf(ServiceRecord? record) => record?.ForcedDown == true ? "down" : "up";

    internal static string StatusOf(HostView host) => host.Disabled is null ? "enabled" : "disabled";

    internal static string? ReasonOf(HostView host) => host.Disabled is { Length: > 0 } reason ? reason : null;

    private sealed record ServiceChange(string? Status, string? Reason, bool? ForcedDown);
}

/// <summary>What operators say of a service beside what its host knows.</summary>
/// <param name="Host">The host.</param>
/// <param name="ForcedDown">An operator says that it is down.</param>
/// <param name="UpdatedAt">When an operator last changed something about it.</param>
internal sealed record ServiceRecord(string Host, bool ForcedDown, DateTimeOffset UpdatedAt);
