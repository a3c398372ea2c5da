using System.Globalization;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>
/// A memory cgroup of its own for one process. Once it may not grow any more, the kernel reclaims its pages again and again, and when nothing helps the process is killed. (A limit from the
/// start would be no pressure: the garbage collector reads it then, and keeps below it.)
/// </summary>
internal sealed class MemoryLimit : IDisposable
{
    private const string FirstVersion = "/sys/fs/cgroup/memory";
    private const string SecondVersion = "/sys/fs/cgroup";

    private readonly string _directory;
    private readonly bool _first;

    private MemoryLimit(string directory, bool first) => (_directory, _first) = (directory, first);

    /// <summary>What makes the process that it becomes a member.</summary>
    public IReadOnlyList<string> Launcher => ["sh", "-c", $"echo $$ > {_directory}/cgroup.procs && exec \"$@\"", "sh"];

    /// <summary>How often the limit was hit.</summary>
    public long Hits => _first ? long.Parse(Read("memory.failcnt")) : Value("memory.events", "max");

    /// <summary>How often a process was killed for it.</summary>
    public long Kills => Value(_first ? "memory.oom_control" : "memory.events", "oom_kill");

    private string Limit => Path.Combine(_directory, _first ? "memory.limit_in_bytes" : "memory.max");

    /// <summary>From now on the process may take as much as it has, and so much more.</summary>
    /// <returns>The limit.</returns>
    public long Tighten(long more)
    {
        var limit = long.Parse(Read(_first ? "memory.usage_in_bytes" : "memory.current")) + more;
        File.WriteAllText(Limit, limit.ToString(CultureInfo.InvariantCulture));
        return limit;
    }

    /// <summary>A cgroup, without a limit yet; null: this process may not make one.</summary>
    public static MemoryLimit? TryCreate()
    {
        var first = Directory.Exists(FirstVersion);
        var directory = Path.Combine(first ? FirstVersion : SecondVersion, $"instancetasks-chaos-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}");
        try
        {
            Directory.CreateDirectory(directory);
            var made = new MemoryLimit(directory, first);
            File.WriteAllText(made.Limit, first ? "-1" : "max");
            return made;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory);
            }

            return null;
        }
    }

    /// <summary>Only once its process has ended.</summary>
    public void Dispose() => Directory.Delete(_directory);

    private string Read(string file) => File.ReadAllText(Path.Combine(_directory, file)).Trim();

    private long Value(string file, string name) =>
        Read(file).Split('\n').Select(l => l.Split(' ')).Where(l => l is [var key, _] && key == name).Select(l => long.Parse(l[1])).FirstOrDefault();
}
