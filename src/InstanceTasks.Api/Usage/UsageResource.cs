using System.Globalization;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Usage;

/// <summary>
/// <c>/os-simple-tenant-usage</c> (nova-api §6.5): for how long servers were there, by the flavor that they have, computed from their rows. What retention has purged is not counted: an answer that may lack some of it
/// says so, in a header with the time from which on usage is complete.
/// </summary>
internal sealed class UsageResource(IQueries queries, IRetention retention, TimeProvider time) : IApiResource
{
    private const string CompleteFrom = "OpenStack-Usage-Complete-From";

    // Without a start Nova reports the last four weeks.
    private static readonly TimeSpan Usual = TimeSpan.FromDays(28);

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-simple-tenant-usage", ListAsync),
        new("GET", "os-simple-tenant-usage/{project}", ShowAsync),
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        var span = SpanOf(call);
        var detailed = call.Query.Text("detailed") == "1";
        var servers = await ServersAsync(call, project: null, span);
        var usages = servers.GroupBy(s => s.Instance.Project).OrderBy(g => g.Key.Value, StringComparer.Ordinal).Select(g => BodyOf(g.Key, [.. g], span, detailed));
        var body = new JsonObject { ["tenant_usages"] = new JsonArray([.. usages]) };
        AddNext(call, body, "tenant_usages_links", servers);
        return await AnswerAsync(call, body, span);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var project = new ProjectId(call.Value("project"));
        if (!call.Sees(project))
        {
            throw ApiFault.Policy("os-simple-tenant-usage:show");
        }

        var span = SpanOf(call);
        var servers = await ServersAsync(call, project, span);
        var body = new JsonObject { ["tenant_usage"] = servers.Count == 0 ? new JsonObject() : BodyOf(project, servers, span, detailed: true) };
        AddNext(call, body, "tenant_usage_links", servers);
        return await AnswerAsync(call, body, span);
    }

    // After the servers were read: what was purged by then is known now.
    private async Task<ApiAnswer> AnswerAsync(ApiCall call, JsonObject body, Span span)
    {
        var answer = ApiAnswer.Ok(body);
        if ((await retention.ReadRetentionAsync(call.Aborted)).UsageFrom is { } from && span.Start < from)
        {
            answer.Headers[CompleteFrom] = WireTime.Micros(from);
        }

        return answer;
    }

    private Span SpanOf(ApiCall call)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only("start", "end", "detailed", "limit", "marker");
        }

        var now = time.GetUtcNow();
        var end = TimeOf(call, "end") ?? now;
        var start = TimeOf(call, "start") ?? (end - DateTimeOffset.MinValue > Usual ? end - Usual : DateTimeOffset.MinValue);
        return start < end ? new(start, end, now) : throw ApiFault.BadRequest("Invalid start time. The start time cannot occur after the end time.");
    }

    // Python writes them with a blank, and with or without the part below seconds.
    private static DateTimeOffset? TimeOf(ApiCall call, string name) => call.Query.Text(name) is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParseExact(
            text, ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFF"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value)
        ? value
        : throw ApiFault.BadRequest("Datetime is in invalid format");

    private async Task<List<ServerView>> ServersAsync(ApiCall call, ProjectId? project, Span span)
    {
        var (paged, found) = (call.AtLeast(40), new List<ServerView>());
        var limit = paged ? call.Query.Limit() : int.MaxValue;
        var marker = paged && call.Query.Text("marker") is { } text
            ? InstanceId.TryParse(text, out var id) ? id : throw ApiFault.BadRequest($"marker [{text}] not found")
            : (InstanceId?)null;
        IReadOnlyList<ServerView> page;
        do
        {
            page = await queries.ListServersAsync(new() { Project = project, Deleted = null, Marker = marker, Sort = [("created_at", false)] }, call.Aborted);
            found.AddRange(page.Where(s => span.Touches(s.Instance)).Take(limit - found.Count));
            marker = page.Count > 0 ? page[^1].Instance.Id : null;
        }
        while (page.Count == QueryInput.MaxLimit && found.Count < limit);
        return found;
    }

    private static void AddNext(ApiCall call, JsonObject body, string name, List<ServerView> servers)
    {
        if (call.AtLeast(40) && servers.Count > 0)
        {
            Paging.AddNext(body, name, call, servers.Count, call.Query.Limit(), servers[^1].Instance.Id.ToString());
        }
    }

    private static JsonObject BodyOf(ProjectId project, IReadOnlyList<ServerView> servers, Span span, bool detailed)
    {
        var body = new JsonObject
        {
            ["tenant_id"] = project.Value,
            ["start"] = WireTime.Micros(span.Start),
            ["stop"] = WireTime.Micros(span.End),
            ["total_hours"] = servers.Sum(s => span.Hours(s.Instance)),
            ["total_local_gb_usage"] = servers.Sum(s => span.Hours(s.Instance) * LocalGb(s.Instance)),
            ["total_memory_mb_usage"] = servers.Sum(s => span.Hours(s.Instance) * s.Instance.Flavor.RamMb),
            ["total_vcpus_usage"] = servers.Sum(s => span.Hours(s.Instance) * s.Instance.Flavor.Vcpus),
        };
        if (detailed)
        {
            body["server_usages"] = new JsonArray([.. servers.Select(s => ServerOf(s.Instance, span))]);
        }

        return body;
    }

    private static int LocalGb(InstanceRecord instance) => instance.Flavor.DiskGb + instance.Flavor.EphemeralGb;

    private static JsonObject ServerOf(InstanceRecord instance, Span span) => new()
    {
        ["instance_id"] = instance.Id.ToString(),
        ["name"] = instance.Name,
        ["hours"] = span.Hours(instance),
        ["flavor"] = instance.Flavor.Name,
        ["vcpus"] = instance.Flavor.Vcpus,
        ["memory_mb"] = instance.Flavor.RamMb,
        ["local_gb"] = LocalGb(instance),
        ["tenant_id"] = instance.Project.Value,
        ["started_at"] = WireTime.Micros(instance.LaunchedAt!.Value),
        ["ended_at"] = WireTime.Micros(instance.TerminatedAt),
        ["state"] = instance.TerminatedAt is null ? ServerStatus.WireName(instance.VmState) : "terminated",
        ["uptime"] = (long)((instance.TerminatedAt ?? span.Now) - instance.LaunchedAt!.Value).TotalSeconds,
    };

    private sealed record Span(DateTimeOffset Start, DateTimeOffset End, DateTimeOffset Now)
    {
        public bool Touches(InstanceRecord instance) => instance.LaunchedAt is { } launched && launched < End && (instance.TerminatedAt ?? DateTimeOffset.MaxValue) > Start;

        public double Hours(InstanceRecord instance)
        {
            var from = Math.Max(instance.LaunchedAt!.Value.UtcTicks, Start.UtcTicks);
            // What is still there is counted until now, and not beyond.
            var until = Math.Min((instance.TerminatedAt ?? Now).UtcTicks, End.UtcTicks);
            return TimeSpan.FromTicks(Math.Max(0, until - from)).TotalHours;
        }
    }
}
