using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>From when on new work is refused (503) instead of being added to what waits already.</summary>
public sealed class AdmissionOptions
{
    /// <summary>So many changes of this process may wait for the database. Default 4000, half of what its queue takes: the rest is for tasks that run already.</summary>
    public int WaitingCommits { get; set; } = 4000;

    /// <summary>So long a change may take to be written. Default 5 s.</summary>
    public TimeSpan CommitDelay { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>So many steps may wait for a worker of one host; others are not affected. Default 1000.</summary>
    public int QueuedPerHost { get; set; } = 1000;
}

/// <summary>Checks <see cref="AdmissionOptions"/>.</summary>
public sealed class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AdmissionOptions options) =>
        options.WaitingCommits < 1 || options.QueuedPerHost < 1 || options.CommitDelay <= TimeSpan.Zero
            ? ValidateOptionsResult.Fail("Admission: WaitingCommits and QueuedPerHost must be at least 1, and CommitDelay must be positive.")
            : ValidateOptionsResult.Success;
}
