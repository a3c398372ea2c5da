using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>An answer before it is written.</summary>
internal sealed record ApiAnswer(int Status, JsonNode? Body = null)
{
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>Writes a body that has no end in sight, in place of <see cref="Body"/>.</summary>
    public Func<HttpContext, Task>? Stream { get; init; }

    public static ApiAnswer Ok(JsonNode body) => new(200, body);

    public ApiAnswer With(string header, string value)
    {
        Headers[header] = value;
        return this;
    }

    /// <summary>Names the task that the call made, in headers only: Nova's bodies are closed (nova-api §2.3).</summary>
    public ApiAnswer WithTask(ApiLinks links, TaskId task)
    {
        foreach (var (name, value) in TaskHeaders(links, task))
        {
            Headers[name] = value;
        }

        return this;
    }

    public static Dictionary<string, string> TaskHeaders(ApiLinks links, TaskId task) => new()
    {
        ["Link"] = $"<{links.Versioned($"tasks/{task}")}>; rel=\"task\"",
        ["OpenStack-Task"] = task.ToString(),
    };

    public static string ToText(JsonNode node) => node.ToJsonString(Compact);

    public async Task WriteAsync(HttpContext http)
    {
        var response = http.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            response.Headers[name] = value;
        }

        if (Status == 204)
        {
            return;
        }

        if (Stream is { } stream)
        {
            await stream(http);
            return;
        }

        var bytes = Body is null ? [] : JsonSerializer.SerializeToUtf8Bytes(Body, Compact);
        response.ContentType = "application/json";
        response.ContentLength = bytes.Length;
        if (bytes.Length > 0 && !HttpMethods.IsHead(http.Request.Method))
        {
            await response.Body.WriteAsync(bytes, http.RequestAborted);
        }
    }
}
