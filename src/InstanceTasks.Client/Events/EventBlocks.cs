using System.Globalization;

namespace InstanceTasks.Client;

/// <summary>A block of an event stream.</summary>
internal sealed record EventBlock(long? Id, string? Data, TimeSpan? Retry);

/// <summary>Takes an event stream apart (the <c>text/event-stream</c> format of the HTML standard).</summary>
internal sealed class EventBlocks(Stream body, ClientSettings settings) : IDisposable
{
    private readonly StreamReader _lines = new(body);

    /// <summary>The next block; null: the connection is over, or as good as that. What the end has cut short does not count.</summary>
    public async Task<EventBlock?> NextAsync(CancellationToken cancellationToken)
    {
        var block = new EventBlock(null, null, null);
        while (await LineAsync(cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                return block;
            }

            block = With(block, line);
        }

        return null;
    }

    public void Dispose() => _lines.Dispose();

    private async Task<string?> LineAsync(CancellationToken cancellationToken)
    {
        using var silent = new CancellationTokenSource(settings.SilenceLimit, settings.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(silent.Token, cancellationToken);
        try
        {
            return await _lines.ReadLineAsync(end.Token);
        }
        catch (Exception e) when (e is IOException or HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static EventBlock With(EventBlock block, string line)
    {
        var colon = line.IndexOf(':', StringComparison.Ordinal);
        var (name, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
        value = value.StartsWith(' ') ? value[1..] : value;
        return name switch
        {
            "id" => block with { Id = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : block.Id },
            "data" => block with { Data = block.Data is null ? value : $"{block.Data}\n{value}" },
            "retry" => block with { Retry = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var ms) ? TimeSpan.FromMilliseconds(ms) : block.Retry },
            _ => block,
        };
    }
}
