using System.Globalization;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>Follows the event stream as browsers do: when a connection ends it comes back and says where it was.</summary>
internal sealed class StreamFollower(Uri url, long from)
{
    /// <summary>The place of each message, as it came.</summary>
    public List<long> Places { get; } = [];

    public List<string> Failures { get; } = [];

    public int Connections { get; private set; }

    /// <summary>The place of the newest message that is there as a whole.</summary>
    public long Place => Interlocked.Read(ref _place);

    private long _last = from;
    private long _place = from;

    public async Task RunAsync(CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = url, Timeout = Timeout.InfiniteTimeSpan };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ReadOnceAsync(http, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                Failures.Add($"{e.Message} {e.InnerException?.Message}");
            }
        }
    }

    private async Task ReadOnceAsync(HttpClient http, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2.1/tasks/events") { Headers = { { "Accept", "text/event-stream" }, { "Last-Event-ID", $"{_last}" } } };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        answer.EnsureSuccessStatusCode();
        Connections++;
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(stop));
        while (await lines.ReadLineAsync(stop) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                _last = long.Parse(line[4..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                Places.Add(_last);
            }
            else if (line.Length == 0)
            {
                Interlocked.Exchange(ref _place, _last);
            }
        }
    }
}
