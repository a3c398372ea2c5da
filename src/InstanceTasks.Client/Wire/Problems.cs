using System.Text.Json;

namespace InstanceTasks.Client.Wire;

/// <summary>Reads refusals: the compute service's envelope of one member, or the identity service's <c>error</c>.</summary>
internal static class Problems
{
    public static async Task<ApiException> OfAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        return new(ApiException.KindOf(status), MessageOf(text) ?? $"{status} {answer.ReasonPhrase}")
        {
            Status = status, RequestId = Header(answer, "x-openstack-request-id"), Task = Guid.TryParse(Header(answer, "OpenStack-Task"), out var task) ? task : null, RetryAfter = RetryAfterOf(answer),
        };
    }

    public static TimeSpan? RetryAfterOf(HttpResponseMessage answer) => answer.Headers.RetryAfter?.Delta;

    public static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.First() : null;

    private static string? MessageOf(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.EnumerateObject().FirstOrDefault() is { Value.ValueKind: JsonValueKind.Object } fault
                && fault.Value.TryGetProperty("message", out var message) ? message.GetString() : null;
        }
        catch (JsonException)
        {
            // A proxy's page, perhaps: the status must do.
            return null;
        }
    }
}
