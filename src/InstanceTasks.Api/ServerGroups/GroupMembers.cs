using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.ServerGroups;

/// <summary>Who is in a server group. A server is in it before its create is asked for, so that the limit holds whatever is asked at once; one that never came to be leaves it again.</summary>
internal sealed class GroupMembers(IDocumentStore documents, IQueries queries, TimeProvider time, IOptions<ApiOptions> options)
{
    // A create is accepted within seconds or never.
    private static readonly TimeSpan NeverAfter = TimeSpan.FromMinutes(10);

    private readonly Records<ServerGroup> _groups = new(documents, ServerGroup.DocumentKind);

    /// <summary>The group, if it is there and the caller may see it.</summary>
    public async Task<ServerGroup?> FindAsync(ApiCall call, Guid id) =>
        await _groups.FindAsync(id.ToString(), call.Aborted) is { } group && call.Sees(group.Project) ? group : null;

    /// <summary>How many groups a project has.</summary>
    public async Task<int> CountAsync(ProjectId project, CancellationToken cancellationToken) => (await _groups.ListAsync(cancellationToken)).Count(g => g.Project == project);

    /// <summary>The servers of a group that are there.</summary>
    public async Task<IReadOnlyList<InstanceId>> LivingAsync(ServerGroup group, CancellationToken cancellationToken)
    {
        var living = new List<InstanceId>();
        foreach (var id in group.Members.Keys.Select(m => new InstanceId(m)))
        {
            if (await queries.GetServerAsync(id, cancellationToken) is { Instance.VmState: not VmState.Deleted })
            {
                living.Add(id);
            }
        }

        return living;
    }

    /// <summary>Asks for creates in a group.</summary>
    /// <exception cref="ApiFault">There is no such group, it is full, or the creates are refused: then their servers are not in it.</exception>
    public async Task<AcceptAnswer> WithMembersAsync(ApiCall call, Guid? group, SubmitTask request, Func<Task<AcceptAnswer>> submit)
    {
        if (group is not { } id || call.IsDryRun)
        {
            return await submit();
        }

        InstanceId[] added = request.Children is { } children ? [.. Enumerable.Range(0, children.Total).Select(i => children.InstanceOf(request.Task, i))] : [request.Instance];
        await JoinAsync(call, id, added);
        try
        {
            return await submit();
        }
        catch (ApiFault fault) when (fault.Status < 500)
        {
            await ChangeAsync(id, g => g with { Members = Without(g, added.Select(a => a.Value)) }, CancellationToken.None);
            throw;
        }
    }

    private async Task JoinAsync(ApiCall call, Guid id, InstanceId[] added)
    {
        var now = time.GetUtcNow();
        var group = await FindAsync(call, id) ?? throw ApiFault.BadRequest($"Instance group {id} could not be found.");
        var gone = await GoneAsync(group, now, call.Aborted);
        _ = await ChangeAsync(id, g => Joined(g, added, gone, now), call.Aborted) ?? throw ApiFault.BadRequest($"Instance group {id} could not be found.");
    }

    private ServerGroup Joined(ServerGroup group, InstanceId[] added, IReadOnlyCollection<Guid> gone, DateTimeOffset now)
    {
        var members = Without(group, gone);
        foreach (var instance in added)
        {
            members.TryAdd(instance.Value, new(now));
        }

        return members.Count <= options.Value.MaxServerGroupMembers
            ? group with { Members = members }
            : throw new ApiFault(403, $"Quota exceeded, too many servers in group {group.Id}.");
    }

    private static Dictionary<Guid, GroupMember> Without(ServerGroup group, IEnumerable<Guid> gone)
    {
        var left = gone.ToHashSet();
        return group.Members.Where(m => !left.Contains(m.Key)).ToDictionary();
    }

    private async Task<IReadOnlyCollection<Guid>> GoneAsync(ServerGroup group, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var gone = new List<Guid>();
        foreach (var (id, member) in group.Members)
        {
            var server = await queries.GetServerAsync(new(id), cancellationToken);
            if (server is { Instance.VmState: VmState.Deleted } || (server is null && now - member.Since > NeverAfter))
            {
                gone.Add(id);
            }
        }

        return gone;
    }

    private Task<ServerGroup?> ChangeAsync(Guid id, Func<ServerGroup, ServerGroup> change, CancellationToken cancellationToken) => _groups.ChangeAsync(id.ToString(), change, cancellationToken);
}
