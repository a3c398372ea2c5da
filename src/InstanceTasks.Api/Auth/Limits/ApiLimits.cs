namespace InstanceTasks.Api;

/// <summary>How much one caller (a user in a project; an address before it is known whose a request is) may ask for. 0: no limit.</summary>
public sealed class ApiLimits
{
    /// <summary>Requests per second. Default: 200; without authentication none.</summary>
    public int? RequestsPerSecond { get; set; }

    /// <summary>Requests at once after a pause. Default: five times <see cref="RequestsPerSecond"/>.</summary>
    public int? Burst { get; set; }

    /// <summary>Requests that are being answered at a time. Default: 256; without authentication no limit.</summary>
    public int? Concurrent { get; set; }

    /// <summary>Event streams that are open at a time. Default: 32; without authentication no limit.</summary>
    public int? EventStreams { get; set; }

    /// <summary>The largest body of a request. Default: 114 688, as Nova's.</summary>
    public int MaxBodyBytes { get; set; } = 114_688;

    /// <summary>The longest headers of a request, all together. Default: 32 768.</summary>
    public int MaxHeaderBytes { get; set; } = 32_768;
}
