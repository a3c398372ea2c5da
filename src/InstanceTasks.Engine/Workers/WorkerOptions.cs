using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>How this process works for the hosts it reaches.</summary>
public sealed class WorkerOptions
{
    /// <summary>Whether this process runs steps at all; a pure API front end does not. Default true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Steps at a time per host in this process. Default 64.</summary>
    public int PerHost { get; set; } = 64;

    /// <summary>
    /// How long a poll for work is held. Default 2 s, at most 10. A host's grain that is to move ends its held polls first, so this is also how
    /// long it may be away then.
    /// </summary>
    public TimeSpan PollWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long an aborted verb may take to return before it is abandoned. Default 5 s (design §4.3).</summary>
    public TimeSpan AbortGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a clean stop waits for running steps before it aborts them; they are repeated later. Default 5 s.</summary>
    public TimeSpan StopGrace { get; set; } = TimeSpan.FromSeconds(5);
}

/// <summary>Checks <see cref="WorkerOptions"/>.</summary>
public sealed class WorkerOptionsValidator : IValidateOptions<WorkerOptions>
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, WorkerOptions options) =>
        options.PerHost < 1 || options.PollWait <= TimeSpan.Zero || options.PollWait > LongestPoll || options.AbortGrace <= TimeSpan.Zero || options.StopGrace < TimeSpan.Zero
            ? ValidateOptionsResult.Fail("Workers: PerHost must be at least 1, PollWait between 0 and 10 s, AbortGrace positive, StopGrace not negative.")
            : ValidateOptionsResult.Success;
}
