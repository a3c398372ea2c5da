namespace InstanceTasks.Storage;

/// <summary>What Orleans' stock ADO.NET providers need to know; their tables are in the store's own database.</summary>
public static class OrleansPostgres
{
    /// <summary>The invariant under which Orleans' providers load the PostgreSQL driver.</summary>
    public const string Invariant = "Npgsql";
}
