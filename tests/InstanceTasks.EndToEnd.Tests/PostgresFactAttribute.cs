using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// A test that starts a PostgreSQL server. Where it is not installed the test is skipped by name, unless
/// <c>INSTANCETASKS_REQUIRE_CLIENTS=1</c> says that its absence is a failure.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute()
    {
        if (!PostgresServer.IsInstalled && !PostgresServer.IsRequired)
        {
            Skip = PostgresServer.Missing;
        }
    }
}
