using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>What <see cref="SimulatedWorld"/> sets and reads. Rare, so nothing here is kept prepared.</summary>
internal sealed partial class WorldSession
{
    public void AddHosts(IEnumerable<HostDescription> hosts)
    {
        using var insert = new Statement(
            connection,
            "INSERT OR IGNORE INTO hosts (name, zone, vcpus, memory_mb, disk_gb) VALUES (@name, @zone, @vcpus, @memory, @disk)",
            "name", "zone", "vcpus", "memory", "disk");
        foreach (var host in hosts)
        {
            insert.Execute(host.Host.Value, host.Zone, (long)host.Capacity.Vcpus, (long)host.Capacity.MemoryMb, (long)host.Capacity.DiskGb);
        }
    }

    public List<HostDescription> ReadHosts() => Read(
        "SELECT name, zone, vcpus, memory_mb, disk_gb FROM hosts WHERE reachable = 1 ORDER BY name",
        r => new HostDescription(new HostName(r.GetString(0)), r.GetString(1), new Resources(r.GetInt32(2), r.GetInt32(3), r.GetInt32(4))));

    public bool SetReachable(string host, bool reachable) =>
        Change("UPDATE hosts SET reachable = @reachable WHERE name = @host", ["reachable", "host"], reachable ? 1L : 0L, host) == 1;

    public void SetLatency(string? verb, string? host, long milliseconds) => Change(
        """
        INSERT INTO latencies (verb, host, milliseconds) VALUES (@verb, @host, @ms)
        ON CONFLICT (ifnull(verb, ''), ifnull(host, '')) DO UPDATE SET milliseconds = excluded.milliseconds
        """,
        ["verb", "host", "ms"], verb, host, milliseconds);

    public void ClearLatencies() => Change("DELETE FROM latencies", []);

    public long AddFault(SimulatedFault fault)
    {
        using var insert = new Statement(
            connection,
            """
            INSERT INTO faults (host, machine, machine_name, verb, task, step, direction, action, failure_kind, message, delay_ms, abort_rule, remaining)
            VALUES (@host, @machine, @name, @verb, @task, @step, @direction, @action, @kind, @message, @delay, @rule, @remaining) RETURNING id
            """,
            "host", "machine", "name", "verb", "task", "step", "direction", "action", "kind", "message", "delay", "rule", "remaining");
        return (long)insert.Scalar(
            fault.Host?.Value, fault.Machine is { } m ? WorldText.Of(m) : null, fault.MachineName, WorldText.Of(fault.Verb),
            fault.Task?.Value.ToString(), fault.Step, WorldText.Of(fault.Direction), WorldText.Of(fault.Action), fault.FailureKind,
            fault.Message, (long)fault.Delay.TotalMilliseconds, WorldText.Of(fault.AbortRule), (long?)fault.Times)!;
    }

    public int? ReadFired(long fault) => Read("SELECT fired FROM faults WHERE id = @id", r => (int?)r.GetInt32(0), ["id"], fault).FirstOrDefault();

    /// <summary>Disarms faults; what they hung goes on and ends now.</summary>
    public void ClearFaults(long? fault)
    {
        SettleAll();
        Change("UPDATE faults SET remaining = 0 WHERE @id IS NULL OR id = @id", ["id"], fault);
        Change(
            "UPDATE operations SET ends_at = @now WHERE state = 'begun' AND ends_at IS NULL AND (@id IS NULL OR fault = @id)",
            ["now", "id"], ReadClock(), fault);
        SettleAll();
    }

    public void MoveClock(long milliseconds) => Change("UPDATE clock SET offset_ms = offset_ms + @by", ["by"], milliseconds);

    public bool SetPower(string host, string machine, PowerState power)
    {
        SettleAll();
        return Change(
            "UPDATE machines SET power = @power WHERE host = @host AND machine = @machine AND defined = 1",
            ["power", "host", "machine"], (long)power, host, machine) == 1;
    }

    public bool RemoveMachine(string host, string machine)
    {
        SettleAll();
        return Change("DELETE FROM machines WHERE host = @host AND machine = @machine", ["host", "machine"], host, machine) == 1;
    }

