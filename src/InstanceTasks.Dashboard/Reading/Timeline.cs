using InstanceTasks.Client;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>A piece of a row: where it begins and ends, from 0 to <see cref="Timeline.Width"/>.</summary>
/// <param name="Name">What it is.</param>
/// <param name="From">Where it begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="Tone">Its colour.</param>
/// <param name="Title">What is said when one points at it.</param>
public sealed record TimelineBar(string Name, double From, double To, string Tone, string Title);

/// <summary>A task in a timeline: itself, its steps, and the attempts that failed.</summary>
/// <param name="Task">The task.</param>
/// <param name="Whole">Itself.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Failed">Where attempts failed.</param>
public sealed record TimelineRow(TaskInfo Task, TimelineBar Whole, IReadOnlyList<TimelineBar> Steps, IReadOnlyList<TimelineBar> Failed);

/// <summary>
/// The tasks of an instance on one axis of time. Nothing happens most of the time: pauses between tasks are drawn as narrow gaps, however long they were.
/// </summary>
public sealed class Timeline
{
    /// <summary>The length of the axis.</summary>
    public const double Width = 1000;

    private const double Gap = 24;
    private const double Thinnest = 3;

    private readonly List<(DateTimeOffset From, DateTimeOffset To, double Start, double Length)> _busy = [];

    /// <summary>Lays tasks out.</summary>
    /// <param name="tasks">The tasks, in any order.</param>
    /// <param name="events">Their events, as far as they are known, for the attempts.</param>
    /// <param name="now">Where a task that has not ended is.</param>
    public Timeline(IReadOnlyList<TaskInfo> tasks, ILookup<Guid, TaskEvents> events, DateTimeOffset now)
    {
        var periods = Merge(tasks.Select(t => (From: t.CreatedAt, To: EndOf(t, now))));
        var gaps = Math.Min(Gap, Width / 2 / Math.Max(periods.Count - 1, 1));
        var room = Width - (gaps * (periods.Count - 1));
        var total = periods.Sum(p => Weight(p.From, p.To));
        var x = 0.0;
        foreach (var (from, to) in periods)
        {
            var length = room * Weight(from, to) / total;
            _busy.Add((from, to, x, length));
            x += length + gaps;
        }

        Rows = [.. tasks.OrderByDescending(t => t.CreatedAt).Select(t => RowOf(t, events[t.Id], now))];
        Gaps = [.. _busy.Zip(_busy.Skip(1), (a, b) => ((a.Start + a.Length + b.Start) / 2, b.From - a.To))];
    }

    /// <summary>The rows, newest first.</summary>
    public IReadOnlyList<TimelineRow> Rows { get; }

    /// <summary>The pauses: where they are drawn, and how long they were.</summary>
    public IReadOnlyList<(double X, TimeSpan Length)> Gaps { get; }

    /// <summary>Where a moment is.</summary>
    public double At(DateTimeOffset time)
    {
        foreach (var (from, to, start, length) in _busy)
        {
            if (time <= to)
            {
                return time <= from || to == from ? start : start + (length * ((time - from) / (to - from)));
            }
        }

        return Width;
    }

    private static DateTimeOffset EndOf(TaskInfo task, DateTimeOffset now) => task.FinishedAt ?? (task.IsAtRest ? task.UpdatedAt : now > task.CreatedAt ? now : task.CreatedAt);

    // Long ones may not crowd the short ones out: a minute is no sixty times as wide as a second.
    private static double Weight(DateTimeOffset from, DateTimeOffset to) => 1 + Math.Sqrt(Math.Max((to - from).TotalSeconds, 0));

    private static List<(DateTimeOffset From, DateTimeOffset To)> Merge(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> spans)
    {
        List<(DateTimeOffset From, DateTimeOffset To)> merged = [];
        foreach (var span in spans.OrderBy(s => s.From))
        {
            if (merged.Count > 0 && span.From <= merged[^1].To)
            {
                merged[^1] = (merged[^1].From, span.To > merged[^1].To ? span.To : merged[^1].To);
            }
            else
            {
                merged.Add(span);
            }
        }

        return merged;
    }

    private TimelineRow RowOf(TaskInfo task, IEnumerable<TaskEvents> events, DateTimeOffset now)
    {
        var end = EndOf(task, now);
        var whole = Bar(task.Kind, task.CreatedAt, end, Wording.Tone(task.State), $"{Wording.Words(task.Kind)}: {Wording.Words(task.State)}, {Wording.Span(end - task.CreatedAt)}");
        var steps = task.Steps.Select(s => StepBar(s, s.FinishedAt ?? end));
        var failed = events.SelectMany(e => e.Events).Where(e => e.Type == "attempt_failed").Select(e => Bar(e.Step ?? "", e.At, e.At, "bad", $"An attempt of {Wording.Words(e.Step)} failed: {e.Failure?.Message}"));
        return new(task, whole, [.. steps], [.. failed]);
    }

    private TimelineBar StepBar(StepInfo step, DateTimeOffset end)
    {
        var undo = step.Direction == "undo" ? "undo of " : "";
        var tone = step.State switch { "done" => undo.Length > 0 ? "calm" : "good", "failed" => "bad", "running" => "busy", _ => "calm" };
        return Bar(step.Name, step.StartedAt, end, tone, $"{undo}{Wording.Words(step.Name)}: {step.State}, {Wording.Count(step.Attempts, "attempt")}, {Wording.Span(end - step.StartedAt)}");
    }

    private TimelineBar Bar(string name, DateTimeOffset from, DateTimeOffset to, string tone, string title)
    {
        var (start, stop) = (At(from), At(to));
        return new(name, Math.Min(start, Width - Thinnest), Math.Max(stop, Math.Min(start, Width - Thinnest) + Thinnest), tone, title);
    }
}
