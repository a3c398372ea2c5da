using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;

namespace InstanceTasks.Grains;

/// <summary>What is different between a server's record and the hosts.</summary>
/// <param name="Kind"><c>missing</c>, <c>incomplete</c>, <c>resize</c>, <c>power</c>, <c>unknown</c> or <c>unreachable</c>.</param>
/// <param name="Subject">The server, the machine or the host.</param>
/// <param name="Text">For people.</param>
public sealed record MachineDifference(string Kind, string Subject, string Text);

/// <summary>
/// Compares the machines of all hosts with the servers, and changes nothing: for an operator who has restored a database. Servers that a task has, or that wait for an operator's
/// decision, are left to those.
/// </summary>
public sealed class MachineComparison(IHypervisorHosts hosts, IQueries queries)
{
    private const int PageSize = 1000;

    /// <summary>Reads and compares everything.</summary>
    public async Task<IReadOnlyList<MachineDifference>> RunAsync(CancellationToken cancellationToken = default)
    {
        var (machines, unreachable) = await ReadMachinesAsync(cancellationToken);
        var servers = await ReadServersAsync(cancellationToken);
        return [.. unreachable, .. NotReached(servers, machines, unreachable), .. Different(servers, machines), .. Unknown(servers, machines)];
    }

    /// <summary>What is on each host that could be asked, and those that could not.</summary>
    private async Task<(Dictionary<HostName, Dictionary<InstanceId, MachineView>> Machines, List<MachineDifference> Unreachable)> ReadMachinesAsync(CancellationToken cancellationToken)
    {
        var machines = new Dictionary<HostName, Dictionary<InstanceId, MachineView>>();
        var unreachable = new List<MachineDifference>();
        foreach (var host in (await hosts.ReadHostsAsync(cancellationToken)).Select(h => h.Host))
        {
            try
            {
                machines[host] = (await hosts.ListAsync(host, cancellationToken)).ToDictionary(m => m.Machine);
            }
            catch (HypervisorException e)
            {
                unreachable.Add(new("unreachable", $"{host}", e.Failure.Message));
            }
        }

        return (machines, unreachable);
    }

    private static IEnumerable<MachineDifference> NotReached(
        Dictionary<InstanceId, ServerView> servers, Dictionary<HostName, Dictionary<InstanceId, MachineView>> machines, List<MachineDifference> told) =>
        servers.Values.Select(s => s.Instance.Host).OfType<HostName>().Distinct()
            .Where(h => !machines.ContainsKey(h) && !told.Exists(d => d.Subject == $"{h}"))
            .Select(h => new MachineDifference("unreachable", $"{h}", "it has servers, and this process does not reach it"));

    private static IEnumerable<MachineDifference> Different(Dictionary<InstanceId, ServerView> servers, Dictionary<HostName, Dictionary<InstanceId, MachineView>> machines) =>
        servers.Values.Select(s => s.Instance)
            .Select(s => s.Host is { } host && machines.TryGetValue(host, out var there) ? Compare(s, there.GetValueOrDefault(s.Id)) : null)
            .OfType<MachineDifference>();

    // Also of a server that a task has: one that has not chosen a host yet would make a second machine somewhere else.
    private static IEnumerable<MachineDifference> Unknown(Dictionary<InstanceId, ServerView> servers, Dictionary<HostName, Dictionary<InstanceId, MachineView>> machines) =>
        machines.SelectMany(h => h.Value.Keys.Select(m => (Host: h.Key, Machine: m)))
            .Where(m => !servers.TryGetValue(m.Machine, out var server) || (server.Holder?.Host ?? server.Instance.Host) != m.Host)
            .Select(m => new MachineDifference("unknown", $"{m.Machine}", $"host {m.Host} has a machine that belongs to no server there"));

    private async Task<Dictionary<InstanceId, ServerView>> ReadServersAsync(CancellationToken cancellationToken)
    {
        var servers = new Dictionary<InstanceId, ServerView>();
        InstanceId? last = null;
        while (await queries.ListServersAsync(new ServerFilter { Limit = PageSize, Marker = last }, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var server in page)
            {
                servers[server.Instance.Id] = server;
            }

            last = page[^1].Instance.Id;
        }

        return servers;
    }

    private static bool IsIdle(InstanceRecord server) => server.Holder is null && server.Attention.Count == 0 && server.VmState is not (VmState.Error or VmState.Building);

    private static MachineDifference? Compare(InstanceRecord server, MachineView? machine) => machine switch
    {
        _ when !IsIdle(server) => null,
        null => new("missing", $"{server.Id}", $"{server.Name} is {server.VmState}, and host {server.Host} has no machine of it"),
        { Defined: false } or { HasDisk: false } => new("incomplete", $"{server.Id}", $"{server.Name} is {server.VmState}, and its machine on host {server.Host} lacks its {(machine.Defined ? "disk" : "definition")}"),
        _ when machine.Aside != (server.Resize is not null) => new("resize", $"{server.Id}", $"{server.Name} {(server.Resize is null ? "has no resize to confirm" : "is to confirm a resize")}, and on host {server.Host} {(machine.Aside ? "its machine of before one is set aside" : "none is set aside")}"),
        _ when machine.Power != server.Power => new("power", $"{server.Id}", $"{server.Name} is {server.VmState} ({server.Power}), and its machine on host {server.Host} is {machine.Power}"),
        _ => null,
    };
}
