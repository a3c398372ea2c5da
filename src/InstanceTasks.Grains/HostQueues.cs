using System.Collections.Concurrent;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>
/// What hosts have before them, asked for at most once a second and host, and only of hosts that somebody wants something of. Whoever asks is
/// told what is known, and does not wait: a host that cannot be asked holds up nobody.
/// </summary>
internal sealed partial class HostQueues(IGrainFactory grains, TimeProvider time, ILogger<HostQueues> logger) : IHostQueues
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    // What was heard longer ago says nothing of now. A call takes no longer than that.
    private static readonly TimeSpan Old = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<HostName, Known> _known = new();

    /// <inheritdoc/>
    public int LengthOf(HostName host)
    {
        var known = _known.GetOrAdd(host, _ => new());
        if (known.IsDue(time, Fresh))
        {
            _ = AskAsync(host, known);
        }

        return known.IsOlder(time, Old) ? 0 : known.Length;
    }

    private async Task AskAsync(HostName host, Known known)
    {
        try
        {
            known.Length = await grains.GetGrain<IHostGrain>(host.GrainKey).QueueLength();
        }
        catch (Exception e)
        {
            // Nothing is refused for what is not known.
            known.Length = 0;
            LogNotAsked(e, host);
        }
        finally
        {
            known.Asked(time);
        }
    }

    private sealed class Known
    {
        private long _asked;
        private int _asking;
        private int _length;
        private volatile bool _once;

        public int Length
        {
            get => Volatile.Read(ref _length);
            set => Volatile.Write(ref _length, value);
        }

        /// <summary>True for one caller: he asks.</summary>
        public bool IsDue(TimeProvider time, TimeSpan fresh) =>
            (!_once || time.GetElapsedTime(Volatile.Read(ref _asked)) >= fresh) && Interlocked.Exchange(ref _asking, 1) == 0;

        public bool IsOlder(TimeProvider time, TimeSpan old) => time.GetElapsedTime(Volatile.Read(ref _asked)) >= old;

        public void Asked(TimeProvider time)
        {
            Volatile.Write(ref _asked, time.GetTimestamp());
            _once = true;
            Volatile.Write(ref _asking, 0);
        }
    }

    [LoggerMessage(EventId = 2511, Level = LogLevel.Debug, Message = "How much waits at host {Host} is not known")]
    private partial void LogNotAsked(Exception exception, HostName host);
}
