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

        if (!Enum.IsDefined(options.Auth))
        {
            yield return "Auth must be none, http_basic, identity or keystone.";
        }

        if (options.Auth is AuthMode.HttpBasic or AuthMode.Identity && string.IsNullOrEmpty(options.UsersFile))
        {
            yield return "UsersFile must name the file of users for http_basic and identity.";
        }

        if (options.Auth == AuthMode.Keystone && !(Uri.TryCreate(options.Keystone.Url, UriKind.Absolute, out var keystone) && keystone.Scheme is "http" or "https"))
        {
            yield return "Keystone:Url must be the URL of Keystone, with /v3.";
        }

        if (options.Auth == AuthMode.Keystone && (options.Keystone.Username.Length == 0 || options.Keystone.Password.Length == 0))
        {
            yield return "Keystone:Username and Keystone:Password must be those of a service user.";
        }

        if (options.TokenLifetime <= TimeSpan.Zero || options.Keystone.CacheTime <= TimeSpan.Zero || options.Keystone.Timeout <= TimeSpan.Zero || options.Keystone.CacheSize < 1)
        {
            yield return "TokenLifetime, Keystone:CacheTime, Keystone:Timeout and Keystone:CacheSize must be positive.";
        }

        if (options.Limits is { RequestsPerSecond: < 0 } or { Burst: < 1 } or { Concurrent: < 0 } or { EventStreams: < 0 } or { MaxBodyBytes: < 1024 } or { MaxHeaderBytes: < 1024 })
        {
            yield return "Limits: RequestsPerSecond, Concurrent and EventStreams must not be negative, Burst at least 1, MaxBodyBytes and MaxHeaderBytes at least 1024.";
        }

        if (options.UnknownOutcomeTimeout <= TimeSpan.Zero || options.UnknownOutcomePause <= TimeSpan.Zero || options.MaxTaskWait <= TimeSpan.Zero || options.AskAgainFor < TimeSpan.Zero)
        {
            yield return "UnknownOutcomeTimeout, UnknownOutcomePause and MaxTaskWait must be positive, AskAgainFor not negative.";
        }

        if (options.Events is { } events && (events.HeartBeat <= TimeSpan.Zero || events.Retry < TimeSpan.Zero || events.Lifetime <= TimeSpan.Zero || events.SendTimeout <= TimeSpan.Zero
            || events.PollInterval <= TimeSpan.Zero || events.Gather < TimeSpan.Zero || events.Window < 1))
        {
            yield return "Events: HeartBeat, Lifetime, SendTimeout and PollInterval must be positive, Retry and Gather not negative, Window at least 1.";
        }

        if (options.MaxMetadataItems < 1 || options.MaxKeyPairs < 1 || options.MaxServerGroups < 1 || options.MaxServerGroupMembers < 1)
        {
            yield return "MaxMetadataItems, MaxKeyPairs, MaxServerGroups and MaxServerGroupMembers must be at least 1.";
        }
    }

    [GeneratedRegex(@"\A[a-zA-Z0-9\-]{1,255}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Id();
}
