using System.Net;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit;

/// <summary>An answer of the API.</summary>
/// <param name="Request">Method and path, for messages.</param>
/// <param name="Status">The status.</param>
/// <param name="Body">The text of the body.</param>
/// <param name="Headers">All headers, names in lower case; several values joined by a comma.</param>
public sealed record ApiAnswer(string Request, HttpStatusCode Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>The task that the call made (<c>OpenStack-Task</c>), or null.</summary>
    public Guid? Task => Header("openstack-task") is { } text ? Guid.Parse(text) : null;

    /// <summary>The request id.</summary>
    public string? RequestId => Header("x-openstack-request-id");

    /// <summary>Whether the status is 2xx.</summary>
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>The body as JSON.</summary>
    public JsonNode Json => JsonNode.Parse(Body) ?? throw new InvalidOperationException($"{this} has no body.");

    /// <summary>A header, or null.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name.ToLowerInvariant());

    /// <summary>This answer, which must have the status.</summary>
    /// <exception cref="InvalidOperationException">It has another; the message holds the body.</exception>
    public ApiAnswer Expect(HttpStatusCode status) => Status == status ? this : throw new InvalidOperationException($"Expected {(int)status}: {this}");

    public override string ToString() => $"{Request} -> {(int)Status} {Body}";
}
