using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>The lease of a silo generation (design §4.3).</summary>
public sealed class LeaseOptions
{
    /// <summary>How long a lease lives without renewal, in database time. Default 3 s.</summary>
    public TimeSpan Length { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often it is renewed. Default 1 s.</summary>
    public TimeSpan RenewEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>So long before its end nothing new is begun. Default 500 ms.</summary>
    public TimeSpan Margin { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// A silo that has no safe lease for so long, while others of its cluster have theirs, ends its process (exit code 134): it cannot reach the store, and what the cluster asks of it only fails. 0: never.
    /// Default 10 s.
    /// </summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The store is this process's alone (an embedded database behind a directory lock): at start every other lease is ended. Default false.</summary>
    public bool SoleOwner { get; set; }
}

/// <summary>Checks <see cref="LeaseOptions"/>.</summary>
public sealed class LeaseOptionsValidator : IValidateOptions<LeaseOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LeaseOptions options)
    {
        if (options.GiveUpAfter < TimeSpan.Zero)
        {
            return ValidateOptionsResult.Fail("Lease:GiveUpAfter must not be negative; 0: a silo never ends itself. It counts from the end of the lease on.");
        }

        return options.RenewEvery <= TimeSpan.Zero || options.Margin < TimeSpan.Zero || options.RenewEvery * 2 + options.Margin > options.Length
            ? ValidateOptionsResult.Fail("Lease:Length must be at least twice Lease:RenewEvery plus Lease:Margin: one renewal may fail without losing the lease.")
            : ValidateOptionsResult.Success;
    }
}
