using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>Every answer of every endpoint, at every microversion, for administrators and members, judged by the oracle.</summary>
public sealed class ExactnessTests(Oracle oracle, ITestOutputHelper output) : IClassFixture<Oracle>
{
    private const int Shown = 40;

    [Fact]
    public async Task Table_EveryRoute_IsCalledAndAnswers()
    {
        await using var api = await ApiHost.StartAsync();
        var answered = ExchangeTable.All.Where(r => r.Fault is null).Select(r => $"{r.Method} {r.Template}").ToHashSet(StringComparer.Ordinal);

        Assert.Equal(ExchangeTable.AlwaysRefused.Order(), api.AllRoutes.Select(r => $"{r.Method} {r.Template}").Where(r => !answered.Contains(r)).Distinct().Order());
    }

    [Fact]
    public void Table_EveryAction_IsCalled() =>
        Assert.Equal(ExchangeTable.Actions.Order(), ExchangeTable.All.Where(r => r.Template == "servers/{id}/action" && r.Action is not null).Select(r => r.Action!).Distinct().Order());

    [OracleTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Answers_EveryEndpointAndMicroversion_AreExact(bool admin)
    {
        await using var api = await ApiHost.StartAsync(admin: admin);
        var recorder = new Recorder(api, admin);

        var judged = await oracle.JudgeAsync(recorder.RecordAsync());

        var wrong = Wrong(recorder.Unexpected.Concat(judged.Where(j => !j.Verdict.IsGood).Select(j => (j.Recorded, j.Verdict.ToString()))));
        Assert.True(wrong.Count == 0, $"{wrong.Count} answers of {judged.Count} are not exact:{Environment.NewLine}{string.Join(Environment.NewLine, wrong)}");
        Assert.DoesNotContain(judged, j => j.Recorded.Status < 400 && j.Verdict.Source is null);
        Report(admin, judged);
    }

    /// <summary>What is wrong, with the first answer of each row that it is said of.</summary>
    private static IReadOnlyList<string> Wrong(IEnumerable<(Recorded Recorded, string Problem)> wrong) =>
        [.. wrong.GroupBy(w => (w.Recorded.Row, w.Problem)).Take(Shown).Select(g => $"{g.Key.Problem} (at {Ranges(g.Select(w => w.Recorded.Version))}){Environment.NewLine}    {Cut(g.First().Recorded.ToString())}")];

    private void Report(bool admin, IReadOnlyList<(Recorded Recorded, Verdict Verdict)> judged)
    {
        var outside = judged.Count(j => j.Verdict.Tempest is not null);
        output.WriteLine($"report: as {(admin ? "an administrator" : "a member")}: {judged.Count} answers are as nova-api.md has them by our closed schemas, {outside} of them by those of tempest, too");
        if (!admin)
        {
            return;
        }

        var without = judged.Where(j => j.Recorded.Status < 400 && j.Recorded.Negotiated)
            .GroupBy(j => j.Recorded.Row.As ?? j.Recorded.Row.Call)
            .Select(g => (Call: g.Key, Versions: Ranges(g.GroupBy(j => j.Recorded.Version).Where(v => v.All(j => j.Verdict.Tempest is null)).Select(v => v.Key))))
            .Where(g => g.Versions.Length > 0)
            .GroupBy(g => g.Versions, g => g.Call);
        foreach (var group in without.OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"report: without an outside oracle at {group.Key}: {string.Join(", ", group.Order(StringComparer.Ordinal))}");
        }
    }

    /// <summary>Minor versions as ranges: <c>2.1, 2.80-2.96</c>.</summary>
    private static string Ranges(IEnumerable<int> versions)
    {
        var text = new StringBuilder();
        var sorted = versions.Distinct().Order().ToList();
        for (var i = 0; i < sorted.Count; i++)
        {
            var first = sorted[i];
            while (i + 1 < sorted.Count && sorted[i + 1] == sorted[i] + 1)
            {
                i++;
            }

            text.Append(text.Length == 0 ? "" : ", ").Append(CultureInfo.InvariantCulture, $"2.{first}").Append(first == sorted[i] ? "" : $"-2.{sorted[i]}");
        }

        return text.ToString();
    }

    private static string Cut(string text) => text.Length <= 1500 ? text : text[..1500];
}
