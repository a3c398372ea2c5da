using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>
/// Projects and users of the users file, as much as clients look up by name (nova-api §7.3): administrators find all, others themselves and their own projects. Names are ids.
/// </summary>
internal sealed class IdentityDirectory(UsersFile users) : IApiResource
{
    public IEnumerable<ApiRoute> RootRoutes =>
    [
        new("GET", "identity/v3/projects", call => ListAsync(call, "projects", ProjectsFor(call), ProjectBody)),
        new("GET", "identity/v3/projects/{project}", call => ShowAsync(call, "project", ProjectsFor(call), ProjectBody)),
        new("GET", "identity/v3/users", call => ListAsync(call, "users", UsersFor(call), UserBody)),
        new("GET", "identity/v3/users/{user}", call => ShowAsync(call, "user", UsersFor(call), UserBody)),
    ];

    private IEnumerable<string> ProjectsFor(ApiCall call) =>
        users.Current.All.Where(u => call.IsAdmin || u.Name == call.Caller.User.Value).SelectMany(u => u.Projects).Select(p => p.Project).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private IEnumerable<string> UsersFor(ApiCall call) =>
        users.Current.All.Where(u => call.IsAdmin || u.Name == call.Caller.User.Value).Select(u => u.Name).Order(StringComparer.Ordinal);

    private static Task<ApiAnswer> ListAsync(ApiCall call, string name, IEnumerable<string> all, Func<ApiCall, string, JsonObject> shape)
    {
        var found = call.Query.Text("name") is { } wanted ? all.Where(n => n == wanted) : all;
        return Task.FromResult(ApiAnswer.Ok(new JsonObject
        {
            [name] = new JsonArray([.. found.Select(n => shape(call, n))]),
            ["links"] = new JsonObject { ["self"] = $"{call.Links.BaseUrl}/identity/v3/{name}", ["previous"] = null, ["next"] = null },
        }));
    }

    private static Task<ApiAnswer> ShowAsync(ApiCall call, string name, IEnumerable<string> all, Func<ApiCall, string, JsonObject> shape) =>
        all.Contains(call.Value(name), StringComparer.Ordinal)
            ? Task.FromResult(ApiAnswer.Ok(new JsonObject { [name] = shape(call, call.Value(name)) }))
            : throw ApiFault.NotFound($"Could not find {name}: {call.Value(name)}.");

    private static JsonObject ProjectBody(ApiCall call, string id)
    {
        var body = Body(call, "projects", id);
        (body["is_domain"], body["parent_id"], body["description"], body["tags"], body["options"]) = (false, "default", "", new JsonArray(), new JsonObject());
        return body;
    }

    private static JsonObject UserBody(ApiCall call, string id)
    {
        var body = Body(call, "users", id);
        (body["password_expires_at"], body["options"]) = (null, new JsonObject());
        return body;
    }

    private static JsonObject Body(ApiCall call, string list, string id) => new()
    {
        ["id"] = id, ["name"] = id, ["domain_id"] = "default", ["enabled"] = true, ["links"] = new JsonObject { ["self"] = $"{call.Links.BaseUrl}/identity/v3/{list}/{id}" },
    };
}
