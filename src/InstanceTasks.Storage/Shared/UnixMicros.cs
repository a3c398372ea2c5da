namespace InstanceTasks.Storage;

/// <summary>The unit of every time column: microseconds since 1970, which both stores hold exactly.</summary>
internal static class UnixMicros
{
    private const long TicksPerMicro = TimeSpan.TicksPerMicrosecond;

    public static long Of(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TicksPerMicro;

    public static long? Of(DateTimeOffset? time) => time is { } value ? Of(value) : null;

    public static long Of(TimeSpan span) => span.Ticks / TicksPerMicro;

    public static DateTimeOffset ToTime(long micros) => new(DateTimeOffset.UnixEpoch.Ticks + (micros * TicksPerMicro), TimeSpan.Zero);

    public static TimeSpan ToSpan(long micros) => new(micros * TicksPerMicro);
}
