using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>The section <c>Stop</c>: how a process leaves when it is told to.</summary>
internal sealed class StopOptions
{
    /// <summary>
    /// How long it serves on after it has said that it is not ready, so that load balancers see that before its connections end. Longer than they take
    /// between two looks. Default: 0, for a process that nobody balances.
    /// </summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.Zero;

    /// <summary>How long the stop itself may take, after the drain: requests, steps, grains. Whatever kills it later must wait for both. Default: 30 s.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Checks <see cref="StopOptions"/>.</summary>
internal sealed class StopOptionsValidator(IOptions<WorkerOptions> workers) : IValidateOptions<StopOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, StopOptions options) =>
        options.DrainTime < TimeSpan.Zero || options.Limit < workers.Value.StopGrace + workers.Value.AbortGrace
            ? ValidateOptionsResult.Fail("Stop:DrainTime must not be negative, and Stop:Limit not below Workers:StopGrace plus Workers:AbortGrace: a step that runs is given that long.")
            : ValidateOptionsResult.Success;
}
