using System.Reflection;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>The one block that is printed once the silo serves.</summary>
internal static class ReadyBlock
{
    public static string Text(SiloSettings settings, IInstanceTasksStore store, IReadOnlyList<string> addresses)
    {
        var url = addresses[0].TrimEnd('/');
        return $"""

            InstanceTasks is ready.
              built with   Orleans {OrleansBuild()}
              API          {string.Join(", ", addresses.Select(a => a.TrimEnd('/') + "/v2.1"))}  (no authentication, loopback only)
              data         {settings.DataDirectory}  ({StoreName(store)}; simulated hypervisor in world.db)

            Try:
              export OS_AUTH_TYPE=none OS_ENDPOINT={url}/v2.1
              openstack --os-compute-api-version 2.37 server create --image tiny --flavor m1.tiny --nic none --wait first
              curl -s {url}/v2.1/tasks

            Ctrl-C stops it; whatever is under way then goes on at the next start.

            """;
    }

    private static string StoreName(IInstanceTasksStore store) => store is PostgresStore ? "keys; tasks in PostgreSQL" : "SQLite";

    private static string OrleansBuild() =>
        typeof(ReadyBlock).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "OrleansBuild")?.Value ?? "(unknown build)";
}
