using Microsoft.Extensions.Options;
using Npgsql;

namespace InstanceTasks.Storage;

/// <summary>Options of the PostgreSQL store.</summary>
public sealed class PostgresStorageOptions
{
    /// <summary>How to reach the database, in Npgsql's form: <c>Host=…;Database=…;Username=…</c>. Required. Default: none.</summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The file with the key that secrets are sealed with; made if missing. Every silo of a cluster needs the same one. Default: <c>var/secret.key</c>.</summary>
    public string SecretKeyFile { get; set; } = Path.Combine("var", "secret.key");

    /// <summary>How many commits one transaction takes at most. Default: 256.</summary>
    public int BatchLimit { get; set; } = 256;

    /// <summary>How many characters of rows one transaction takes at most, unless a single commit has more. Default: 8 Mi.</summary>
    public int BatchCharacters { get; set; } = 8 * 1024 * 1024;

    /// <summary>How many commits may wait before callers wait to hand theirs over. Default: 8192.</summary>
    public int QueueLimit { get; set; } = 8192;

    /// <summary>How many connections are used for reads and small writes. Default: 16.</summary>
    public int Connections { get; set; } = 16;

    /// <summary>How long a statement waits for a lock; then it has definitely not been applied. Default: 5 s.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the server works on a statement; then it has definitely not been applied. Default: 20 s.</summary>
    public TimeSpan StatementTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long an answer is waited for; then the outcome is unknown. Longer than the others. Default: 30 s.</summary>
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the event stream is looked at when no notification comes. Default: 1 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Whether commits of other processes wake this one (LISTEN). False where a pooler stands between, which leaves the polling. Default: true.</summary>
    public bool Notifications { get; set; } = true;

    /// <summary>The longest stored text, in characters: a commit with a longer one fails alone. Default: 4 Mi.</summary>
    public int MaxRowCharacters { get; set; } = 4 * 1024 * 1024;
}

/// <summary>Checks <see cref="PostgresStorageOptions"/>; each message says what to set.</summary>
public sealed class PostgresStorageOptionsValidator : IValidateOptions<PostgresStorageOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, PostgresStorageOptions options)
    {
        var failures = new List<string>();
        CheckConnectionString(failures, options.ConnectionString);
        if (string.IsNullOrWhiteSpace(options.SecretKeyFile))
        {
            failures.Add("Set SecretKeyFile to the file that shall hold the key of the secrets.");
        }

        CheckRange(failures, nameof(options.BatchLimit), options.BatchLimit, 1, 10_000);
        CheckRange(failures, nameof(options.BatchCharacters), options.BatchCharacters, 1024, 128 * 1024 * 1024);
        CheckRange(failures, nameof(options.QueueLimit), options.QueueLimit, 1, 1_000_000);
        CheckRange(failures, nameof(options.Connections), options.Connections, 1, 1024);
        CheckRange(failures, nameof(options.MaxRowCharacters), options.MaxRowCharacters, 1024, 64 * 1024 * 1024);
        CheckSpan(failures, nameof(options.LockTimeout), options.LockTimeout);
        CheckSpan(failures, nameof(options.StatementTimeout), options.StatementTimeout);
        CheckSpan(failures, nameof(options.AnswerTimeout), options.AnswerTimeout);
        CheckSpan(failures, nameof(options.PollInterval), options.PollInterval);
        if (options.LockTimeout > options.StatementTimeout || options.StatementTimeout >= options.AnswerTimeout)
        {
            failures.Add("Set LockTimeout, StatementTimeout and AnswerTimeout in rising order: what the server gives up itself has a known outcome.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void CheckConnectionString(List<string> failures, string text)
    {
        try
        {
            if (string.IsNullOrWhiteSpace(new NpgsqlConnectionStringBuilder(text).Host))
            {
                failures.Add("Set ConnectionString to the PostgreSQL database: Host=…;Database=…;Username=….");
            }
        }
        catch (ArgumentException e)
        {
            // The text is not repeated: it may hold a password.
            failures.Add($"Set ConnectionString in Npgsql's form: {e.GetType().Name}.");
        }
    }

    private static void CheckRange(List<string> failures, string property, int value, int min, int max)
    {
        if (value < min || value > max)
        {
            failures.Add($"Set {property} between {min} and {max}; it is {value}.");
        }
    }

    private static void CheckSpan(List<string> failures, string property, TimeSpan value)
    {
        if (value < TimeSpan.FromMilliseconds(10) || value > TimeSpan.FromMinutes(10))
        {
            failures.Add($"Set {property} between 10 ms and 10 minutes.");
        }
    }
}
