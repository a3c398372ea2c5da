using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Hosts;

/// <summary>Hypervisors as a call at its version sees them.</summary>
/// <param name="call">The call.</param>
/// <param name="type">What the hypervisors are.</param>
/// <param name="machines">How many machines have room claimed on each host.</param>
/// <param name="tasks">How many tasks are open on each host.</param>
/// <param name="services">What operators say of the services.</param>
/// <param name="servers">The servers on each host, when they are asked for.</param>
internal sealed class HypervisorView(
    ApiCall call, string type, IReadOnlyDictionary<HostName, int> machines, Dictionary<HostName, int> tasks, Dictionary<string, ServiceRecord> services,
    Dictionary<HostName, IReadOnlyList<ServerView>>? servers)
{
    private const int NumbersUntil = 87;

    /// <summary>A uuid, up to 2.52 a number.</summary>
    public static JsonValue IdOf(ApiCall call, HostView host)
    {
        var id = HostIds.Hypervisor(host.Host);
        return call.AtLeast(53) ? JsonValue.Create(id.ToString()) : JsonValue.Create(HostIds.Number(id));
    }

    public JsonValue IdOf(HostView host) => IdOf(call, host);

    public JsonObject Brief(HostView host)
    {
        var body = new JsonObject
        {
            ["id"] = IdOf(host),
            ["hypervisor_hostname"] = host.Host.Value,
            ["state"] = ServiceResource.StateOf(ServiceOf(host)),
            ["status"] = ServiceResource.StatusOf(host),
        };
        if (servers is not null && (servers[host.Host].Count > 0 || call.AtLeast(75)))
        {
            body["servers"] = new JsonArray([.. servers[host.Host].Select(s => new JsonObject { ["name"] = s.Instance.Name, ["uuid"] = s.Instance.Id.ToString() })]);
        }

        return body;
    }

    public JsonObject Full(HostView host)
    {
        var body = Brief(host);
        body["hypervisor_type"] = type;
        body["hypervisor_version"] = 1;
        // Where the host is reached: today every one is, through a process of this machine.
        body["host_ip"] = "127.0.0.1";
        var service = HostIds.Service(host.Host);
        body["service"] = new JsonObject
        {
            ["id"] = call.AtLeast(53) ? service.ToString() : HostIds.Number(service), ["host"] = host.Host.Value, ["disabled_reason"] = ServiceResource.ReasonOf(host),
        };
        if (call.AtLeast(NumbersUntil + 1))
        {
            body["uptime"] = null;
            return body;
        }

        body["cpu_info"] = call.AtLeast(28) ? new JsonObject() : "";
        foreach (var (name, number) in Numbers(host))
        {
            body[name] = number;
        }

        return body;
    }

    /// <summary>What is counted and added up.</summary>
    public Dictionary<string, int> Numbers(HostView host) => new(StringComparer.Ordinal)
    {
        ["vcpus"] = host.Capacity.Vcpus,
        ["vcpus_used"] = host.Taken.Vcpus,
        ["memory_mb"] = host.Capacity.MemoryMb,
        ["memory_mb_used"] = host.Taken.MemoryMb,
        ["free_ram_mb"] = host.Free.MemoryMb,
        ["local_gb"] = host.Capacity.DiskGb,
        ["local_gb_used"] = host.Taken.DiskGb,
        ["free_disk_gb"] = host.Free.DiskGb,
        ["disk_available_least"] = host.Free.DiskGb,
        ["current_workload"] = tasks.GetValueOrDefault(host.Host),
        ["running_vms"] = machines.GetValueOrDefault(host.Host),
    };

    /// <summary>The same of all hosts together.</summary>
    public JsonObject Sums(IReadOnlyList<HostView> hosts)
    {
        var none = new HostView(default, "", default, default, null);
        var sums = new JsonObject { ["count"] = hosts.Count };
        foreach (var name in Numbers(none).Keys)
        {
            sums[name] = hosts.Sum(h => Numbers(h)[name]);
        }

        return sums;
    }

    private ServiceRecord? ServiceOf(HostView host) => services.GetValueOrDefault(host.Host.Value);
}
