using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>How long ended tasks of deleted servers are kept. Those of servers that are there are kept for ever.</summary>
public sealed class RetentionOptions
{
    /// <summary>Whether anything is purged at all. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long a deleted server is kept after its last task has ended, a parent after its end, and a tombstone; by database time. Default 90 days.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(90);

    /// <summary>Events younger than this are kept whatever <see cref="KeepFor"/> says, so that a reader of the stream may be away for so long. Default 7 days.</summary>
    public TimeSpan ResumeFor { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How many tasks one transaction takes away. Default 200.</summary>
    public int BatchSize { get; set; } = 200;

    /// <summary>The pause between two batches, for everybody else. Default 200 ms.</summary>
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often it is looked for what is old. Default one hour; not below <c>Recovery:MinimumReminderPeriod</c>.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromHours(1);

    /// <summary>The directory that what is purged is written to before; relative to the data directory. Empty: nowhere. Default <c>archive</c>.</summary>
    public string Archive { get; set; } = "archive";

    /// <summary>After which time a server is purged.</summary>
    public TimeSpan Longest => KeepFor > ResumeFor ? KeepFor : ResumeFor;
}

/// <summary>Checks <see cref="RetentionOptions"/>.</summary>
public sealed class RetentionOptionsValidator : IValidateOptions<RetentionOptions>
{
    private static readonly TimeSpan Shortest = TimeSpan.FromDays(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(36_500);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, RetentionOptions options)
    {
        var errors = new List<string>();
        // A repeated call is answered for 24 hours with what its task is.
        if (options.KeepFor < Shortest || options.KeepFor > Longest)
        {
            errors.Add($"Set Retention:KeepFor between one day and 100 years; it is {options.KeepFor}. To keep everything set Retention:Enabled to false.");
        }

        if (options.ResumeFor < TimeSpan.Zero || options.ResumeFor > Longest)
        {
            errors.Add($"Set Retention:ResumeFor between 0 and 100 years; it is {options.ResumeFor}.");
        }

        if (options.BatchSize is < 1 or > 5000)
        {
            errors.Add($"Set Retention:BatchSize between 1 and 5000; it is {options.BatchSize}.");
        }

        if (options.Pause < TimeSpan.Zero || options.Pause > TimeSpan.FromMinutes(1))
        {
            errors.Add($"Set Retention:Pause between 0 and one minute; it is {options.Pause}.");
        }

        if (options.Every < TimeSpan.FromSeconds(1) || options.Every > TimeSpan.FromDays(30))
        {
            errors.Add($"Set Retention:Every between one second and 30 days; it is {options.Every}.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
