using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Compatibility;

/// <summary>
/// <c>docs/compatibility.md</c>: each part stands between two marks and belongs to the test that writes it. What a test has really seen must be what stands there;
/// with <c>UPDATE_DOCS=1</c> it is written.
/// </summary>
internal static class CompatibilityPage
{
    private static readonly string File = Path.Combine(RepoRoot.Path, "docs", "compatibility.md");
    private static readonly Lock Gate = new();

    /// <summary>The commands that worked, with the options that they were given.</summary>
    /// <param name="part">The part of the page.</param>
    /// <param name="cli">Who ran them.</param>
    /// <param name="names">The client's commands, of one or several words.</param>
    public static void Commands(string part, OpenStackCli cli, IReadOnlyCollection<string> names)
    {
        var rows = cli.Answers.Where(a => a.ExitCode == 0)
            .GroupBy(a => NameOf(a.Arguments, names), StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"| `{g.Key}` | {Code(g.SelectMany(a => a.Arguments).Where(a => a.StartsWith("--", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal))} |");
        Part(part, ["| works | with |", "| --- | --- |", .. rows]);
    }

    /// <summary>What the client calls its commands.</summary>
    public static async Task<IReadOnlyCollection<string>> NamesAsync(OpenStackCli cli)
    {
        var groups = (await new OpenStackCli(cli).JsonAsync("command", "list")).AsArray();
        return [.. groups.SelectMany(g => g!["Commands"]!.AsArray()).Select(c => c!.GetValue<string>())];
    }

    /// <summary>A part as it was seen is as it stands.</summary>
    public static void Part(string name, IEnumerable<string> lines)
    {
        lock (Gate)
        {
            var text = System.IO.File.ReadAllText(File);
            var (begin, end) = ($"<!-- {name} -->\n", $"<!-- end of {name} -->");
            var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
            var to = text.IndexOf(end, StringComparison.Ordinal);
            Assert.True(from >= begin.Length && to >= from, $"{File} has no part '{name}'.");
            var seen = string.Concat(lines.Select(l => $"{l}\n"));
            if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
            {
                System.IO.File.WriteAllText(File, $"{text[..from]}{seen}{text[to..]}");
                return;
            }

            Assert.Equal(text[from..to], seen);
        }
    }

    private static string NameOf(IReadOnlyList<string> arguments, IReadOnlyCollection<string> names)
    {
        // What stands before the command is an option with its value.
        var first = arguments.ToList().FindIndex(a => names.Any(n => n == a || n.StartsWith($"{a} ", StringComparison.Ordinal)));
        Assert.True(first >= 0, $"No command in '{string.Join(' ', arguments)}'.");
        return Enumerable.Range(1, arguments.Count - first).Select(n => string.Join(' ', arguments.Skip(first).Take(n))).Last(names.Contains);
    }

    private static string Code(IEnumerable<string> words) => string.Join(" ", words.Select(w => $"`{w}`"));
}
