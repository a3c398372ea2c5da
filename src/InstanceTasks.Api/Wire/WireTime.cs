using System.Globalization;

namespace InstanceTasks.Api.Wire;

/// <summary>The two forms of time on Nova's wire.</summary>
internal static class WireTime
{
    /// <summary><c>2026-01-31T10:11:12Z</c>.</summary>
    public static string Seconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary><c>2026-01-31T10:11:12.000000</c>: UTC without saying so.</summary>
    public static string Micros(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    public static string? Micros(DateTimeOffset? time) => time is { } value ? Micros(value) : null;

    /// <summary>The Tasks API's own form, with the zone: <c>2026-01-31T10:11:12.000000Z</c>.</summary>
    public static string? Precise(DateTimeOffset? time) => time is { } value ? Micros(value) + "Z" : null;
}
