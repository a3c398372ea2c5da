using Microsoft.Extensions.Logging;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>What bad input may leave in the log: no error, and no line that the sender wrote.</summary>
internal static class LogRules
{
    /// <summary>What is wrong with what was logged since the last look; null: nothing.</summary>
    public static string? ProblemOf(LogCollector logs)
    {
        lock (logs.Entries)
        {
            var bad = logs.Entries.Find(e => e.Level >= LogLevel.Error || IsForged(e.Text));
            logs.Entries.Clear();
            return bad.Text is null ? null : $"logged as {bad.Level}: {bad.Text} {bad.Exception}";
        }
    }

    private static bool IsForged(string text) => text.Split('\r', '\n', '\u0085', '\u2028').Skip(1).Any(line => line.StartsWith(Nasty.ForgedLine, StringComparison.Ordinal));
}
