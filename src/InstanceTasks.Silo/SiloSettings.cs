using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>What the command line and the configuration say about the process itself.</summary>
internal sealed record SiloSettings(string DataDirectory, IReadOnlyList<string> Urls, string? ConfigFile)
{
    private const string PausedFlag = "--paused";

    private const string DefaultUrl = "http://127.0.0.1:8774";

    /// <summary>Whether nothing is to move, in the whole cluster, until an administrator says so.</summary>
    public bool Paused { get; init; }

    public string WorldFile => Path.Combine(DataDirectory, "world.db");

    public string OrleansConnectionString => OrleansSqlite.ConnectionString(Path.Combine(DataDirectory, SqliteStore.OrleansFileName));

    /// <summary>Reads the command line.</summary>
    /// <exception cref="SettingsException">It cannot be understood.</exception>
    public static SiloSettings Parse(string[] args)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == PausedFlag)
            {
                given[PausedFlag] = "";
                continue;
            }

            var (name, value) = args[i].Split('=', 2) is [var left, var right] ? (left, right) : (args[i], i + 1 < args.Length ? args[++i] : null);
            if (name is not ("--urls" or "--data" or "--config") || string.IsNullOrEmpty(value))
            {
                throw new SettingsException($"cannot understand '{name}': use --urls URL, --data DIR, --config FILE, --paused; or hash-password, after-restore, compare-machines or retention as the first word.");
            }

            given[name] = value;
        }

        return new(
            Path.GetFullPath(given.GetValueOrDefault("--data", "var")),
            given.GetValueOrDefault("--urls", DefaultUrl).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
            given.TryGetValue("--config", out var config) ? Path.GetFullPath(config) : null)
        {
            Paused = given.ContainsKey(PausedFlag),
        };
    }
}

/// <summary>The command line or a configuration file cannot be understood.</summary>
internal sealed class SettingsException(string message) : Exception(message);
