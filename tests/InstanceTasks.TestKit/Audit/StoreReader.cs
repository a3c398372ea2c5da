using System.Data.Common;
using InstanceTasks.Engine;
using Npgsql;

namespace InstanceTasks.TestKit;

/// <summary>A capacity claim.</summary>
public sealed record StoredClaim(string Host, Guid Instance, Guid Task, Resources Resources);

/// <summary>A host with what claims take.</summary>
public sealed record StoredHost(string Name, Resources Capacity, Resources Taken);

/// <summary>A project's usage.</summary>
public sealed record StoredQuota(string Project, int Instances, int Cores, int RamMb);

/// <summary>An image that was made from a server.</summary>
public sealed record StoredImage(string Id, Guid Instance, Guid Task, bool Active, bool Shelved);

/// <summary>Reads the silo's store directly, beside the process that writes it.</summary>
public sealed class StoreReader(string dataDirectory) : SqliteReader(OpenerOf(dataDirectory))
{
    /// <summary>The file in the data directory that says where a silo keeps its tasks when it does not keep them there.</summary>
    private const string PostgresFile = "postgres.connection";

    /// <summary>Lets readers of the data directory find the tasks in a PostgreSQL database.</summary>
    public static void PointTo(string dataDirectory, string connectionString) => File.WriteAllText(Path.Combine(dataDirectory, PostgresFile), connectionString);

    /// <summary>Every task, without tombstones.</summary>
    public IReadOnlyList<TaskRecord> ReadTasks() => ReadTasks("state <> 'refused'");

    /// <summary>Tasks that have neither ended nor wait for an operator.</summary>
    public IReadOnlyList<TaskRecord> ReadUnfinished() => ReadTasks("ended = 0 AND state <> 'needs_attention'");

    /// <summary>What is counted at every parent.</summary>
    public IReadOnlyDictionary<Guid, ChildCounts> ReadChildCounts() => Query(
        "SELECT id, children_started, children_succeeded, children_failed, children_canceled FROM tasks WHERE kind = 'bulk'",
        r => (Id: Guid.Parse(r.GetString(0)), Counts: new ChildCounts(r.GetInt32(1), r.GetInt32(2), r.GetInt32(3), r.GetInt32(4)))).ToDictionary(c => c.Id, c => c.Counts);

    /// <summary>Every instance, also deleted ones.</summary>
    public IReadOnlyList<InstanceRecord> ReadInstances() => Query("SELECT body FROM instances", r => EngineJson.Read<InstanceRecord>(r.GetString(0)));

    /// <summary>The event rows of a task, in order: the events of one commit each.</summary>
    public IReadOnlyList<IReadOnlyList<TaskEvent>> ReadEvents(TaskId task) => Query(
        "SELECT events FROM task_events WHERE task_id = @id ORDER BY seq",
        r => (IReadOnlyList<TaskEvent>)EngineJson.Read<List<TaskEvent>>(r.GetString(0)),
        ("@id", task.Value.ToString()));

    /// <summary>All claims.</summary>
    public IReadOnlyList<StoredClaim> ReadClaims() => Query(
        "SELECT host, instance_id, task_id, vcpus, memory_mb, disk_gb FROM claims",
        r => new StoredClaim(
            r.GetString(0), Guid.Parse(r.GetString(1)), Guid.Parse(r.GetString(2)), new Resources(r.GetInt32(3), r.GetInt32(4), r.GetInt32(5))));

    /// <summary>All hosts.</summary>
    public IReadOnlyList<StoredHost> ReadHosts() => Query(
        "SELECT name, vcpus, memory_mb, disk_gb, taken_vcpus, taken_memory_mb, taken_disk_gb FROM hosts",
        r => new StoredHost(
            r.GetString(0), new Resources(r.GetInt32(1), r.GetInt32(2), r.GetInt32(3)), new Resources(r.GetInt32(4), r.GetInt32(5), r.GetInt32(6))));

    /// <summary>Usage of all projects.</summary>
    public IReadOnlyList<StoredQuota> ReadQuota() => Query(
        "SELECT project_id, instances, cores, ram_mb FROM quota",
        r => new StoredQuota(r.GetString(0), r.GetInt32(1), r.GetInt32(2), r.GetInt32(3)));

    /// <summary>The catalogue of images.</summary>
    public IReadOnlyList<StoredImage> ReadImages() => Query(
        "SELECT id, instance_id, task_id, active, shelved FROM images",
        r => new StoredImage(r.GetString(0), Guid.Parse(r.GetString(1)), Guid.Parse(r.GetString(2)), r.GetInt32(3) != 0, r.GetInt32(4) != 0));

    /// <summary>Opens whatever database the data directory's tasks are in.</summary>
    public static Func<DbConnection> OpenerOf(string dataDirectory)
    {
        var pointer = Path.Combine(dataDirectory, PostgresFile);
        if (!File.Exists(pointer))
        {
            return Opener(Find(dataDirectory, "task_events"));
        }

        var connectionString = File.ReadAllText(pointer);
        return () => new NpgsqlConnection(connectionString);
    }

    private List<TaskRecord> ReadTasks(string condition) =>
        Query($"SELECT body FROM tasks WHERE {condition}", r => EngineJson.Read<TaskRecord>(r.GetString(0)));
}
