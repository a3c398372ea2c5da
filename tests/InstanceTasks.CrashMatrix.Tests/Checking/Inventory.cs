using System.Data.Common;
using System.Text;
using System.Text.RegularExpressions;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.TestKit;

namespace InstanceTasks.CrashMatrix.Checking;

/// <summary>Everything that there is of one server: in the world, claimed, saved, counted, and as its record says. Each a line of text.</summary>
/// <param name="World">Rows of the world: machine and disks.</param>
/// <param name="Claims">Capacity claims.</param>
/// <param name="Images">Images that were made from it.</param>
/// <param name="Quota">What its project uses.</param>
/// <param name="Record">What its record says of machine and state; null: there is none.</param>
/// <param name="VmState">Its state.</param>
internal sealed partial record Inventory(IReadOnlyList<string> World, IReadOnlyList<string> Claims, IReadOnlyList<string> Images, string Quota, string? Record, VmState? VmState)
{
    /// <summary>What differs between two, in words; empty: nothing.</summary>
    /// <param name="other">The one that is right.</param>
    /// <param name="withState">Whether the states are compared, too.</param>
    public IEnumerable<string> DiffersFrom(Inventory other, bool withState)
    {
        IEnumerable<(string Name, string Mine, string Right)> parts =
        [
            ("world", string.Join("; ", World), string.Join("; ", other.World)),
            ("claims", string.Join("; ", Claims), string.Join("; ", other.Claims)),
            ("images", string.Join("; ", Images), string.Join("; ", other.Images)),
            ("quota", Quota, other.Quota),
            ("record", Record ?? "", other.Record ?? ""),
        ];
        foreach (var (name, mine, right) in parts.Where(p => p.Mine != p.Right))
        {
            yield return $"{name} is [{mine}], right is [{right}]";
        }

        if (withState && VmState != other.VmState)
        {
            yield return $"vm_state is {VmState}, right is {other.VmState}";
        }
    }

    /// <summary>The same without what it says of power.</summary>
    public Inventory WithoutPower()
    {
        static string Hide(string line) => string.Join(' ', line.Split(' ').Where(w => !w.StartsWith("power=", StringComparison.Ordinal)));
        return this with { World = [.. World.Select(Hide)], Record = Record is null ? null : Hide(Record) };
    }

    /// <summary>The same with the names of this server, its project and task replaced, so that it can be compared with another server's.</summary>
    public Inventory Anonymous(Running.Subject subject, HostName? own)
    {
        string Hide(string line)
        {
            // What an unshelved server's disk was made from is an image of its own.
            line = ImagePattern().Replace(line, m => KindRequests.Images.Contains(m.Groups["id"].Value) ? m.Value : "image=<own>");
            line = line.Replace(subject.Instance.ToString(), "<server>").Replace(subject.Task.ToString(), "<task>").Replace(subject.Project.Value, "<project>");
            return own is { } host ? line.Replace($"host={host.Value} ", "host=<own> ") : line;
        }

        return this with { World = [.. World.Select(Hide)], Claims = [.. Claims.Select(Hide)], Quota = Hide(Quota), Record = Record is null ? null : Hide(Record) };
    }

