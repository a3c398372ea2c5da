using System.Reflection;
using InstanceTasks.Api;
using InstanceTasks.Engine;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>The one block that is printed once the silo serves.</summary>
internal static class ReadyBlock
{
    public static string Text(SiloSettings settings, ApiOptions options, IInstanceTasksStore store, IReadOnlyList<string> addresses, ProcessRole role, Hold? hold)
    {
        var url = addresses[0].TrimEnd('/');
        return $"""

            InstanceTasks is ready.
              built with   Orleans {OrleansBuild()}
              API          {string.Join(", ", addresses.Select(a => a.TrimEnd('/') + "/v2.1"))}  ({AccessOf(options)})
              data         {settings.DataDirectory}  ({StoreName(store, role)}){HeldBy(hold)}

            Try:
              export {Variables(options, options.PublicUrl?.TrimEnd('/') ?? url)}
              openstack --os-compute-api-version 2.37 server create --image tiny --flavor m1.tiny --nic none --wait first
              {Curl(options, url)}

            Ctrl-C stops it; whatever is under way then goes on at the next start.

            """;
    }

    private static string HeldBy(Hold? hold) => hold is null ? "" : $"{Environment.NewLine}  paused       no task moves until an administrator sends DELETE /v2.1/tasks/holds/{hold.Id} ({hold.Reason})";

    private static string AccessOf(ApiOptions options) => options.Auth switch
    {
        AuthMode.HttpBasic => $"http_basic, users of {options.UsersFile}",
        AuthMode.Identity => $"tokens of /identity/v3, users of {options.UsersFile}",
        AuthMode.Keystone => $"tokens of {options.Keystone.Url}",
        _ => "no authentication, loopback only",
    };

    private static string Variables(ApiOptions options, string url) => options.Auth switch
    {
        AuthMode.HttpBasic => $"OS_AUTH_TYPE=http_basic OS_ENDPOINT={url}/v2.1 OS_USERNAME=... OS_PASSWORD=...",
        AuthMode.Identity => $"OS_AUTH_TYPE=v3password OS_AUTH_URL={url}/identity/v3 OS_USERNAME=... OS_PASSWORD=... OS_PROJECT_NAME=... OS_USER_DOMAIN_ID=default OS_PROJECT_DOMAIN_ID=default",
        AuthMode.Keystone => $"OS_AUTH_URL={options.Keystone.PublicUrl ?? options.Keystone.Url} OS_USERNAME=... (its catalogue must have {url}/v2.1 as the compute service)",
        _ => $"OS_AUTH_TYPE=none OS_ENDPOINT={url}/v2.1",
    };

    private static string Curl(ApiOptions options, string url) => options.Auth switch
    {
        AuthMode.HttpBasic => $"curl -s -u USER {url}/v2.1/tasks",
        AuthMode.Identity or AuthMode.Keystone => $"curl -s -H \"X-Auth-Token: $(openstack token issue -f value -c id)\" {url}/v2.1/tasks",
        _ => $"curl -s {url}/v2.1/tasks",
    };

    private static string StoreName(IInstanceTasksStore store, ProcessRole role) => (store, role) switch
    {
        (PostgresStore, ProcessRole.Frontend) => "keys; tasks in PostgreSQL; a frontend: grains and workers are in the silos",
        (PostgresStore, _) => "keys; tasks in PostgreSQL; simulated hypervisor in world.db",
        _ => "SQLite; simulated hypervisor in world.db",
    };

    private static string OrleansBuild() =>
        typeof(ReadyBlock).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "OrleansBuild")?.Value ?? "(unknown build)";
}
