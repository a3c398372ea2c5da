namespace InstanceTasks.TestKit;

/// <summary>A machine of the simulated world, as its file says.</summary>
/// <param name="Host">Where.</param>
/// <param name="Machine">The server that names it.</param>
/// <param name="HasDisk">Whether its root disk exists.</param>
/// <param name="Defined">Whether a definition exists.</param>
/// <param name="Power">Its power state.</param>
/// <param name="Resources">What it takes.</param>
/// <param name="Aside">What the machine takes that was set aside; null: none was.</param>
public sealed record WorldMachine(string Host, Guid Machine, bool HasDisk, bool Defined, PowerState Power, Resources Resources, Resources? Aside);

/// <summary>An operation of the simulated world.</summary>
public sealed record WorldOperation(
    long Id, string Host, Guid Machine, string Verb, Guid Task, string Step, string Direction, string Key, string Stamp, string State, bool Applied,
    DateTimeOffset BegunAt, DateTimeOffset? EndsAt, int Process);

/// <summary>How often an effect happened under one stamp, and how often it changed anything.</summary>
public sealed record WorldEffect(string Key, string Stamp, string Host, Guid Machine, string Verb, int Count, int Changed);

/// <summary>A host of the simulated world.</summary>
public sealed record WorldHost(string Name, Resources Capacity);

/// <summary>Reads the file of a simulated world directly, beside the processes that use it.</summary>
public sealed class WorldReader(string dataDirectory) : SqliteReader(dataDirectory, "operations")
{
    /// <summary>All machines with a disk or a definition, also one that is only set aside.</summary>
    public IReadOnlyList<WorldMachine> ReadMachines() => Query(
        """
        SELECT host, machine, disk, defined, power, vcpus, memory_mb, disk_gb, aside, aside_vcpus, aside_memory_mb, aside_disk_gb
        FROM machines WHERE disk <> 0 OR defined <> 0 OR aside <> 0
        """,
        r => new WorldMachine(
            r.GetString(0), Guid.Parse(r.GetString(1)), r.GetBoolean(2), r.GetBoolean(3), (PowerState)r.GetInt32(4),
            new Resources(r.GetInt32(5), r.GetInt32(6), r.GetInt32(7)),
            r.GetBoolean(8) ? new Resources(r.GetInt32(9), r.GetInt32(10), r.GetInt32(11)) : null));

    /// <summary>All hosts.</summary>
    public IReadOnlyList<WorldHost> ReadHosts() => Query(
        "SELECT name, vcpus, memory_mb, disk_gb FROM hosts",
        r => new WorldHost(r.GetString(0), new Resources(r.GetInt32(1), r.GetInt32(2), r.GetInt32(3))));

    /// <summary>Operations under way: begun, and their end has not come yet by the clock.</summary>
    public IReadOnlyList<WorldOperation> ReadInFlight() => ReadInFlight(DateTimeOffset.UtcNow);

    /// <summary>Operations that were under way at a moment since which no process has used the world.</summary>
    public IReadOnlyList<WorldOperation> ReadInFlight(DateTimeOffset moment) => [.. ReadUnfinished().Where(o => o.EndsAt is null || o.EndsAt > moment)];

    /// <summary>Operations whose end has passed but that nobody has looked at since.</summary>
    public IReadOnlyList<WorldOperation> ReadUnfinished() => ReadOperations("state = 'begun'");

    /// <summary>Every operation.</summary>
    public IReadOnlyList<WorldOperation> ReadAllOperations() => ReadOperations("1 = 1");

    /// <summary>All effects.</summary>
    public IReadOnlyList<WorldEffect> ReadEffects() => Query(
        "SELECT key, stamp, host, machine, verb, count, changed FROM effects",
        r => new WorldEffect(r.GetString(0), r.GetString(1), r.GetString(2), Guid.Parse(r.GetString(3)), r.GetString(4), r.GetInt32(5), r.GetInt32(6)));

    private List<WorldOperation> ReadOperations(string condition) => Query(
        $"SELECT id, host, machine, verb, task, step, direction, key, stamp, state, applied, begun_at, ends_at, pid FROM operations WHERE {condition} ORDER BY id",
        r => new WorldOperation(
            r.GetInt64(0), r.GetString(1), Guid.Parse(r.GetString(2)), r.GetString(3), Guid.Parse(r.GetString(4)), r.GetString(5), r.GetString(6),
            r.GetString(7), r.GetString(8), r.GetString(9), r.GetBoolean(10), At(r.GetInt64(11)), r.IsDBNull(12) ? null : At(r.GetInt64(12)), r.GetInt32(13)));

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
}
