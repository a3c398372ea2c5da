namespace InstanceTasks.Engine;

/// <summary>
/// Places servers of groups. The choice of a host is written into the group before the room is claimed, and only over the version that it was made from: of two servers that choose at the same time
/// one sees the other's choice, so that a policy holds whatever happens at once.
/// </summary>
public sealed class ServerGroups(IDocumentStore documents, IJournal journal)
{
    // A group has few servers: as many losses in a row are not by chance.
    private const int Tries = 50;

    /// <summary>The hosts in the order in which the group of the task's server likes them.</summary>
    internal async Task<IReadOnlyList<HostView>> OrderAsync(TaskRecord task, IReadOnlyList<HostView> hosts) =>
        GroupOf(task) is { } id && await ReadAsync(id) is { } read ? GroupRules.Order(read.Group, await OthersAsync(read.Group, task.Instance), hosts) : hosts;

    /// <summary>Chooses a host for the task's server; not null: why its group forbids that.</summary>
    internal async Task<string?> ChooseAsync(TaskRecord task, HostName host)
    {
        if (GroupOf(task) is not { } id)
        {
            return null;
        }

        for (var i = 0; i < Tries; i++)
        {
            if (await ReadAsync(id) is not { } read)
            {
                // It was deleted: what is left of it asks for nothing.
                return null;
            }

            if (GroupRules.ReasonAgainst(read.Group, await OthersAsync(read.Group, task.Instance), host) is { } reason)
            {
                return reason;
            }

            var members = new Dictionary<Guid, GroupMember>(read.Group.Members) { [task.Instance.Value] = new(task.CreatedAt, host.Value) };
            if (await documents.PutDocumentAsync(read.Document with { Body = EngineJson.Write(read.Group with { Members = members }) }))
            {
                return null;
            }
        }

        return "too many servers of the group were placed at once";
    }

    private static Guid? GroupOf(TaskRecord task) => task.Parameters.TryGetValue(TaskParameters.ServerGroup, out var text) ? Guid.Parse(text) : null;

    private async Task<(Document Document, ServerGroup Group)?> ReadAsync(Guid id) =>
        await documents.GetDocumentAsync(ServerGroup.DocumentKind, id.ToString()) is { } document ? (document, EngineJson.Read<ServerGroup>(document.Body)) : null;

    private async Task<IReadOnlyCollection<HostName>> OthersAsync(ServerGroup group, InstanceId own)
    {
        var hosts = new List<HostName>();
        foreach (var (id, member) in group.Members.Where(m => m.Key != own.Value))
        {
            if (WhereIs(await journal.ReadInstanceAsync(new(id)), member.Host) is { } host)
            {
                hosts.Add(host);
            }
        }

        return hosts;
    }

    // While a task has it, it may be on its way to where was chosen; otherwise its record knows.
    private static HostName? WhereIs(InstanceRecord? instance, string? chosen) =>
        instance is null or { VmState: VmState.Deleted } ? null
        : instance.Host is { } host ? host
        : instance.Holder is not null && chosen is not null ? new HostName(chosen)
        : null;
}
