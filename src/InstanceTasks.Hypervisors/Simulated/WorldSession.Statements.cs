using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>The statements on operations, effects and machines.</summary>
internal sealed partial class WorldSession
{
    private sealed class OperationStatements(WorldSession session)
    {
        private const string Due = """
            SELECT id, host, machine, verb, key, stamp, name, image, vcpus, memory_mb, disk_gb, plan, planned_failure, password, task, direction, ends_at
            FROM operations WHERE state = 'begun' AND ends_at <= @now
            """;

        private readonly Statement insert = session.Prepare(
            """
            INSERT INTO operations (host, machine, verb, task, step, direction, key, stamp, name, image, vcpus, memory_mb, disk_gb,
                begun_at, ends_at, ended_at, state, plan, abort_rule, fault, planned_failure, applied, power, failure, pid, instance, password)
            VALUES (@host, @machine, @verb, @task, @step, @direction, @key, @stamp, @name, @image, @vcpus, @memory, @disk,
                @begun, @ends, @ended, @state, @plan, @rule, @fault, @planned, @applied, @power, @failure, @pid, @instance, @password)
            RETURNING id
            """,
            "host", "machine", "verb", "task", "step", "direction", "key", "stamp", "name", "image", "vcpus", "memory", "disk",
            "begun", "ends", "ended", "state", "plan", "rule", "fault", "planned", "applied", "power", "failure", "pid", "instance", "password");

        public Statement DueAnywhere { get; } = session.Prepare($"{Due} ORDER BY ends_at, id", "now");

        public Statement DueOnMachine { get; } = session.Prepare(
            $"{Due} AND host = @host AND machine = @machine ORDER BY ends_at, id", "host", "machine", "now");

        public Statement End { get; } = session.Prepare(
            """
            UPDATE operations SET state = @state, ended_at = @now, applied = @applied, power = @power, failure = @failure,
                ended_no = (SELECT COALESCE(MAX(ended_no), 0) + 1 FROM operations WHERE ended_no IS NOT NULL)
            WHERE id = @id AND state = 'begun'
            """,
            "id", "state", "now", "applied", "power", "failure");

        public Statement Abort { get; } = session.Prepare(
            """
            UPDATE operations SET state = 'aborted', ended_at = @now, aborted_by = @by,
                ended_no = (SELECT COALESCE(MAX(ended_no), 0) + 1 FROM operations WHERE ended_no IS NOT NULL)
            WHERE id = @id AND state = 'begun' AND (abort_rule = 'caller_or_fence' OR (@by = 'fence' AND abort_rule = 'fence'))
            """,
            "id", "now", "by");

        public Statement OlderToAbort { get; } = session.Prepare(
            """
            SELECT id FROM operations WHERE state = 'begun' AND host = @host AND machine = @machine AND stamp < @below
                AND abort_rule IN ('caller_or_fence', 'fence') ORDER BY id
            """,
            "host", "machine", "below");

        public Statement OlderUnderWay { get; } = session.Prepare(
            "SELECT id FROM operations WHERE state = 'begun' AND host = @host AND machine = @machine AND stamp < @below ORDER BY id",
            "host", "machine", "below");

        public Statement KeyUnderWay { get; } = session.Prepare(
            "SELECT id FROM operations WHERE key = @key AND host = @host AND machine = @machine AND state = 'begun' ORDER BY id",
            "key", "host", "machine");

        public Statement KeyHistory { get; } = session.Prepare(
            """
            SELECT verb, applied, failure FROM operations
            WHERE key = @key AND host = @host AND machine = @machine AND state IN ('done', 'failed', 'aborted') ORDER BY id DESC
            """,
            "key", "host", "machine");

        public Statement CountEffect { get; } = session.Prepare(
            """
            INSERT INTO effects (key, stamp, host, machine, verb, count, changed, at) VALUES (@key, @stamp, @host, @machine, @verb, 1, @changed, @at)
            ON CONFLICT DO UPDATE SET count = count + 1, changed = changed + excluded.changed, at = excluded.at
            """,
            "key", "stamp", "host", "machine", "verb", "changed", "at");

        public Statement ReadMachine { get; } = session.Prepare(
            "SELECT disk, defined, power, boots, rescue, password, old_disk, old_password, aside, ran_since FROM machines WHERE host = @host AND machine = @machine", "host", "machine");

