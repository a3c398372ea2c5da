using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Claims and the hosts' taken columns, changed together.</summary>
internal static class ClaimApplier
{
    public static CommitResult? Apply(WriterSession session, Commit commit)
    {
        foreach (var change in commit.Claims)
        {
            if (!change.Take)
            {
                Release(session, change);
            }
            else if (!Take(session, change))
            {
                return new(CommitVerdict.CapacityExceeded);
            }
        }

        return null;
    }

    private static bool Take(WriterSession session, ClaimChange change)
    {
        var host = change.Host?.Value ?? throw new ArgumentException("Taking a claim needs a host.", nameof(change));
        var instance = change.Instance.ToString();
        var had = default(Resources);
        using (var row = session.Statements.Query(
            "SELECT task_id, vcpus, memory_mb, disk_gb FROM claims WHERE host = @host AND instance_id = @instance", ("@host", host), ("@instance", instance)))
        {
            if (row.Read())
            {
                if (row.GetString(0) == change.Task.ToString())
                {
                    return true;
                }

                had = new(row.GetInt32(1), row.GetInt32(2), row.GetInt32(3));
            }
        }

        // Another task's claim for the same machine on the same host is taken over: only the difference counts.
        if (!Add(session, host, change.Resources - had))
        {
            return false;
        }

        session.Statements.Run(
            "INSERT OR REPLACE INTO claims (host, instance_id, task_id, vcpus, memory_mb, disk_gb) VALUES (@host, @instance, @task, @vcpus, @memory, @disk)",
            ("@host", host), ("@instance", instance), ("@task", change.Task.ToString()),
            ("@vcpus", change.Resources.Vcpus), ("@memory", change.Resources.MemoryMb), ("@disk", change.Resources.DiskGb));
        return true;
    }

    private static bool Add(WriterSession session, string host, Resources delta) => session.Statements.Run(
        """
        UPDATE hosts SET taken_vcpus = taken_vcpus + @vcpus, taken_memory_mb = taken_memory_mb + @memory, taken_disk_gb = taken_disk_gb + @disk
        WHERE name = @host AND (@vcpus <= 0 OR taken_vcpus + @vcpus <= vcpus) AND (@memory <= 0 OR taken_memory_mb + @memory <= memory_mb)
            AND (@disk <= 0 OR taken_disk_gb + @disk <= disk_gb)
        """,
        ("@vcpus", delta.Vcpus), ("@memory", delta.MemoryMb), ("@disk", delta.DiskGb), ("@host", host)) == 1;

    private static void Release(WriterSession session, ClaimChange change)
    {
        session.Statements.Run(
            """
            UPDATE hosts SET taken_vcpus = taken_vcpus - c.vcpus, taken_memory_mb = taken_memory_mb - c.memory_mb, taken_disk_gb = taken_disk_gb - c.disk_gb
            FROM claims c WHERE c.instance_id = @instance AND (@host IS NULL OR c.host = @host) AND hosts.name = c.host
            """,
            ("@instance", change.Instance.ToString()), ("@host", change.Host?.Value));
        session.Statements.Run(
            "DELETE FROM claims WHERE instance_id = @instance AND (@host IS NULL OR host = @host)",
            ("@instance", change.Instance.ToString()), ("@host", change.Host?.Value));
    }
}
