using InstanceTasks.Api.Auth;
using InstanceTasks.Api.ServerGroups;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>Reads servers for one caller.</summary>
internal sealed class ServerReader(IQueries queries, GroupMembers groups, UserData userData)
{
    /// <summary>The server from the path, if the caller may see it and it is not deleted.</summary>
    public Task<ServerView> GetAsync(ApiCall call) => GetAsync(call, call.ServerId());

    public async Task<ServerView> GetAsync(ApiCall call, InstanceId id, bool orDeleted = false)
    {
        var view = await queries.GetServerAsync(id, call.Aborted);
        return view is not null && call.Sees(view.Instance.Project) && (orDeleted || view.Instance.VmState != VmState.Deleted)
            ? view
            : throw ApiFault.NoSuchServer(id.ToString());
    }

    /// <summary>What bodies of these servers need beside the servers.</summary>
    public async Task<ServerExtras> ExtrasAsync(ApiCall call, IReadOnlyList<ServerView> views)
    {
        if (!call.May(Rules.ExtendedAttributes) || !call.AtLeast(3))
        {
            return ServerExtras.None;
        }

        var hosts = call.AtLeast(16) ? await queries.ListHostsAsync(call.Aborted) : [];
        var data = new Dictionary<InstanceId, string>();
        foreach (var instance in views.Select(v => v.Instance).Where(i => i.UserDataSet))
        {
            if (await userData.ReadAsync(instance, call.Aborted) is { } text)
            {
                data[instance.Id] = text;
            }
        }

        return new(hosts.ToDictionary(h => h.Host), data);
    }

    public async Task<ServerBody> BodyAsync(ApiCall call, params IReadOnlyList<ServerView> views)
    {
        var extras = await ExtrasAsync(call, views);
        return new(call, call.AtLeast(71) && views is [{ Instance.ServerGroup: { } group }] && await groups.FindAsync(call, group) is not null ? extras with { Group = group } : extras);
    }
}
