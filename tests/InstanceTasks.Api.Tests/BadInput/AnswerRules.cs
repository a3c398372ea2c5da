using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>What an answer to bad input may be (nova-api §1.5): 4xx in Nova's envelope, or an answer, where it was not so bad after all.</summary>
internal static class AnswerRules
{
    /// <summary>What the HTTP server itself says of what is no HTTP, without a body: nobody looked at what was asked.</summary>
    private static readonly int[] OfTheServer = [400, 405, 408, 411, 413, 414, 417, 431];

    private const int LongestLine = 8_000;

    public static string? ProblemOf(Mutation mutation, RawRequest sent, RawAnswer answer) => answer.Status switch
    {
        0 => mutation.MayBeNoHttp || sent.IsCutShort ? null : "closed without an answer",
        _ when !answer.Headers.ContainsKey("x-openstack-request-id") => OfServer(mutation, sent, answer),
        >= 200 and < 300 or 300 => Json(answer),
        (>= 400 and < 500) or 501 => Envelope(sent, answer),
        _ => "a status that nobody should see",
    };

    private static string? OfServer(Mutation mutation, RawRequest sent, RawAnswer answer) =>
        answer.Status == 414 && sent.Target.Length > LongestLine ? null
        : !mutation.MayBeNoHttp ? "not answered by the API"
        : answer.Body.Length > 0 ? "an answer of the server with a body"
        : OfTheServer.Contains(answer.Status) || (answer.Status == 505 && sent.Version != "HTTP/1.1") ? null
        : "a status of the server that nobody should see";

    private static string? Json(RawAnswer answer)
    {
        try
        {
            _ = answer.Body.Length == 0 ? null : JsonNode.Parse(answer.Body);
            return null;
        }
        catch (JsonException)
        {
            return "not JSON";
        }
    }

    private static string? Envelope(RawRequest sent, RawAnswer answer)
    {
        if (sent.Method == "HEAD")
        {
            return answer.Body.Length == 0 ? null : "a body for HEAD";
        }

        if (Json(answer) is not null || answer.Body.Length == 0 || JsonNode.Parse(answer.Body) is not JsonObject { Count: 1 } body)
        {
            return "not in the envelope";
        }

        var (key, fault) = body.First();
        var isIdentity = answer.Status == 401 || key == "error";
        return key != (isIdentity ? "error" : ApiFault.KeyOf(answer.Status)) ? $"the envelope of {answer.Status} is not {key}"
            : fault is not JsonObject found || (int?)found["code"] != answer.Status ? "another code in the envelope"
            : (string?)found["message"] is not { Length: > 0 } ? "no message"
            : answer.Status == 405 && !answer.Headers.ContainsKey("allow") ? "405 without Allow"
            : null;
    }
}
