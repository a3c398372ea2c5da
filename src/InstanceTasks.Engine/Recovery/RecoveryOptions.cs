namespace InstanceTasks.Engine;

/// <summary>How tasks that nobody drives are found (design §4.5). Each trigger alone is enough.</summary>
public sealed class RecoveryOptions
{
    /// <summary>The period of the durable reminder. Default one minute, which is Orleans' own minimum.</summary>
    public TimeSpan ReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The smallest reminder period that the silo accepts; lower it together with <see cref="ReminderPeriod"/>. Default one minute.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether the durable reminder is used. Default true.</summary>
    public bool UseReminder { get; set; } = true;

    /// <summary>Whether a starting silo looks at once. Default true.</summary>
    public bool OnStart { get; set; } = true;

    /// <summary>Whether the shard's activation looks when the next task is due. Default true.</summary>
    public bool WhenDue { get; set; } = true;

    /// <summary>Whether a change of leases or membership makes it look. Default true.</summary>
    public bool OnLeaseEnd { get; set; } = true;

    /// <summary>The longest sleep between two looks. Default 5 s.</summary>
    public TimeSpan LongestSleep { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Pokes in flight per shard. Default 128: a poke waits for the fence of its task, so that fewer would hold up the claims of all others.</summary>
    public int ParallelPokes { get; set; } = 128;

    /// <summary>Tasks read per look. Default 500.</summary>
    public int BatchSize { get; set; } = 500;
}

/// <summary>Checks <see cref="RecoveryOptions"/>.</summary>
public sealed class RecoveryOptionsValidator : Microsoft.Extensions.Options.IValidateOptions<RecoveryOptions>
{
    /// <inheritdoc/>
    public Microsoft.Extensions.Options.ValidateOptionsResult Validate(string? name, RecoveryOptions options)
    {
        var errors = new List<string>();
        if (options.ReminderPeriod < options.MinimumReminderPeriod)
        {
            errors.Add($"Recovery:ReminderPeriod ({options.ReminderPeriod}) is below Recovery:MinimumReminderPeriod ({options.MinimumReminderPeriod}): set both.");
        }

        if (options.LongestSleep <= TimeSpan.Zero || options.ParallelPokes < 1 || options.BatchSize < 1)
        {
            errors.Add("Recovery:LongestSleep, Recovery:ParallelPokes and Recovery:BatchSize must be positive.");
        }

        if (options is { UseReminder: false, OnStart: false, WhenDue: false, OnLeaseEnd: false })
        {
            errors.Add("Recovery: every trigger is off; interrupted tasks would never go on.");
        }

        return errors.Count == 0 ? Microsoft.Extensions.Options.ValidateOptionsResult.Success : Microsoft.Extensions.Options.ValidateOptionsResult.Fail(errors);
    }
}
