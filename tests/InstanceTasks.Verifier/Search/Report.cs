using System.Globalization;
using System.Text;
using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>What all searches together have shown.</summary>
internal sealed class Report
{
    private readonly bool _complete;

    public Report(IReadOnlyList<Result> results, bool complete)
    {
        (Results, _complete) = (results, complete);
        foreach (var result in results)
        {
            Coverage.Add(result.Coverage);
        }
    }

    public IReadOnlyList<Result> Results { get; }

    public Coverage Coverage { get; } = new();

    public Violation? Violation => Results.Select(r => r.Violation).FirstOrDefault(v => v is not null);

    /// <summary>What the tables have and the product never reaches, unless <see cref="Unreachable"/> says why. Only a search of all pairs can tell.</summary>
    public IReadOnlyList<string> Unreached => _complete && Violation is null ? [.. Reaches.Missing(Coverage).Where(m => !Unreachable.Reasons.ContainsKey(m))] : [];

    /// <summary>Reasons that are no longer needed.</summary>
    public IReadOnlyList<string> Stale => _complete && Violation is null ? [.. Unreachable.Reasons.Keys.Except(Reaches.Missing(Coverage))] : [];

    public bool Holds => Violation is null && Unreached.Count == 0 && Stale.Count == 0;

    public string Summary()
    {
        var text = new StringBuilder();
        foreach (var pass in Results.GroupBy(r => r.Bounds))
        {
            text.Append(CultureInfo.InvariantCulture, $"bounds: {pass.Key}\n");
            text.Append(CultureInfo.InvariantCulture, $"  {pass.Sum(r => r.Situations):N0} situations, {pass.Sum(r => r.Steps):N0} steps; {pass.Sum(r => r.Stable):N0} are stable, in {pass.Sum(r => r.Over):N0} every task has ended; {pass.Sum(r => r.Cut):N0} steps went beyond the attempts allowed\n");
        }

        foreach (var line in Reaches.Counts(Coverage))
        {
            text.Append(line).Append('\n');
        }

        if (_complete && Violation is null)
        {
            foreach (var (what, why) in Unreachable.Reasons)
            {
                text.Append($"not reached, as expected: {what}: {why}\n");
            }
        }

        Unreached.ToList().ForEach(m => text.Append($"NOT REACHED: {m}\n"));
        Stale.ToList().ForEach(m => text.Append($"REACHED ALL THE SAME: {m}\n"));
        return text.ToString();
    }
}
