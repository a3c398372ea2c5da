using System.Runtime.InteropServices;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>
/// Stops in two steps. The first SIGTERM (or Ctrl-C) only says that the process is not ready any more; all is served on for the drain time, so that a
/// load balancer takes it out before a connection ends. Then the stop begins, and with it held requests and event streams end. A second signal skips the wait.
/// </summary>
internal sealed partial class DrainingLifetime(IHostApplicationLifetime lifetime, DrainSignal drain, IOptions<StopOptions> options, TimeProvider time, ILogger<DrainingLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly List<PosixSignalRegistration> _signals = [];

    /// <inheritdoc/>
    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _signals.AddRange(new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }.Select(s => PosixSignalRegistration.Create(s, OnSignal)));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public void Dispose() => _signals.ForEach(s => s.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        var isFirst = !drain.HasBegun;
        if (isFirst && options.Value.DrainTime > TimeSpan.Zero)
        {
            _ = DrainAsync();
            return;
        }

        drain.Begin();
        lifetime.StopApplication();
    }

    private async Task DrainAsync()
    {
        LogDraining(options.Value.DrainTime.TotalSeconds);
        drain.Begin();
        await Task.Delay(options.Value.DrainTime, time, lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 3101, Level = LogLevel.Information, Message = "Not ready any more; requests are served for another {Seconds} s, then it stops")]
    private partial void LogDraining(double seconds);
}
