using Microsoft.Extensions.Options;

namespace InstanceTasks.Storage;

/// <summary>Options of the SQLite store.</summary>
public sealed class SqliteStorageOptions
{
    /// <summary>The directory that holds the database, its lock and the secrets key; made with mode 0700. Default: <c>var</c>.</summary>
    public string DataDirectory { get; set; } = "var";

    /// <summary>How many commits one transaction takes at most. Default: 256.</summary>
    public int BatchLimit { get; set; } = 256;

    /// <summary>How many commits may wait for the writer before callers wait to hand theirs over. Default: 8192.</summary>
    public int QueueLimit { get; set; } = 8192;

    /// <summary>How many reads run at the same time. Default: 8.</summary>
    public int Readers { get; set; } = 8;

    /// <summary>How long a statement waits for a lock that another process holds (a backup tool). Default: 10 s.</summary>
    public TimeSpan BusyTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest stored text, in characters: a commit with a longer one fails alone. Default: 4 Mi.</summary>
    public int MaxRowCharacters { get; set; } = 4 * 1024 * 1024;
}

/// <summary>Checks <see cref="SqliteStorageOptions"/>; each message says what to set.</summary>
public sealed class SqliteStorageOptionsValidator : IValidateOptions<SqliteStorageOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, SqliteStorageOptions options)
    {
        var failures = new List<string>();
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
        {
            failures.Add("Set DataDirectory to the directory that shall hold the data.");
        }

        CheckRange(failures, nameof(options.BatchLimit), options.BatchLimit, 1, 10_000);
        CheckRange(failures, nameof(options.QueueLimit), options.QueueLimit, 1, 1_000_000);
        CheckRange(failures, nameof(options.Readers), options.Readers, 1, 256);
        CheckRange(failures, nameof(options.MaxRowCharacters), options.MaxRowCharacters, 1024, 256 * 1024 * 1024);
        if (options.BusyTimeout < TimeSpan.FromMilliseconds(1) || options.BusyTimeout > TimeSpan.FromMinutes(5))
        {
            failures.Add("Set BusyTimeout between 1 ms and 5 minutes.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void CheckRange(List<string> failures, string property, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            failures.Add($"Set {property} between {min} and {max}; it is {value}.");
        }
    }
}
