using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary>Flavors as a caller sees them: all public ones, the private ones that his project may use, and for administrators every one.</summary>
internal sealed class VisibleFlavors(ICatalog catalog, IDocumentStore documents)
{
    private readonly Records<FlavorProjects> _access = new(documents, "flavor-access");

    /// <summary>The flavor, if the caller sees it.</summary>
    public async Task<Flavor?> FindAsync(ApiCall call, string id) =>
        await catalog.GetFlavorAsync(id, call.Aborted) is { } flavor && await SeesAsync(call, flavor) ? flavor : null;

    /// <summary>The flavor, or a fault of 404.</summary>
    public async Task<Flavor> NeedAsync(ApiCall call) => await FindAsync(call, call.Value("flavor")) ?? throw Unknown(call.Value("flavor"));

    /// <summary>All that the caller sees, by id.</summary>
    public async Task<IReadOnlyList<Flavor>> ListAsync(ApiCall call)
    {
        var all = await catalog.ListFlavorsAsync(call.Aborted);
        if (call.IsAdmin)
        {
            return all;
        }

        var shared = (await _access.ListAsync(call.Aborted)).Where(a => a.Projects.Contains(call.Caller.Project.Value)).Select(a => a.Flavor).ToHashSet(StringComparer.Ordinal);
        return [.. all.Where(f => f.IsPublic || shared.Contains(f.Id))];
    }

    /// <summary>The projects that may use a private flavor.</summary>
    public async Task<IReadOnlyList<string>> ProjectsAsync(Flavor flavor, CancellationToken cancellationToken) => (await _access.FindAsync(flavor.Id, cancellationToken))?.Projects ?? [];

    /// <summary>Lets a project use a private flavor. False: it may already.</summary>
    public Task<bool> AddAsync(Flavor flavor, string project, CancellationToken cancellationToken) => ChangeAsync(flavor, projects => projects.Contains(project) ? null : [.. projects, project], cancellationToken);

    /// <summary>Takes that back. False: it may not anyway.</summary>
    public Task<bool> RemoveAsync(Flavor flavor, string project, CancellationToken cancellationToken) =>
        ChangeAsync(flavor, projects => projects.Contains(project) ? [.. projects.Where(p => p != project)] : null, cancellationToken);

    /// <summary>A flavor of the same id that comes later starts with nobody.</summary>
    public Task ForgetAsync(string flavor, CancellationToken cancellationToken) => _access.DeleteAsync(flavor, cancellationToken);

    public static ApiFault Unknown(string id) => ApiFault.NotFound($"Flavor {id} could not be found.");

    private async Task<bool> SeesAsync(ApiCall call, Flavor flavor) =>
        flavor.IsPublic || call.IsAdmin || (await ProjectsAsync(flavor, call.Aborted)).Contains(call.Caller.Project.Value);

    private async Task<bool> ChangeAsync(Flavor flavor, Func<List<string>, List<string>?> change, CancellationToken cancellationToken)
    {
        var changed = false;
        await _access.ChangeAsync(
            flavor.Id,
            before =>
            {
                var after = change(before.Projects);
                changed = after is not null;
                return after is null ? before : before with { Projects = after };
            },
            cancellationToken,
            new FlavorProjects(flavor.Id, []));
        return changed;
    }
}

/// <summary>Who may use a private flavor.</summary>
/// <param name="Flavor">The flavor's id.</param>
/// <param name="Projects">The projects.</param>
internal sealed record FlavorProjects(string Flavor, List<string> Projects);
