using InstanceTasks.TestKit.Postgres;

namespace InstanceTasks.Chaos.Tests;

/// <summary>A test that needs PostgreSQL from Debian's package; skipped where it is not installed, unless it is required.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ChaosFactAttribute : FactAttribute
{
    public ChaosFactAttribute()
    {
        if (!PostgresServer.IsInstalled && !PostgresServer.IsRequired)
        {
            Skip = PostgresServer.Missing;
        }
    }
}