    [GeneratedRegex("image=(?<id>[0-9a-f-]{36})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ImagePattern();
}

/// <summary>Reads inventories from the tables themselves, whatever columns and tables later versions add.</summary>
internal sealed class InventoryReader(string dataDirectory)
{
    private readonly WorldRows _world = new(dataDirectory);
    private readonly StoreRows _store = new(dataDirectory);

    /// <summary>What there is of a server.</summary>
    public Inventory Read(InstanceId id, ProjectId project, InstanceRecord? record) => new(
        _world.Of(id), _store.ClaimsOf(id), _store.ImagesOf(id), _store.QuotaOf(project), record is null ? null : Describe(record), record?.VmState);

    /// <summary>How often each effect of a task has happened, by its key.</summary>
    public IReadOnlyDictionary<string, long> EffectsOf(InstanceId id, TaskId task) => _world.EffectsOf(id, task);

    private static string Describe(InstanceRecord i) =>
        $"host={i.Host?.Value ?? "none"} zone={i.AvailabilityZone} power={i.Power} flavor={i.Flavor.Id} {i.Flavor.ToResources()} image={i.ImageId} name={i.Name} locked={i.LockedBy} key={i.KeyName} " +
        $"metadata={string.Join(',', i.Metadata.Select(m => $"{m.Key}:{m.Value}"))} tags={string.Join(',', i.Tags)} holder={i.Holder?.Kind} queue={i.Queue.Count} attention={i.Attention.Count}";

    private static string Line(DbDataReader row, string table, IReadOnlySet<string> without)
    {
        var line = new StringBuilder(table).Append(": ");
        for (var i = 0; i < row.FieldCount; i++)
        {
            if (!without.Contains(row.GetName(i)))
            {
                line.Append(row.GetName(i)).Append('=').Append(row.IsDBNull(i) ? "null" : row.GetValue(i)).Append(' ');
            }
        }

        return line.ToString();
    }

    private sealed class WorldRows : SqliteReader
    {
        // What happened, in contrast to what there is.
        private static readonly HashSet<string> History = ["operations", "effects", "refused", "stamps", "faults"];

        // A restart is not undone, nor what a guest has written on its console, and nobody knows the password before; times differ.
        private static readonly HashSet<string> Fleeting = ["boots", "console", "password", "at"];

        private readonly List<string> _tables;

        public WorldRows(string dataDirectory)
            : base(dataDirectory, "operations") => _tables =
            [
                .. Query("SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'machine'", r => r.GetString(0)).Where(t => !History.Contains(t)).Order(StringComparer.Ordinal),
            ];

        public IReadOnlyList<string> Of(InstanceId id) =>
            [.. _tables.SelectMany(t => Query($"SELECT * FROM {t} WHERE machine = @id", r => Line(r, t, Fleeting), ("@id", id.ToString()))).Order(StringComparer.Ordinal)];

        public IReadOnlyDictionary<string, long> EffectsOf(InstanceId id, TaskId task)
        {
            var mine = $"{task.Value:N}/";
            return Query("SELECT key, sum(count) FROM effects WHERE machine = @id GROUP BY key", r => (Key: r.GetString(0), Count: r.GetInt64(1)), ("@id", id.ToString()))
                .Where(e => e.Key.StartsWith(mine, StringComparison.Ordinal)).ToDictionary(e => e.Key, e => e.Count);
        }
    }

    private sealed class StoreRows(string dataDirectory) : SqliteReader(StoreReader.OpenerOf(dataDirectory))
    {
        private static readonly HashSet<string> ByWhom = ["task_id", "instance_id"];

        // Of whom and when an image is differs from server to server.
        private static readonly HashSet<string> OfWhom = [.. ByWhom, "id", "project_id", "created_at", "updated_at"];

        public IReadOnlyList<string> ClaimsOf(InstanceId id) =>
            [.. Query("SELECT * FROM claims WHERE instance_id = @id", r => Line(r, "claim", ByWhom), ("@id", id.ToString())).Order(StringComparer.Ordinal)];

        public IReadOnlyList<string> ImagesOf(InstanceId id) =>
            [.. Query("SELECT * FROM images WHERE instance_id = @id", r => Line(r, "image", OfWhom), ("@id", id.ToString())).Order(StringComparer.Ordinal)];

        public string QuotaOf(ProjectId project) => Query(
            "SELECT instances, cores, ram_mb FROM quota WHERE project_id = @id", r => $"{r.GetInt32(0)} servers, {r.GetInt32(1)} cores, {r.GetInt32(2)} MiB", ("@id", project.Value)).SingleOrDefault() ?? "nothing";
    }
}
