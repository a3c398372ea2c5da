using InstanceTasks.Chaos.Checking;
using InstanceTasks.TestKit;

namespace InstanceTasks.Chaos.Running;

/// <summary>Reads what store and world say, with no code of the product in between.</summary>
internal sealed class TruthReader(string directory) : SqliteReader(StoreReader.OpenerOf(directory))
{
    private readonly StoreReader _store = new(directory);

    /// <summary>Tasks that have not ended and do not wait for an operator.</summary>
    public IReadOnlyList<TaskRecord> ReadUnfinished() => _store.ReadUnfinished();

    /// <summary>The newest place of the stream.</summary>
    public long ReadLastPlace() => Count("SELECT coalesce(max(stream_id), 0) FROM task_events");

    /// <summary>A history without calls and deliveries.</summary>
    public History Read(AuditReport audit) => new()
    {
        Tasks = [.. _store.ReadTasks().Select(t => new StoredTask(t.Id.Value, t.Kind.Name, t.Instance.Value, t.State, t.Seq, t.SupersededBy?.Value))],
        Servers = [.. _store.ReadInstances().Select(i => new StoredServer(i.Id.Value, i.Name, i.VmState, i.Holder?.Id.Value))],
        Stream = ReadStream(),
        Effects = [.. new WorldReader(directory).ReadEffects().Select(e => new WorldEffectCount(e.Key, e.Stamp, e.Count))],
        Differences = audit.Problems,
    };

    // A tombstone is no task: it keeps an accept whose outcome nobody knew from being applied later, and is shown to nobody.
    private List<StoredEvent> ReadStream() => Query(
        "SELECT e.task_id, e.seq, e.types, e.at FROM task_events e JOIN tasks t ON t.id = e.task_id WHERE t.state <> 'refused' ORDER BY e.stream_id",
        r => new StoredEvent(Guid.Parse(r.GetString(0)), r.GetInt64(1), r.GetString(2).Split(',')) { At = DateTimeOffset.UnixEpoch.AddMicroseconds(r.GetInt64(3)) });
}
