using System.Globalization;
using System.Text.Json;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Submitting;

/// <summary>
/// The terms under which a task is asked for: <c>Task-Deadline</c> (seconds, or a time) and <c>Task-Priority</c> (<c>low</c>, <c>normal</c>,
/// <c>high</c> or 0–9). In headers, because Nova's bodies are closed; <c>POST /servers/{id}/tasks</c> has them as fields, too.
/// </summary>
internal static class TaskTerms
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    private static readonly Dictionary<string, int> Words = new(StringComparer.OrdinalIgnoreCase) { ["low"] = 2, ["normal"] = TaskPriorities.Normal, ["high"] = 8 };

    /// <summary>The request with the terms of the call; what it has already stays.</summary>
    public static SubmitTask Apply(ApiCall call, SubmitTask request, DateTimeOffset now) => request with
    {
        DeadlineIn = request.DeadlineIn ?? (call.Header("Task-Deadline") is { } deadline ? Deadline("Task-Deadline", deadline, now) : null),
        Priority = request.Priority ?? (call.Header("Task-Priority") is { } priority ? Priority(call, "Task-Priority", priority) : null),
    };

    /// <summary>A field that may be a number or a text; null when it is not there.</summary>
    public static string? TextOf(JsonInput input, string name) => !input.TryGet(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.Number => value.GetRawText(),
        JsonValueKind.String => value.GetString(),
        _ => throw input.Fault(name, value, "It is not of type 'string', 'number'"),
    };

    /// <summary>How long from now.</summary>
    public static TimeSpan Deadline(string name, string text, DateTimeOffset now)
    {
        var left = double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && !double.IsNaN(seconds) ? TimeSpan.FromSeconds(Math.Min(seconds, 1e9))
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time - now
            : throw ApiFault.BadRequest($"{name}: '{text}' is neither a number of seconds nor a time.");
        return left <= TimeSpan.Zero ? throw ApiFault.BadRequest($"{name}: '{text}' has passed already.")
            : left > Longest ? throw ApiFault.BadRequest($"{name}: '{text}' is more than a year away.")
            : left;
    }

    /// <summary>From 0 to 9; what is above normal is for administrators.</summary>
    public static int Priority(ApiCall call, string name, string text)
    {
        var priority = Words.TryGetValue(text, out var word) ? word
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= TaskPriorities.Highest ? number
            : throw ApiFault.BadRequest($"{name}: '{text}' is none of low, normal, high and 0 to 9.");
        if (priority > TaskPriorities.Normal)
        {
            call.Need(Rules.HighPriority);
        }

        return priority;
    }
}
