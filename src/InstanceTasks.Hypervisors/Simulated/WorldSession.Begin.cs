namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>Beginning: stamp, fault, latency and the operation's row in one transaction.</summary>
internal sealed partial class WorldSession
{
    private readonly RuleStatements rules;

    /// <summary>Begins an operation, or says at once how it ended.</summary>
    public BeginOutcome BeginOperation(Verb verb, VerbCall call, TimeSpan defaultLatency)
    {
        var host = call.Host.Value;
        var machine = WorldText.Of(call.Machine.Instance);
        var (now, unreachable) = Reach(host);
        if (unreachable is not null)
        {
            return new BeginOutcome(new OperationEnd(SimulatedOperationState.Failed, Failure: unreachable), 0);
        }

        SettleMachine(host, machine, now);
        var stamp = call.Stamp.ToSortable();
        var operation = Describe(verb, call, host, machine, stamp);
        if (!TakeStamp(host, machine, stamp))
        {
            return Refuse(operation, call.Key, now);
        }

        var fault = HitVerb(operation, call.Key);
        var latency = LatencyOf(host, operation.Verb, defaultLatency) + (fault?.DelayMs ?? 0);
        operation = fault is null ? operation : operation with { Plan = fault.Plan, PlannedFailure = fault.Failure };
        return latency == 0 && fault is not { Hangs: true } ? RunAtOnce(operation, call.Key, now, fault) : Start(operation, call.Key, now, latency, fault);
    }

    private static WorldOperation Describe(Verb verb, VerbCall call, string host, string machine, string stamp) => new()
    {
        Host = host,
        Machine = machine,
        Verb = verb,
        Key = call.Key.ToString(),
        Stamp = stamp,
        Name = call.Machine.Name,
        Image = call.Machine.ImageId,
        Resources = call.Machine.Resources,
        IsUndo = call.Key.Direction == Direction.Undo,
        Plan = WorldText.PlanApply,
        Password = call.Password is { } password ? GuestPassword.Hash(call.Machine.Instance, password.Reveal) : null,
        Task = call.Key.Task.Value.ToString(),
    };

    private BeginOutcome Refuse(WorldOperation operation, VerbKey key, long now)
    {
        var end = new OperationEnd(SimulatedOperationState.Refused);
        operations.Insert(operation, key, now, now, end, fault: null);
        rules.CountRefusal.Execute(operation.Key, operation.Stamp, operation.Host, operation.Machine, WorldText.Of(operation.Verb), now);
        return new BeginOutcome(end, 0);
    }

    private BeginOutcome RunAtOnce(WorldOperation operation, VerbKey key, long now, WorldFault? fault)
    {
        var end = Finish(operation, now);
        operations.Insert(operation, key, now, now, end, fault);
        return new BeginOutcome(end, 0);
    }

    private BeginOutcome Start(WorldOperation operation, VerbKey key, long now, long latency, WorldFault? fault)
    {
        long? endsAt = fault is { Hangs: true } ? null : now + latency;
        return new BeginOutcome(null, operations.Insert(operation, key, now, endsAt, end: null, fault));
    }

    /// <summary>False: a newer stamp was seen or fenced. Otherwise this one is the newest from now on.</summary>
    private bool TakeStamp(string host, string machine, string stamp)
    {
        string? newest = null;
        using (var reader = rules.ReadStamps.Query(host, machine))
        {
            if (reader.Read())
            {
                newest = Text(reader, 0);
                if (Older(stamp, newest) || Older(stamp, Text(reader, 1)))
                {
                    return false;
                }
            }
        }

        if (newest != stamp)
        {
            rules.WriteNewest.Execute(host, machine, stamp);
        }

        return true;
    }

    private static bool Older(string stamp, string? than) => than is not null && string.CompareOrdinal(stamp, than) < 0;

    private long LatencyOf(string host, Verb verb, TimeSpan fallback) =>
        (long?)rules.ReadLatency.Scalar(WorldText.Of(verb), host) ?? (long)fallback.TotalMilliseconds;