        // What a machine takes is said when it is made; the one set aside keeps what it took.
        public Statement WriteMachine { get; } = session.Prepare(
            """
            INSERT INTO machines (host, machine, disk, defined, power, name, image, vcpus, memory_mb, disk_gb, boots, rescue, password, old_disk, old_password, aside, ran_since, console)
            VALUES (@host, @machine, @disk, @defined, @power, @name, @image, @vcpus, @memory, @gb, @boots, @rescue, @password, @old, @old_password, @aside, @ran, @console)
            ON CONFLICT DO UPDATE SET disk = excluded.disk, defined = excluded.defined, power = excluded.power, name = excluded.name,
                boots = excluded.boots, rescue = excluded.rescue, password = excluded.password, aside = excluded.aside,
                image = CASE @verb WHEN 'PrepareDisk' THEN excluded.image WHEN 'RestoreDisk' THEN ifnull(old_image, image) ELSE image END,
                console = substr(console || excluded.console, @kept),
                old_disk = excluded.old_disk, old_password = excluded.old_password, ran_since = excluded.ran_since,
                old_image = CASE WHEN excluded.old_disk IS NULL THEN NULL
                    WHEN @verb = 'SetDiskAside' AND disk = 1 AND (old_disk IS NULL OR ran_since = 1) THEN image ELSE old_image END,
                vcpus = CASE WHEN @verb IN ('PrepareDisk', 'CopyDisk', 'Define') THEN excluded.vcpus WHEN @verb = 'PutBack' THEN aside_vcpus ELSE vcpus END,
                memory_mb = CASE WHEN @verb IN ('PrepareDisk', 'CopyDisk', 'Define') THEN excluded.memory_mb WHEN @verb = 'PutBack' THEN aside_memory_mb ELSE memory_mb END,
                disk_gb = CASE WHEN @verb IN ('PrepareDisk', 'CopyDisk', 'Define') THEN excluded.disk_gb WHEN @verb = 'PutBack' THEN aside_disk_gb ELSE disk_gb END,
                aside_vcpus = CASE WHEN excluded.aside = 0 THEN 0 WHEN @verb = 'SetAside' THEN vcpus ELSE aside_vcpus END,
                aside_memory_mb = CASE WHEN excluded.aside = 0 THEN 0 WHEN @verb = 'SetAside' THEN memory_mb ELSE aside_memory_mb END,
                aside_disk_gb = CASE WHEN excluded.aside = 0 THEN 0 WHEN @verb = 'SetAside' THEN disk_gb ELSE aside_disk_gb END
            """,
            "host", "machine", "disk", "defined", "power", "name", "image", "vcpus", "memory", "gb", "boots", "rescue", "password", "old", "old_password", "aside", "ran", "console", "kept", "verb");

        // One that was set aside with nothing in its place is not there.
        public Statement ReadConsole { get; } = session.Prepare(
            "SELECT console FROM machines WHERE host = @host AND machine = @machine AND (disk <> 0 OR defined <> 0)", "host", "machine");

        public Statement DeleteMachine { get; } = session.Prepare(
            "DELETE FROM machines WHERE host = @host AND machine = @machine", "host", "machine");

        /// <summary>Writes the row; with its end when it has ended within this transaction (nobody waits for it, so it gets no end number).</summary>
        public long Insert(WorldOperation operation, VerbKey key, long now, long? endsAt, OperationEnd? end, WorldFault? fault) => (long)insert.Scalar(
            operation.Host, operation.Machine, WorldText.Of(operation.Verb), key.Task.Value.ToString(), key.Step, WorldText.Of(key.Direction),
            operation.Key, operation.Stamp, operation.Name, operation.Image,
            (long)operation.Resources.Vcpus, (long)operation.Resources.MemoryMb, (long)operation.Resources.DiskGb,
            now, endsAt, end is null ? null : now, WorldText.Of(end?.State ?? SimulatedOperationState.Begun), operation.Plan,
            fault?.AbortRule ?? WorldText.Of(SimulatedAbortRule.CallerOrFence), fault?.Id, WriteFailure(operation.PlannedFailure),
            end is { Applied: true } ? 1L : 0L, (long?)end?.Power, WriteFailure(end?.Failure), (long)Environment.ProcessId, session.instance, operation.Password)!;

        public static WorldOperation Read(SqliteDataReader reader) => new()
        {
            Id = reader.GetInt64(0),
            Host = reader.GetString(1),
            Machine = reader.GetString(2),
            Verb = WorldText.ReadVerb(reader.GetString(3)),
            Key = reader.GetString(4),
            Stamp = reader.GetString(5),
            Name = reader.GetString(6),
            Image = reader.GetString(7),
            Resources = new Resources(reader.GetInt32(8), reader.GetInt32(9), reader.GetInt32(10)),
            Plan = reader.GetString(11),
            PlannedFailure = reader.IsDBNull(12) ? null : EngineJson.Read<Failure>(reader.GetString(12)),
            Password = Text(reader, 13),
            Task = reader.GetString(14),
            IsUndo = reader.GetString(15) == WorldText.Of(Direction.Undo),
            EndsAt = reader.IsDBNull(16) ? null : reader.GetInt64(16),
        };
    }
}
