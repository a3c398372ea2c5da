using System.Globalization;
using InstanceTasks.Client;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>How things are said on the pages.</summary>
public static class Wording
{
    /// <summary>States in which a task is under way.</summary>
    public static IReadOnlyList<string> OpenStates { get; } = [.. TaskStateNames.All.Except([.. TaskStateNames.Terminal, "needs_attention"])];

    /// <summary>A name of the wire as words: <c>needs_attention</c> is "needs attention".</summary>
    public static string Words(string? name) => name?.Replace('_', ' ').Replace('-', ' ') ?? "";

    /// <summary>A name of the code as words: <c>DeleteDisk</c> is "delete disk".</summary>
    public static string Words<T>(T name)
        where T : struct, Enum => Verb(name.ToString());

    /// <summary>The same where it has come as text.</summary>
    public static string Verb(string name) => string.Concat(name.Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    /// <summary>The same at the beginning of a sentence.</summary>
    public static string Title(string? name) => Words(name) is { Length: > 0 } words ? char.ToUpperInvariant(words[0]) + words[1..] : "";

    /// <summary>Which colour a state has: there are five, and the word is always there, too.</summary>
    public static string Tone(string state) => state switch
    {
        "succeeded" or "done" or "ACTIVE" => "good",
        "failed" or "ERROR" => "bad",
        "needs_attention" => "alarm",
        "running" or "undoing" or "canceling" or "pausing" or "BUILD" => "busy",
        "waiting" or "queued" or "paused" or "PAUSED" or "SUSPENDED" or "VERIFY_RESIZE" or "RESIZE" or "REBOOT" or "HARD_REBOOT" or "REBUILD" or "RESCUE" => "wait",
        _ => "calm",
    };

    /// <summary>A span of time in two units at most.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalMilliseconds: < 1000 } => $"{span.TotalMilliseconds:0} ms",
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(span.TotalSeconds * 10) / 10:0.0} s"),
        { TotalMinutes: < 1 } => $"{Math.Floor(span.TotalSeconds):0} s",
        { TotalHours: < 1 } => $"{span.Minutes} min {span.Seconds:00} s",
        { TotalDays: < 1 } => $"{span.Hours} h {span.Minutes:00} min",
        _ => $"{Math.Floor(span.TotalDays):0} d {span.Hours} h",
    };

    /// <summary>How long ago something was, or how soon it is.</summary>
    public static string Ago(DateTimeOffset then, DateTimeOffset now) => (now - then) switch
    {
        { TotalSeconds: > -1 and < 1 } => "now",
        { Ticks: < 0 } ahead => $"in {Coarse(ahead.Negate())}",
        var ago => $"{Coarse(ago)} ago",
    };

    /// <summary>A time as it is exactly.</summary>
    public static string Exact(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>An id that is long enough to know again.</summary>
    public static string Short(Guid id) => id.ToString()[..8];

    /// <summary>What a task is about at the moment, in one line.</summary>
    public static string Now(TaskInfo task) => task switch
    {
        { State: "failed" or "needs_attention", Failure: { } failure } => failure.Message,
        { IsEnded: true, Failure: { } failure } => failure.Message,
        { WaitingFor: { } reason, IsEnded: false } => reason,
        { Progress: { } progress, IsEnded: false } => $"{progress.Asked} of {progress.Total} {Words(progress.Kind)} asked for",
        { Progress: { } progress } => $"{progress.Total} × {Words(progress.Kind)}",
        { Step: { } step } => Words(step),
        { State: "queued" } => "waits for the instance",
        { IsEnded: true } => Count(task.Steps.Count, "step"),
        _ => "",
    };

    /// <summary>What a command means to a task that needs attention; null: what the API says of it is all.</summary>
    public static string? Meaning(string command) => command switch
    {
        "retry" => "Tries the step again.",
        "skip" => "Leaves the step out and goes on behind it. For what need not be done.",
        "done" => "You have done by hand what the step does: it goes on behind it.",
        "abandon" => "Gives the task up as it is. It ends as failed, and what it has done stays done.",
        _ => null,
    };

    /// <summary>A clause as a sentence: "at once" is "At once."</summary>
    public static string? Sentence(string? clause) => clause is { Length: > 0 } ? char.ToUpperInvariant(clause[0]) + clause[1..] + (clause[^1] is '.' or '?' or '!' ? "" : ".") : clause;

    /// <summary>A number as it is read.</summary>
    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>How often something happens, with as many digits as say something.</summary>
    public static string Rate(double rate) => rate.ToString(rate < 9.95 ? "0.0" : "N0", CultureInfo.InvariantCulture);

    /// <summary>How a number of things is said.</summary>
    public static string Count(int number, string one, string? many = null) => number == 1 ? $"1 {one}" : $"{number.ToString("N0", CultureInfo.InvariantCulture)} {many ?? one + "s"}";

    private static string Coarse(TimeSpan span) => span switch
    {
        { TotalMinutes: < 1 } => $"{Math.Floor(span.TotalSeconds):0} s",
        { TotalHours: < 1 } => $"{Math.Floor(span.TotalMinutes):0} min",
        { TotalDays: < 1 } => $"{Math.Floor(span.TotalHours):0} h",
        _ => $"{Math.Floor(span.TotalDays):0} d",
    };
}
