using System.Text.Json.Nodes;

namespace InstanceTasks.Api.Tests.Events;

/// <summary>A block of an event stream: fields and comments up to an empty line.</summary>
internal sealed record SseBlock(long? Id, JsonObject? Data, string? Comment, string? Retry);

/// <summary>A client of an event stream that is as slow as the test wants it.</summary>
internal sealed class SseConnection : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private SseConnection(HttpResponseMessage response, Stream body) => (_response, _lines) = (response, new(body));

    public int Status => (int)_response.StatusCode;

    public HttpResponseMessage Response => _response;

    public static async Task<SseConnection> OpenAsync(ApiHost api, string path, string? lastEventId = null, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("Accept", "text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastEventId);
        }

        if (token is not null)
        {
            request.Headers.Add("X-Auth-Token", token);
        }

        var response = await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead).WaitAsync(Deadline);
        return new(response, await response.Content.ReadAsStreamAsync());
    }

    /// <summary>Opened, and the greeting read: what is committed from now on is followed.</summary>
    public static async Task<SseConnection> FollowAsync(ApiHost api, string path, string? lastEventId = null)
    {
        var connection = await OpenAsync(api, path, lastEventId);
        Assert.Equal((200, "text/event-stream"), (connection.Status, connection.Response.Content.Headers.ContentType?.ToString()));
        Assert.NotNull((await connection.NextAsync())!.Retry);
        return connection;
    }

    /// <summary>The next block; null at the end of the stream. One that the end cut short does not count, as browsers have it.</summary>
    public async Task<SseBlock?> NextAsync()
    {
        var block = new SseBlock(null, null, null, null);
        while (await _lines.ReadLineAsync().WaitAsync(Deadline) is { } line)
        {
            if (line.Length == 0)
            {
                return block;
            }

            block = line.Split(": ", 2) switch
            {
                ["id", var id] => block with { Id = long.Parse(id) },
                ["data", var data] => block with { Data = JsonNode.Parse(data)!.AsObject() },
                ["retry", var retry] => block with { Retry = retry },
                ["", var comment] => block with { Comment = comment },
                _ => throw new InvalidOperationException($"not a line of an event stream: {line}"),
            };
        }

        return null;
    }

    /// <summary>The next message, whatever comments come before it.</summary>
    public async Task<SseBlock> MessageAsync()
    {
        while (true)
        {
            var block = await NextAsync() ?? throw new InvalidOperationException("the stream has ended");
            if (block.Data is not null)
            {
                return block;
            }
        }
    }

    public async Task<List<long>> IdsAsync(int count)
    {
        var ids = new List<long>();
        while (ids.Count < count)
        {
            ids.Add((await MessageAsync()).Id!.Value);
        }

        return ids;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
    }
}
