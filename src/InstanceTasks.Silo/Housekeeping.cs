using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>Every few minutes lets the store forget what its time is over for: secrets of ended tasks, old idempotency keys, dead generations.</summary>
internal sealed partial class Housekeeping(IInstanceTasksStore store, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await store.RunHousekeepingAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(e);
            }
        }
    }

    [LoggerMessage(EventId = 3001, Level = LogLevel.Error, Message = "Housekeeping failed; it is repeated in ten minutes")]
    private partial void LogFailed(Exception exception);
}
