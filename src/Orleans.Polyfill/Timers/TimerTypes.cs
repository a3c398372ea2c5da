using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>When a grain timer fires and how its ticks mix with requests.</summary>
    public readonly struct GrainTimerCreationOptions : IEquatable<GrainTimerCreationOptions>
    {
        [SetsRequiredMembers]
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>Time to the first tick; infinite: not until changed.</summary>
        public required TimeSpan DueTime { get; init; }

        /// <summary>From the end of one tick to the start of the next; infinite: one tick only.</summary>
        public required TimeSpan Period { get; init; }

        /// <summary>Whether ticks run while a request is being processed. Default false.</summary>
        public bool Interleave { get; init; }

        /// <summary>Whether ticks keep the activation from being collected as idle. Default false.</summary>
        public bool KeepAlive { get; init; }

        public bool Equals(GrainTimerCreationOptions other) =>
            DueTime == other.DueTime && Period == other.Period && Interleave == other.Interleave && KeepAlive == other.KeepAlive;

        public override bool Equals(object? obj) => obj is GrainTimerCreationOptions other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(DueTime, Period, Interleave, KeepAlive);

        public static bool operator ==(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => left.Equals(right);

        public static bool operator !=(GrainTimerCreationOptions left, GrainTimerCreationOptions right) => !left.Equals(right);
    }

    /// <summary>A timer of one activation; it ends with the activation.</summary>
    public interface IGrainTimer : IDisposable
    {
        void Change(TimeSpan dueTime, TimeSpan period);
    }
}

namespace Orleans.Timers
{
    /// <summary>Makes grain timers.</summary>
    public interface ITimerRegistry
    {
        IGrainTimer RegisterGrainTimer<TState>(IGrainContext grainContext, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options);
    }
}
