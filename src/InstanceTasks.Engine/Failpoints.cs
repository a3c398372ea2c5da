using System.Diagnostics;

namespace InstanceTasks.Engine;

/// <summary>
/// Named points at which a test lets the process die as if by <c>kill -9</c>. Off unless the environment variable
/// <c>INSTANCETASKS_FAILPOINT</c> is set when the process starts: <c>name[@kind][:step][#n]</c> dies at the n-th hit (default the first).
/// The names are <c>accepted</c>, <c>effect-before</c>, <c>effect-after</c>, <c>commit-before</c> and <c>commit-after</c>; for the last two
/// the step is the name of the commit. Of retention, which is no task: <c>archived</c> and <c>purged</c>.
/// </summary>
public static class Failpoints
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "INSTANCETASKS_FAILPOINT";

    private static readonly FailpointRule? Rule = FailpointRule.Parse(Environment.GetEnvironmentVariable(Variable));
    private static int _hits;

    /// <summary>Whether a failpoint is set. A static readonly field, so that the compiler removes what is guarded by it.</summary>
    public static readonly bool Enabled = Rule is not null;

    /// <summary>Dies here if the rule says so.</summary>
    public static void Hit(string name, TaskKind kind, string step = "") => Hit(name, kind.Name, step);

    /// <summary>Dies here if the rule names no kind and says so.</summary>
    public static void Hit(string name) => Hit(name, "", "");

    private static void Hit(string name, string kind, string step)
    {
        if (!Enabled || !Rule!.Matches(name, kind, step) || Interlocked.Increment(ref _hits) != Rule.Count)
        {
            return;
        }

        using var self = Process.GetCurrentProcess();
        self.Kill();
        new ManualResetEvent(false).WaitOne();
    }
}

/// <summary>A parsed failpoint.</summary>
/// <param name="Name">The point.</param>
/// <param name="Kind">Only for this kind of task; null: any.</param>
/// <param name="Step">Only at this step; null: any.</param>
/// <param name="Count">At which hit.</param>
public sealed record FailpointRule(string Name, string? Kind, string? Step, int Count)
{
    /// <summary>Reads the text form; null for null or empty.</summary>
    /// <exception cref="FormatException">The text has no name or a bad count.</exception>
    public static FailpointRule? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var (rest, count) = Cut(text, '#');
        (rest, var step) = Cut(rest, ':');
        (rest, var kind) = Cut(rest, '@');
        return rest.Length == 0
            ? throw new FormatException($"{Failpoints.Variable}='{text}' names no point: use name[@kind][:step][#n].")
            : new FailpointRule(rest, kind, step, count is null ? 1 : int.Parse(count));
    }

    /// <summary>Whether a hit is the rule's.</summary>
    public bool Matches(string name, string kind, string step) =>
        name == Name && (Kind is null || Kind == kind) && (Step is null || Step == step);

    private static (string Head, string? Tail) Cut(string text, char separator)
    {
        var at = text.IndexOf(separator, StringComparison.Ordinal);
        return at < 0 ? (text, null) : (text[..at], text[(at + 1)..]);
    }
}
