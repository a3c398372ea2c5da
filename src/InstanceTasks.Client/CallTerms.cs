using System.Globalization;

namespace InstanceTasks.Client;

/// <summary>On which terms something is asked for.</summary>
public sealed record CallTerms
{
    /// <summary>What makes a later call with the same body a repeat of this one. Null: a new one for each call.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Wait for the task that has the server instead of being refused.</summary>
    public bool QueueWhenBusy { get; init; }

    /// <summary>After so long the task is stopped and undone.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>From 0 to 9; 5 is normal.</summary>
    public int? Priority { get; init; }

    internal Dictionary<string, string> ToHeaders(string key)
    {
        var headers = new Dictionary<string, string> { [key] = IdempotencyKey ?? Guid.NewGuid().ToString() };
        if (QueueWhenBusy)
        {
            headers["When-Busy"] = "queue";
        }

        if (Deadline is { } deadline)
        {
            headers["Task-Deadline"] = deadline.TotalSeconds.ToString("0.######", CultureInfo.InvariantCulture);
        }

        if (Priority is { } priority)
        {
            headers["Task-Priority"] = priority.ToString(CultureInfo.InvariantCulture);
        }

        return headers;
    }
}
