using InstanceTasks.Api.Images;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>
/// Holds every call against the table. What a caller may not see is unknown to him, whatever he wanted of it: a refusal becomes a 404 when the
/// thing in the path belongs to others (nova-api §10).
/// </summary>
internal sealed class PolicyCheck(PolicyTable table, ServerReader servers, TaskReader tasks, ImageCatalog images)
{
    /// <exception cref="InvalidOperationException">A call has no line.</exception>
    public void CheckComplete(IEnumerable<ApiRoute> routes)
    {
        var missing = routes.Where(r => table.Of(r) is null).Select(r => r.Name).Order(StringComparer.Ordinal).ToList();
        if (missing.Count > 0)
        {
            throw new InvalidOperationException($"policy.txt has no line for: {string.Join(", ", missing)}.");
        }
    }

    /// <summary>Whether a call needs no identity.</summary>
    public bool IsOpen(ApiRoute route) => table.Of(route)!.Least == LeastRole.Anyone;

    /// <summary>Answers if the caller may.</summary>
    public async Task<ApiAnswer> GuardAsync(ApiRoute route, ApiCall call, Func<ApiRoute, ApiCall, Task<ApiAnswer>> answer)
    {
        try
        {
            call.Need(table.Of(route)!);
            return await answer(route, call);
        }
        catch (ApiFault fault) when (fault.IsPolicy)
        {
            await CheckVisibleAsync(route, call);
            throw;
        }
    }

    private Task CheckVisibleAsync(ApiRoute route, ApiCall call) => route.Template.Split('/') switch
    {
        ["servers", "{id}", ..] => servers.GetAsync(call, call.ServerId(), orDeleted: true),
        ["tasks", "{task}", ..] => tasks.GetAsync(call),
        [.., "images", "{image}"] => images.GetAsync(call),
        _ => Task.CompletedTask,
    };
}