    private WorldFault? HitVerb(WorldOperation operation, VerbKey key)
    {
        if (rules.AnyFault.Scalar() is null)
        {
            return null;
        }

        var asksGuest = operation.Verb is Verb.Shutdown or Verb.Reboot or Verb.SetPassword && ReadMachine(operation.Host, operation.Machine).IsRunning;
        return Hit(WorldText.OnVerb, asksGuest, operation.Host, operation.Machine, operation.Name, WorldText.Of(operation.Verb), key);
    }

    private WorldFault? Hit(string on, bool asksGuest, string host, string machine, string? name, string? verb, VerbKey? key)
    {
        WorldFault? fault = null;
        using (var reader = rules.MatchFault.Query(
            on, asksGuest ? 1L : 0L, host, machine, name, verb, key?.Task.Value.ToString(), key?.Step, WorldText.Of(key?.Direction)))
        {
            if (reader.Read())
            {
                fault = new WorldFault(
                    reader.GetInt64(0),
                    WorldText.ReadAction(reader.GetString(1)),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetInt64(4),
                    reader.GetString(5));
            }
        }

        if (fault is not null)
        {
            rules.FireFault.Execute(fault.Id);
        }

        return fault;
    }

    /// <summary>Statements on stamps, faults and latencies.</summary>
    private sealed class RuleStatements(WorldSession session)
    {
        public Statement ReadStamps { get; } = session.Prepare("SELECT newest, fence FROM stamps WHERE host = @host AND machine = @machine", "host", "machine");

        public Statement WriteNewest { get; } = session.Prepare(
            "INSERT INTO stamps (host, machine, newest) VALUES (@host, @machine, @newest) ON CONFLICT DO UPDATE SET newest = excluded.newest",
            "host", "machine", "newest");

        public Statement RaiseFence { get; } = session.Prepare(
            """
            INSERT INTO stamps (host, machine, fence) VALUES (@host, @machine, @fence)
            ON CONFLICT DO UPDATE SET fence = excluded.fence WHERE fence IS NULL OR fence < excluded.fence
            """,
            "host", "machine", "fence");

        public Statement CountRefusal { get; } = session.Prepare(
            """
            INSERT INTO refused (key, stamp, host, machine, verb, count, at) VALUES (@key, @stamp, @host, @machine, @verb, 1, @at)
            ON CONFLICT DO UPDATE SET count = count + 1, at = excluded.at
            """,
            "key", "stamp", "host", "machine", "verb", "at");

        public Statement ReadLatency { get; } = session.Prepare(
            """
            SELECT milliseconds FROM latencies WHERE (verb IS NULL OR verb = @verb) AND (host IS NULL OR host = @host)
            ORDER BY verb IS NULL, host IS NULL LIMIT 1
            """,
            "verb", "host");

        public Statement AnyFault { get; } = session.Prepare("SELECT 1 FROM faults WHERE remaining IS NULL OR remaining > 0 LIMIT 1");

        public Statement MatchFault { get; } = session.Prepare(
            """
            SELECT id, action, failure_kind, message, delay_ms, abort_rule FROM faults
            WHERE (remaining IS NULL OR remaining > 0)
              AND CASE action WHEN 'forget' THEN @on = 'observe' WHEN 'fail_fence' THEN @on = 'fence'
                  WHEN 'hang_guest' THEN @on = 'verb' AND @guest ELSE @on = 'verb' END
              AND (host IS NULL OR host = @host) AND (machine IS NULL OR machine = @machine)
              AND (machine_name IS NULL OR machine_name = @name) AND (verb IS NULL OR verb = @verb)
              AND (task IS NULL OR task = @task) AND (step IS NULL OR step = @step) AND (direction IS NULL OR direction = @direction)
            ORDER BY id LIMIT 1
            """,
            "on", "guest", "host", "machine", "name", "verb", "task", "step", "direction");

        public Statement FireFault { get; } = session.Prepare("UPDATE faults SET fired = fired + 1, remaining = remaining - 1 WHERE id = @id", "id");
    }
}
