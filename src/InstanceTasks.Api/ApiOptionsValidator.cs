using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api;

/// <summary>Refuses options that the API cannot serve with.</summary>
public sealed partial class ApiOptionsValidator : IValidateOptions<ApiOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, ApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = Problems(options).ToList();
        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    private static IEnumerable<string> Problems(ApiOptions options)
    {
        if (!Id().IsMatch(options.UserId) || !Id().IsMatch(options.ProjectId))
        {
            yield return "UserId and ProjectId must be 1 to 255 letters, digits and '-'.";
        }

        if (options.PublicUrl is { Length: > 0 } url && (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https")))
        {
            yield return $"PublicUrl '{url}' is not an absolute http or https URL.";
        }

        if (!Guid.TryParse(options.ImageId, out _))
        {
            yield return $"ImageId '{options.ImageId}' is not a uuid.";
        }

        if (options.UnknownOutcomeTimeout <= TimeSpan.Zero || options.UnknownOutcomePause <= TimeSpan.Zero || options.MaxTaskWait <= TimeSpan.Zero)
        {
            yield return "UnknownOutcomeTimeout, UnknownOutcomePause and MaxTaskWait must be positive.";
        }

        if (options.MaxMetadataItems < 1 || options.MaxKeyPairs < 1 || options.MaxServerGroups < 1 || options.MaxServerGroupMembers < 1)
        {
            yield return "MaxMetadataItems, MaxKeyPairs, MaxServerGroups and MaxServerGroupMembers must be at least 1.";
        }
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9\-]{1,255}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Id();
}
