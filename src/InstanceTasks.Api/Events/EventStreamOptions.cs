namespace InstanceTasks.Api;

/// <summary>How event streams are served.</summary>
public sealed class EventStreamOptions
{
    /// <summary>How long a stream is silent before a comment shows that it lives. Default: 15 s.</summary>
    public TimeSpan HeartBeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long clients are told to wait before they ask again (<c>retry:</c>). Default: 2 s.</summary>
    public TimeSpan Retry { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The longest that a stream lasts; its client then resumes, and shows again who he is. So long may somebody read on whose token was taken back.
    /// Default: 10 minutes.
    /// </summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a client may take to receive what is there for him; a slower one is cut off. Default: 30 s.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the store is looked at when nothing hints at a commit, by all streams of the process together. Default: 1 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the commits of a busy moment are gathered for one look. Default: 20 ms.</summary>
    public TimeSpan Gather { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How many of the newest commits are kept for all streams of the process together; a stream that is further behind reads from the store. Default: 2000.</summary>
    public int Window { get; set; } = 2000;
}
