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

    /// <summary>The store is this process's alone (an embedded database behind a directory lock): at start every other lease is ended. Default false.</summary>
    public bool SoleOwner { get; set; }
}

/// <summary>Checks <see cref="LeaseOptions"/>.</summary>
public sealed class LeaseOptionsValidator : IValidateOptions<LeaseOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LeaseOptions options) =>
        options.RenewEvery <= TimeSpan.Zero || options.Margin < TimeSpan.Zero || options.RenewEvery * 2 + options.Margin > options.Length
            ? ValidateOptionsResult.Fail("Lease:Length must be at least twice Lease:RenewEvery plus Lease:Margin: one renewal may fail without losing the lease.")
            : ValidateOptionsResult.Success;
}