    /// <summary>The machines of a host, of all hosts for null.</summary>
    public List<SimulatedMachine> ReadMachines(string? host)
    {
        SettleAll();
        return Read(
            """
            SELECT host, machine, disk, defined, power, name, image, vcpus, memory_mb, disk_gb, boots, rescue, password,
                aside, aside_vcpus, aside_memory_mb, aside_disk_gb FROM machines
            WHERE @host IS NULL OR host = @host ORDER BY host, machine
            """,
            r => new SimulatedMachine(
                new HostName(r.GetString(0)), WorldText.ReadMachine(r.GetString(1)), r.GetInt64(2) != 0, r.GetInt64(3) != 0, (PowerState)r.GetInt32(4),
                r.GetString(5), r.GetString(6), new Resources(r.GetInt32(7), r.GetInt32(8), r.GetInt32(9)), r.GetInt64(10))
            {
                Rescue = r.GetInt64(11) != 0, PasswordHash = Text(r, 12),
                Aside = r.GetInt64(13) != 0 ? new Resources(r.GetInt32(14), r.GetInt32(15), r.GetInt32(16)) : null,
            },
            ["host"], host);
    }

    /// <summary>The machines of a host as the driver lists them, or why it cannot.</summary>
    public (List<SimulatedMachine>? Machines, Failure? Failure) ListMachines(string host)
    {
        var (_, unreachable) = Reach(host);
        return unreachable is null ? (ReadMachines(host), null) : (null, unreachable);
    }

    public (Dictionary<InstanceId, Stamp>? Stamps, Failure? Failure) ListStamps(string host)
    {
        var (_, unreachable) = Reach(host);
        return unreachable is not null
            ? (null, unreachable)
            : (ReadAllStamps().Where(s => s.Host.Value == host && (s.Newest ?? s.Fence) is not null).ToDictionary(s => s.Machine, s => Newer(s.Newest, s.Fence)), null);
    }

    private static Stamp Newer(Stamp? one, Stamp? other) => one is { } a && (other is not { } b || a >= b) ? a : other!.Value;

    public List<SimulatedEffect> ReadEffects()
    {
        SettleAll();
        return Read(
            "SELECT key, stamp, host, machine, verb, count, changed FROM effects ORDER BY key, stamp",
            r => new SimulatedEffect(
                r.GetString(0), WorldText.ReadStamp(r.GetString(1)), new HostName(r.GetString(2)), WorldText.ReadMachine(r.GetString(3)),
                WorldText.ReadVerb(r.GetString(4)), r.GetInt32(5), r.GetInt32(6)));
    }

    public List<SimulatedRefusal> ReadRefusals() => Read(
        "SELECT key, stamp, host, machine, verb, count FROM refused ORDER BY key, stamp",
        r => new SimulatedRefusal(
            r.GetString(0), WorldText.ReadStamp(r.GetString(1)), new HostName(r.GetString(2)), WorldText.ReadMachine(r.GetString(3)),
            WorldText.ReadVerb(r.GetString(4)), r.GetInt32(5)));

    public List<SimulatedStamps> ReadAllStamps() => Read(
        "SELECT host, machine, newest, fence FROM stamps ORDER BY host, machine",
        r => new SimulatedStamps(new HostName(r.GetString(0)), WorldText.ReadMachine(r.GetString(1)), Stamp(r, 2), Stamp(r, 3)));

    public List<SimulatedOperation> ReadOperations()
    {
        SettleAll();
        return Read(
            """
            SELECT id, host, machine, verb, task, step, direction, stamp, state, begun_at, ends_at, ended_at, applied, failure, fault, pid, instance
            FROM operations ORDER BY id
            """,
            ReadOperation);
    }

    private static SimulatedOperation ReadOperation(SqliteDataReader r) => new(
        r.GetInt64(0),
        new HostName(r.GetString(1)),
        WorldText.ReadMachine(r.GetString(2)),
        WorldText.ReadVerb(r.GetString(3)),
        new VerbKey(new TaskId(Guid.Parse(r.GetString(4))), r.GetString(5), WorldText.ReadDirection(r.GetString(6))),
        WorldText.ReadStamp(r.GetString(7)),
        WorldText.ReadState(r.GetString(8)),
        DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(9)),
        Time(r, 10),
        Time(r, 11),
        r.GetInt64(12) != 0,
        ReadFailure(r, 13),
        r.IsDBNull(14) ? null : r.GetInt64(14),
        r.GetInt32(15),
        r.GetString(16));

    private static DateTimeOffset? Time(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(column));

    private static Stamp? Stamp(SqliteDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : WorldText.ReadStamp(reader.GetString(column));

    private int Change(string sql, string[] parameters, params ReadOnlySpan<object?> values)
    {
        using var statement = new Statement(connection, sql, parameters);
        return statement.Execute(values);
    }

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, string[]? parameters = null, params ReadOnlySpan<object?> values)
    {
        using var statement = new Statement(connection, sql, parameters ?? []);
        using var reader = statement.Query(values);
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }
}
