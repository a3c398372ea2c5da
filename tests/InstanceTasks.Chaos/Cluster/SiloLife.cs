namespace InstanceTasks.Chaos.Cluster;

/// <summary>How a process of a silo ended.</summary>
internal enum SiloEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>SIGKILL.</summary>
    Killed,

    /// <summary>It was asked to.</summary>
    Stopped,

    /// <summary>By itself, as one that finds out that the others have declared it dead.</summary>
    ByItself,
}

/// <summary>One process of a silo, from its start to its end.</summary>
internal sealed class SiloLife(string silo, int processId, DateTimeOffset startedAt, TimeSpan start)
{
    // As the block has it that a silo prints when it serves.
    private const string BuiltWith = "built with   Orleans ";

    /// <summary>The silo.</summary>
    public string Silo { get; } = silo;

    /// <summary>The process.</summary>
    public int ProcessId { get; } = processId;

    /// <summary>When it was started.</summary>
    public DateTimeOffset StartedAt { get; } = startedAt;

    /// <summary>How long it took until it served.</summary>
    public TimeSpan Start { get; } = start;

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <summary>When a process was first started in its place, also one whose start failed; null: none was. From then on it may be its successor that declares it dead.</summary>
    public DateTimeOffset? SucceededAt { get; private set; }

    /// <summary>When it was asked to stop; null: it was not.</summary>
    public DateTimeOffset? AskedToStopAt { get; private set; }

    /// <summary>Which Orleans its executable was built with, by its own words; null: it did not say.</summary>
    public string? OrleansBuild { get; private set; }

    /// <summary>How it ended.</summary>
    public SiloEnd End { get; private set; }

    /// <summary>With which code.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>Warnings and worse that it wrote.</summary>
    public IReadOnlyList<string> Complaints { get; private set; } = [];

    /// <summary>How often its lease lapsed, by its own log.</summary>
    public int Lapses { get; private set; }

    /// <summary>When the others declared it dead, as the membership table showed it.</summary>
    public DateTimeOffset? DeclaredDeadAt { get; set; }

    /// <summary>Notes that a process is started in its place.</summary>
    public void Succeeded(DateTimeOffset at) => SucceededAt ??= at;

    /// <summary>Notes that it is asked to stop.</summary>
    public void AskedToStop(DateTimeOffset at) => AskedToStopAt = at;

    /// <summary>Notes its end.</summary>
    public void Ended(SiloEnd end, int exitCode, DateTimeOffset at, string output)
    {
        (End, ExitCode, EndedAt) = (end, exitCode, at);
        var lines = output.Split('\n');
        Complaints = [.. lines.Where(l => l.Contains("warn:", StringComparison.Ordinal) || l.Contains("fail:", StringComparison.Ordinal) || l.Contains("crit:", StringComparison.Ordinal)).Select(l => l.TrimEnd())];
        Lapses = lines.Count(l => l.Contains("has lapsed", StringComparison.Ordinal));
        OrleansBuild = lines.Select(l => l.Split(BuiltWith)).FirstOrDefault(parts => parts.Length > 1)?[1].Trim();
    }
}
