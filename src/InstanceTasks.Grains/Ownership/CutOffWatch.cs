using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>
/// Ends a silo that has lost the store while others still have it. Its tasks go on elsewhere when its lease is over, but what the cluster calls is on it as long as
/// the others can reach it: instances, hosts and recovery shards that only fail, since Orleans looks at nothing but the network between silos.
/// While nobody has the store nobody ends: then nothing would be better elsewhere.
/// </summary>
internal sealed partial class CutOffWatch(IOwnership ownership, IGrainFactory grains, IProcessEnd end, IOptions<LeaseOptions> options, TimeProvider time, ILogger<CutOffWatch> logger)
    : ILifecycleParticipant<ISiloLifecycle>, IDisposable
{
    private readonly LeaseOptions _options = options.Value;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long? _others;
    private long _seen;
    private bool _disposed;

    /// <inheritdoc/>
    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(nameof(CutOffWatch), ServiceLifecycleStage.Active, StartAsync, StopAsync);

    /// <inheritdoc/>
    public void Dispose()
    {
        // A silo that was not stopped, only disposed, must not leave it asking for ever.
        if (!_disposed)
        {
            _disposed = true;
            _stop.Cancel();
            _stop.Dispose();
        }
    }

    private Task StartAsync(CancellationToken cancellationToken)
    {
        if (_options.GiveUpAfter > TimeSpan.Zero)
        {
            _running = Task.Run(() => WatchAsync(_stop.Token), CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    private async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _running;
    }

    private async Task WatchAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_options.RenewEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (await IsCutOffAsync() && !stop.IsCancellationRequested)
                {
                    LogCutOff(ownership.Generation, _options.GiveUpAfter.TotalSeconds);
                    end.End($"This silo has reached the store no more for over {_options.GiveUpAfter.TotalSeconds} s, while other silos of the cluster do: it ends, so that they can go on with what only it could be asked for.");
                    return;
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The silo stops.
        }
    }

    /// <summary>Whether others have had the store for so long in which this silo has not. Only an answer of this moment can say so.</summary>
    private async Task<bool> IsCutOffAsync()
    {
        var answer = ownership.LeaseIsSafe ? null : await AskAsync();
        // It may have come back while another was asked.
        if (ownership.LeaseIsSafe)
        {
            _others = null;
            return false;
        }

        return answer is { HasLease: true } && answer.Generation != ownership.Generation && OthersHaveItLong();
    }

    private bool OthersHaveItLong()
    {
        // Nobody may have had it in between: others that only come back sooner are no reason.
        if (_others is null || time.GetElapsedTime(_seen) > _options.GiveUpAfter / 2)
        {
            _others = time.GetTimestamp();
        }

        _seen = time.GetTimestamp();
        return time.GetElapsedTime(_others.Value) >= _options.GiveUpAfter;
    }

    private async Task<WitnessAnswer?> AskAsync()
    {
        try
        {
            return await grains.GetGrain<IWitnessGrain>(Guid.NewGuid().ToString("n")).See();
        }
        catch (Exception e)
        {
            LogNoWitness(e);
            return null;
        }
    }

    [LoggerMessage(EventId = 2204, Level = LogLevel.Critical, Message = "Generation {Generation} has not reached the store for over {Seconds} s while other silos do; the process ends")]
    private partial void LogCutOff(long generation, double seconds);

    [LoggerMessage(EventId = 2205, Level = LogLevel.Warning, Message = "No other silo could be asked whether it reaches the store; another is asked")]
    private partial void LogNoWitness(Exception exception);
}
