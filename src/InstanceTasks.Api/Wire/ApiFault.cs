using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace InstanceTasks.Api.Wire;

/// <summary>An answer of 4xx or 5xx in Nova's envelope (nova-api §1.5). Thrown anywhere below the pipeline, which writes it.</summary>
#pragma warning disable CA1032, CA1064 // an internal control-flow exception: the status is never optional
internal sealed class ApiFault(int status, string message) : Exception(message)
#pragma warning restore CA1032, CA1064
{
    public int Status { get; } = status;

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>Whether a rule of the policy refuses.</summary>
    public bool IsPolicy { get; init; }

    public static ApiFault BadRequest(string message) => new(400, message);

    public static ApiFault NotFound(string message) => new(404, message);

    public static ApiFault NoSuchResource() => new(404, "The resource could not be found.");

    public static ApiFault NoSuchServer(string id) => new(404, $"Instance {id} could not be found.");

    public static ApiFault Conflict(string message) => new(409, message);

    public static ApiFault Policy(string rule) => new(403, $"Policy doesn't allow os_compute_api:{rule} to be performed.") { IsPolicy = true };

    public static ApiFault MalformedBody() => new(400, "Malformed request body");

    /// <summary>A known feature that this deployment does not have: said, never silently left out.</summary>
    public static ApiFault Unsupported(string what) => new(400, $"{what} is not supported by this deployment.");

    /// <summary>Nobody, or somebody else than he says (nova-api §1.4).</summary>
    public static ApiFault Unauthorized(string challenge) => new(401, "The request you have made requires authentication.") { Headers = { ["WWW-Authenticate"] = challenge } };

    /// <summary>More than one caller may ask for.</summary>
    public static ApiFault TooMany(string message, TimeSpan wait) =>
        new(429, message) { Headers = { ["Retry-After"] = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture) } };

    /// <summary>Not now: the engine or the store cannot be reached.</summary>
    public static ApiFault Unavailable(string message, Dictionary<string, string>? headers = null) => new(503, message) { Headers = new(headers ?? []) { ["Retry-After"] = "5" } };

    /// <summary>The answer; in the identity service's envelope where that is asked, and always for 401.</summary>
    public ApiAnswer ToAnswer(bool asIdentity = false)
    {
        if (asIdentity || Status == 401)
        {
            return new ApiAnswer(Status, new JsonObject { ["error"] = new JsonObject { ["code"] = Status, ["title"] = ReasonPhrases.GetReasonPhrase(Status), ["message"] = Message } }) { Headers = Headers };
        }

        var fault = new JsonObject { ["code"] = Status, ["message"] = Message };
        if (Status is 413 or 429)
        {
            fault["retryAfter"] = Headers.GetValueOrDefault("Retry-After", "0");
        }

        return new ApiAnswer(Status, new JsonObject { [KeyOf(Status)] = fault }) { Headers = Headers };
    }

    /// <summary>The key of Nova's envelope.</summary>
    public static string KeyOf(int status) => status switch
    {
        400 => "badRequest",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 or 429 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    };
}
