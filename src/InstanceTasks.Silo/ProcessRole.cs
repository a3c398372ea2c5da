namespace InstanceTasks.Silo;

/// <summary>What a process is for: the value <c>Role</c> of the configuration.</summary>
internal enum ProcessRole
{
    /// <summary>Grains, workers and the API.</summary>
    Silo = 0,

    /// <summary>The API alone: commands go to the silos of the cluster, reads to the database.</summary>
    Frontend = 1,
}

/// <summary>Reads the role.</summary>
internal static class ProcessRoles
{
    /// <exception cref="SettingsException">There is no such role, or it cannot be here.</exception>
    public static ProcessRole Of(IConfiguration configuration, ClusterSettings cluster)
    {
        var role = configuration["Role"]?.ToLowerInvariant() switch
        {
            null or "" or "silo" => ProcessRole.Silo,
            "frontend" => ProcessRole.Frontend,
            var other => throw new SettingsException($"Role is '{other}'; set it to silo or frontend."),
        };
        return role == ProcessRole.Silo || cluster.Id is not null ? role : throw new SettingsException("Role is frontend, but a frontend needs silos: set Cluster:Id to theirs.");
    }
}
