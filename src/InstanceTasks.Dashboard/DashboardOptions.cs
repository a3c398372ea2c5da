using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard;

/// <summary>Settings of the dashboard.</summary>
public sealed class DashboardOptions
{
    /// <summary>Whether it is served. Default: true.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long somebody stays signed in who does nothing. A token may end before. Default: eight hours.</summary>
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(8);

    /// <summary>How often a page is brought up to date at most, while things happen. Default: one second.</summary>
    public TimeSpan RefreshEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many rows a list has on a page. Default: 50.</summary>
    public int PageSize { get; set; } = 50;
}

/// <summary>Refuses what makes no sense, and says what to set.</summary>
internal sealed class DashboardOptionsValidator : IValidateOptions<DashboardOptions>
{
    public ValidateOptionsResult Validate(string? name, DashboardOptions options)
    {
        List<string> failures = [];
        if (options.SessionLifetime < TimeSpan.FromMinutes(1))
        {
            failures.Add($"Dashboard:SessionLifetime is {options.SessionLifetime}; set it to at least a minute.");
        }

        if (options.RefreshEvery < TimeSpan.FromMilliseconds(100))
        {
            failures.Add($"Dashboard:RefreshEvery is {options.RefreshEvery}; set it to at least 100 ms.");
        }

        if (options.PageSize is < 1 or > 1000)
        {
            failures.Add($"Dashboard:PageSize is {options.PageSize}; set it to 1 to 1000.");
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
