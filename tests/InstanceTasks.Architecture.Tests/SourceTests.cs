using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace InstanceTasks.Architecture.Tests;

/// <summary>What the sources may not contain.</summary>
public sealed partial class SourceTests
{
    private const int LongestFile = 600;

    // Written in two parts, or this file would break its own rule.
    private static readonly string[] Unfinished = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception"];

    [Fact]
    public void Sources_AreFound()
    {
        Assert.True(Repository.Sources("src").Count > 20);
        Assert.Contains(Repository.Sources("tests"), path => path.EndsWith("SourceTests.cs", StringComparison.Ordinal));
    }

    [Fact]
    public void Product_ConditionalCompilation_IsNone() => Expect.None(Lines(Repository.Sources("src"), line => Conditional().IsMatch(line)));

    [Theory]
    [InlineData("#if DEBUG", true)]
    [InlineData("    # if !X", true)]
    [InlineData("#elif Y", true)]
    [InlineData("// says #if in a comment", false)]
    [InlineData("#pragma warning disable X", false)]
    public void ConditionalCompilation_InALine_IsRecognized(string line, bool expected) => Assert.Equal(expected, Conditional().IsMatch(line));

    [Fact]
    public void Files_OfSourcesAndTests_AreShort() =>
        Expect.None(Repository.Sources("src", "tests").Select(path => (File: Repository.Relative(path), Lines: File.ReadLines(path).Count())).Where(file => file.Lines > LongestFile));

    [Fact]
    public void Sources_UnfinishedWork_IsNone() =>
        Expect.None(Lines(Repository.Sources("src", "tests"), line => Array.Exists(Unfinished, word => Regex.IsMatch(line, $@"\b{word}\b", RegexOptions.NonBacktracking))));

    [Theory]
    [InlineData("BannedSymbols.txt")]
    [InlineData("tests/BannedSymbols.txt")]
    public void Bans_EachLine_NamesAnExistingMemberAndAReason(string file)
    {
        var bans = File.ReadLines(Path.Combine(Repository.Root, file)).Where(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(bans);
        Expect.None(bans.Where(ban => !HasReason(ban)));
        Expect.None(bans.Where(ban => !Names(ban)));
    }

    [Theory]
    [InlineData("P:System.DateTime.UtcNow;Tests move the clock.", true, true)]
    [InlineData("P:System.DateTime.UtcNow;", false, true)]
    [InlineData("P:System.DateTime.UtcNow", false, true)]
    [InlineData("M:System.Threading.Tasks.Task.Delay(System.Int32);Tests move the clock.", true, true)]
    [InlineData("M:System.Threading.Tasks.Task.Delay(System.String);Tests move the clock.", true, false)]
    [InlineData("P:System.DateTime.UtcNew;Tests move the clock.", true, false)]
    public void Ban_InALine_IsJudged(string line, bool reason, bool exists) => Assert.Equal((reason, exists), (HasReason(line), Names(line)));

    [Fact]
    public void AnalyzerRules_ThatAreOff_HaveAReason()
    {
        var off = File.ReadLines(Path.Combine(Repository.Root, ".editorconfig")).Where(line => line.Contains(".severity = none", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(off);
        Expect.None(off.Where(line => !OffWithReason().IsMatch(line)));
    }

    /// <summary>An operator's filter by number must not catch another message as well.</summary>
    [Fact]
    public void LogMessages_Numbers_AreEachUsedOnce()
    {
        var numbered = Repository.Sources("src").SelectMany(path => EventIds(File.ReadAllText(path)).Select(id => (Id: id, File: Repository.Relative(path)))).ToList();
        Assert.True(numbered.Count > 50);
        Expect.None(numbered.GroupBy(message => message.Id).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(", ", same.Select(message => message.File))}"));
    }

    [Fact]
    public void LogMessage_InAText_ItsNumberIsRead() =>
        Assert.Equal([7, 7, 12], EventIds("[LoggerMessage(EventId = 7, Level = X)] a [LoggerMessage(\n EventId = 7)] b [LoggerMessage(Level = X, EventId = 12)] EventId = 3"));

    private static IEnumerable<int> EventIds(string source) => NumberOfMessage().Matches(source).Select(match => int.Parse(match.Groups["id"].ValueSpan, CultureInfo.InvariantCulture));

    private static IEnumerable<string> Lines(IEnumerable<string> files, Func<string, bool> condition) =>
        files.SelectMany(path => File.ReadLines(path).Select((line, index) => (line, place: $"{Repository.Relative(path)}:{index + 1}: {line.Trim()}")).Where(entry => condition(entry.line)).Select(entry => entry.place));

    private static bool HasReason(string ban) => ReasonedBan().IsMatch(ban);

    private static bool Names(string ban)
    {
        var id = ban.Split(';')[0];
        var path = id[2..].Split('(')[0];
        if (id.StartsWith("T:", StringComparison.Ordinal))
        {
            return Find(path) is not null;
        }

        var dot = path.LastIndexOf('.');
        return Find(path[..dot]) is { } type && type.GetMember(path[(dot + 1)..]).Any(member => DocumentationId(type, member) == id[2..]);
    }

    private static string DocumentationId(Type type, MemberInfo member) => $"{type.FullName}.{member.Name}" + (member is MethodInfo method && method.GetParameters() is { Length: > 0 } parameters
        ? $"({string.Join(',', parameters.Select(parameter => parameter.ParameterType.ToString().Replace('+', '.')))})"
        : "");

    private static Type? Find(string name) =>
        Type.GetType(name) ?? Type.GetType($"{name}, Microsoft.Extensions.Logging.Abstractions");

    [GeneratedRegex(@"\[LoggerMessage\([^\])]*?EventId = (?<id>\d+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NumberOfMessage();

    [GeneratedRegex(@"^\s*#\s*(if|elif|else|endif)\b", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Conditional();

    [GeneratedRegex(@"^[TMPFEN]:[^;]+;\s*\S.{8,}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReasonedBan();

    [GeneratedRegex(@"\.severity = none\s+# \S.{4,}$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OffWithReason();
}
