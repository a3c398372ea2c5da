using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>Reads an event stream over as many connections as it takes.</summary>
internal sealed class EventSource(Transport transport, string path, bool untilEnded)
{
    private TimeSpan _retry = TimeSpan.FromSeconds(2);
    private long? _place;

    public async IAsyncEnumerable<TaskEvents> ReadAsync(long? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _place = after;
        while (true)
        {
            using (var answer = await transport.SendAsync(Request(), cancellationToken))
            {
                if (answer.StatusCode == HttpStatusCode.NoContent)
                {
                    yield break;
                }

                using var blocks = new EventBlocks(await answer.Content.ReadAsStreamAsync(cancellationToken), transport.Settings);
                while (await blocks.NextAsync(cancellationToken) is { } block)
                {
                    _retry = block.Retry ?? _retry;
                    if (block.Data is { } data)
                    {
                        var events = JsonSerializer.Deserialize<TaskEvents>(data, Transport.Json)!;
                        // Before it is handed over: whoever stops here has it.
                        _place = block.Id ?? _place;
                        yield return events;
                        if (untilEnded && events.Events.Any(e => e.Type == "ended"))
                        {
                            yield break;
                        }
                    }

                    _place = block.Id ?? _place;
                }
            }

            await Task.Delay(_retry, transport.Settings.Time, cancellationToken);
        }
    }

    private ApiRequest Request() => new(HttpMethod.Get, path)
    {
        IsStream = true, Headers = _place is { } place ? new() { ["Last-Event-ID"] = place.ToString(CultureInfo.InvariantCulture) } : [],
    };
}
