namespace InstanceTasks.Engine;

/// <summary>What a group says to a host. Pure.</summary>
internal static class GroupRules
{
    /// <summary>Why the policy forbids the host; null: it does not.</summary>
    /// <param name="group">The group.</param>
    /// <param name="others">Where its other servers are.</param>
    /// <param name="host">The host.</param>
    public static string? ReasonAgainst(ServerGroup group, IReadOnlyCollection<HostName> others, HostName host) => group.Policy switch
    {
        GroupPolicy.Affinity when others.Count > 0 && !others.Contains(host) => $"server group {group.Name} is on {string.Join(", ", others.Distinct())}",
        GroupPolicy.AntiAffinity when others.Count(o => o == host) >= (group.MaxPerHost ?? 1) => $"has as many servers of server group {group.Name} as may share a host",
        _ => null,
    };

    /// <summary>The hosts in the order in which the policy likes them; among equals as they were.</summary>
    public static IReadOnlyList<HostView> Order(ServerGroup group, IReadOnlyCollection<HostName> others, IReadOnlyList<HostView> hosts) => group.Policy switch
    {
        GroupPolicy.Affinity or GroupPolicy.SoftAffinity => [.. hosts.OrderByDescending(h => others.Count(o => o == h.Host))],
        _ => [.. hosts.OrderBy(h => others.Count(o => o == h.Host))],
    };
}
