using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Hosts;

/// <summary><c>/os-hypervisors</c> (nova-api §6.3): one for each host.</summary>
internal sealed class HypervisorResource(IQueries queries, IHostControl control, IDocumentStore documents, IOptions<ApiOptions> options) : IApiResource
{
    private const int StatisticsUntil = 87;

    private readonly Records<ServiceRecord> _services = new(documents, "service");

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-hypervisors", call => ListAsync(call, detail: false)),
        new("GET", "os-hypervisors/detail", call => ListAsync(call, detail: true)),
        new("GET", "os-hypervisors/statistics", StatisticsAsync, To: StatisticsUntil),
        new("GET", "os-hypervisors/{hypervisor}", ShowAsync),
        new("GET", "os-hypervisors/{hypervisor}/uptime", UptimeAsync, To: StatisticsUntil),
        new("GET", "os-hypervisors/{hypervisor}/search", call => SearchAsync(call, withServers: false), To: 52),
        new("GET", "os-hypervisors/{hypervisor}/servers", call => SearchAsync(call, withServers: true), To: 52),
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call, bool detail)
    {
        CheckQuery(call);
        var hosts = (await queries.ListHostsAsync(call.Aborted)).OrderBy(h => h.Host.Value, StringComparer.Ordinal).ToList();
        if (call.AtLeast(53) && call.Query.Text("hypervisor_hostname_pattern") is { } pattern)
        {
            hosts = hosts.FindAll(h => h.Host.Value.Contains(pattern, StringComparison.OrdinalIgnoreCase));
            if (hosts.Count == 0)
            {
                throw ApiFault.NotFound($"No hypervisor matching '{pattern}' could be found.");
            }
        }

        var (page, limit) = PageOf(call, hosts);
        var view = await ViewAsync(call, page, withServers: call.AtLeast(53) && call.Query.Bool("with_servers") == true);
        var body = new JsonObject { ["hypervisors"] = new JsonArray([.. page.Select(h => detail ? view.Full(h) : view.Brief(h))]) };
        if (call.AtLeast(33) && call.Query.Has("limit") && page.Count > 0)
        {
            Paging.AddNext(body, "hypervisors_links", call, page.Count, limit, view.IdOf(page[^1])!.ToString());
        }

        return ApiAnswer.Ok(body);
    }

    private static void CheckQuery(ApiCall call)
    {
        string[] known = call.AtLeast(53) ? ["limit", "marker", "hypervisor_hostname_pattern", "with_servers"] : call.AtLeast(33) ? ["limit", "marker"] : [];
        if (call.AtLeast(53))
        {
            call.Query.Only(known);
        }

        if (call.AtLeast(53) && call.Query.Has("hypervisor_hostname_pattern") && (call.Query.Has("limit") || call.Query.Has("marker")))
        {
            throw ApiFault.BadRequest("Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.");
        }
    }

    private static (List<HostView> Page, int Limit) PageOf(ApiCall call, List<HostView> hosts)
    {
        if (!call.AtLeast(33))
        {
            return (hosts, int.MaxValue);
        }

        var (limit, marker) = (call.Query.Limit(), call.Query.Text("marker"));
        var start = marker is null ? 0 : hosts.FindIndex(h => Is(call, h, marker)) + 1;
        return marker is not null && start == 0
            ? throw ApiFault.BadRequest($"marker [{marker}] not found")
            : (hosts.Skip(start).Take(limit).ToList(), limit);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        if (call.AtLeast(53))
        {
            call.Query.Only("with_servers");
        }

        var host = await FindAsync(call);
        var view = await ViewAsync(call, [host], withServers: call.AtLeast(53) && call.Query.Bool("with_servers") == true);
        return ApiAnswer.Ok(new JsonObject { ["hypervisor"] = view.Full(host) });
    }

    private async Task<ApiAnswer> UptimeAsync(ApiCall call)
    {
        await FindAsync(call);
        throw new ApiFault(501, "The hypervisor does not tell how long it is up.");
    }

    private async Task<ApiAnswer> SearchAsync(ApiCall call, bool withServers)
    {
        var name = call.Value("hypervisor");
        var hosts = (await queries.ListHostsAsync(call.Aborted)).Where(h => h.Host.Value.Contains(name, StringComparison.OrdinalIgnoreCase)).ToList();
        if (hosts.Count == 0)
        {
            throw ApiFault.NotFound($"No hypervisor matching '{name}' could be found.");
        }

        var view = await ViewAsync(call, hosts, withServers);
        return ApiAnswer.Ok(new JsonObject { ["hypervisors"] = new JsonArray([.. hosts.Select(view.Brief)]) });
    }

    private async Task<ApiAnswer> StatisticsAsync(ApiCall call)
    {
        var hosts = (await queries.ListHostsAsync(call.Aborted)).Where(h => h.Disabled is null).ToList();
        var view = await ViewAsync(call, hosts, withServers: false);
        return ApiAnswer.Ok(new JsonObject { ["hypervisor_statistics"] = view.Sums(hosts) });
    }

    private async Task<HostView> FindAsync(ApiCall call)
    {
        var id = call.Value("hypervisor");
        if (call.AtLeast(53) && !Guid.TryParse(id, out _))
        {
            throw ApiFault.BadRequest($"Invalid uuid {id}");
        }

        return (await queries.ListHostsAsync(call.Aborted)).FirstOrDefault(h => Is(call, h, id)) ?? throw ApiFault.NotFound($"Hypervisor with ID '{id}' could not be found.");
    }

    private static bool Is(ApiCall call, HostView host, string id) => HypervisorView.IdOf(call, host) is var own && own.ToString() == id;

    private async Task<HypervisorView> ViewAsync(ApiCall call, IReadOnlyList<HostView> hosts, bool withServers)
    {
        var servers = new Dictionary<HostName, IReadOnlyList<ServerView>>();
        foreach (var host in withServers ? hosts : [])
        {
            servers[host.Host] = await queries.ListServersAsync(new() { Host = host.Host }, call.Aborted);
        }

        var tasks = (await queries.CountAsync(TimeSpan.Zero, call.Aborted)).Hosts.GroupBy(h => h.Key.Host).ToDictionary(g => g.Key, g => g.Sum(h => h.Value));
        var records = (await _services.ListAsync(call.Aborted)).ToDictionary(r => r.Host, StringComparer.Ordinal);
        return new(call, options.Value.HypervisorType, await control.CountMachinesAsync(call.Aborted), tasks, records, withServers ? servers : null);
    }
}
