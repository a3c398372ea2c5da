using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// Keeps the holds in memory and reads them anew every second: a hold takes effect in every process within two seconds, and so does its
/// removal. While the store cannot be read, what was known last holds.
/// </summary>
public sealed partial class HoldBook(IHoldStore store, TimeProvider time, ILogger<HoldBook> logger) : IHolds
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private volatile Hold[] _holds = [];

    /// <inheritdoc/>
    public Hold? Find(TaskRecord task)
    {
        var holds = _holds;
        return holds.Length == 0 ? null : Array.Find(holds, h => h.Matches(task));
    }

    /// <summary>Reads the holds now.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken = default) => _holds = [.. await store.ListHoldsAsync(cancellationToken: cancellationToken)];

    /// <summary>Reads them again and again, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(Every, time, stop).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await RefreshAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogNotRead(e);
            }
        }
    }

    [LoggerMessage(EventId = 1411, Level = LogLevel.Warning, Message = "The holds cannot be read; those known stay in force")]
    private partial void LogNotRead(Exception exception);
}
