using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>
/// How many attempts may run at a time on one host, whichever processes run them. Counted by the host itself, from what its workers say they
/// hold: no row is shared, and no limit outlives a restart wrongly. In the seconds in which a host has two activations, each counts alone.
/// 0 means: no limit.
/// </summary>
public sealed class LimitOptions
{
    /// <summary>Attempts on a host. Default 0.</summary>
    public int RunningPerHost { get; set; }

    /// <summary>Attempts of one project on a host, so that one project's rush leaves room for others. Default 0.</summary>
    public int RunningPerProject { get; set; }

    /// <summary>Attempts of a kind on a host, by the kind's name. Default: none is limited.</summary>
    public Dictionary<string, int> RunningPerKind { get; } = [];

    /// <summary>Whether anything is limited.</summary>
    public bool Any => RunningPerHost > 0 || RunningPerProject > 0 || RunningPerKind.Count > 0;
}

/// <summary>Checks <see cref="LimitOptions"/>.</summary>
public sealed class LimitOptionsValidator : IValidateOptions<LimitOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, LimitOptions options) =>
        options.RunningPerHost < 0 || options.RunningPerProject < 0 || options.RunningPerKind.Values.Any(n => n < 1)
            ? ValidateOptionsResult.Fail("Limits: RunningPerHost and RunningPerProject must not be negative, and every entry of RunningPerKind must be at least 1.")
            : ValidateOptionsResult.Success;
}

/// <summary>What runs on a host, counted against the limits.</summary>
internal sealed class HostLoad(LimitOptions limits)
{
    private readonly Dictionary<string, int> _kinds = [];
    private readonly Dictionary<string, int> _projects = [];
    private int _all;

    public void Add(TaskKind kind, ProjectId project)
    {
        _all++;
        _kinds[kind.Name ?? ""] = Of(kind) + 1;
        _projects[project.Value ?? ""] = Of(project) + 1;
    }

    /// <summary>The limit that one more of these would exceed, in one of <see cref="WaitLimits"/>; null: none.</summary>
    public string? Blocks(TaskKind kind, ProjectId project) =>
        limits.RunningPerHost > 0 && _all >= limits.RunningPerHost ? WaitLimits.Host
        : limits.RunningPerKind.TryGetValue(kind.Name ?? "", out var most) && Of(kind) >= most ? WaitLimits.Kind
        : limits.RunningPerProject > 0 && Of(project) >= limits.RunningPerProject ? WaitLimits.Project
        : null;

    private int Of(TaskKind kind) => _kinds.GetValueOrDefault(kind.Name ?? "");

    private int Of(ProjectId project) => _projects.GetValueOrDefault(project.Value ?? "");
}
