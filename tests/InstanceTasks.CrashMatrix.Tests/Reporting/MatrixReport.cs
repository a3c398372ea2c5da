using System.Reflection;
using System.Text;
using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.CrashMatrix.Running;

namespace InstanceTasks.CrashMatrix.Reporting;

/// <summary>Writes the page of results.</summary>
public static class MatrixReport
{
    /// <summary>Counts in a line per store, as the suite prints them.</summary>
    public static string Summary(MatrixStore store, IReadOnlyCollection<CellResult> results, TimeSpan took)
    {
        var run = results.Where(r => r.Rule is null).ToList();
        return $"{store}: {run.Count} cells run in {took.TotalSeconds:0} s, {run.Count(r => r.IsOk)} right, {run.Count(r => !r.IsOk)} wrong; {results.Count - run.Count} mean nothing";
    }

    /// <summary>How many cells mean nothing, by rule.</summary>
    public static IEnumerable<string> RuleLines(IEnumerable<CellResult> results) =>
        results.Where(r => r.Rule is not null).GroupBy(r => r.Rule!).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal).Select(g => $"{g.Count()} × {g.Key}");

    /// <summary>The page.</summary>
    /// <param name="shards">Every shard of every store.</param>
    public static string Page(IReadOnlyList<Shard> shards)
    {
        var cells = MatrixGenerator.All();
        var rules = cells.Select(c => c.NotApplicable?.Rule).OfType<Rule>().Distinct().OrderBy(r => r.Name, StringComparer.Ordinal).ToList();
        var page = new StringBuilder();
        Head(page, shards);
        Rules(page, cells, rules);
        foreach (var kind in cells.GroupBy(c => c.Kind.Name).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            Table(page, kind.Key, [.. kind], shards.Where(s => s.Kind == kind.Key).SelectMany(s => s.Results).ToLookup(r => r.Id), rules);
        }

        return page.ToString();
    }

    private static void Head(StringBuilder page, IReadOnlyList<Shard> shards)
    {
        page.Append(
            """
            # The crash matrix

            Written by a complete run (`./test.sh --full CrashMatrix`); not to be edited. Every kind of task × every step in both directions × everything that can go wrong or be asked there, generated from the plans, the
            instance machine and the conflict table. A cell brings a server of its own into the state, lets the fault strike (one that has not struck fails the cell), and compares inventory (machine, disks, images, claims, quota, record),
            history (events, effects at the host) and what clients see (server, instance action, task) with what the tables say is right: what ends well leaves what the same kind leaves when nothing goes wrong, what is undone leaves
            what was there before. Crashes cut a silo off from store, peers and hypervisor at once while many tasks stand at their points; another silo takes over. At the end of each shard store and world are compared as a whole, and
            the order of all effects is checked.

            Not compared: the power of a machine whose server was in ERROR and is again, because ERROR says nothing of power; how often a machine was booted; passwords.

            `./test.sh CrashMatrix` runs a part, another one every day. `INSTANCETASKS_MATRIX_CELLS='stop from active: power-off' ./test.sh CrashMatrix` runs the cells whose names hold that text. A complete run keeps finished
            shards in `out/crash-matrix`, named after what the program was built from, and goes on where it was broken off.


            """);
        page.AppendLine($"Orleans: {OrleansBuild}. Program: `{ShardFile.Program}`.").AppendLine();
        page.AppendLine("| store | cells run | right | wrong | minutes |").AppendLine("| --- | --- | --- | --- | --- |");
        foreach (var store in shards.GroupBy(s => s.Store).OrderBy(g => g.Key))
        {
            var run = store.SelectMany(s => s.Results).Where(r => r.Rule is null).ToList();
            page.AppendLine($"| {store.Key} | {run.Count} | {run.Count(r => r.IsOk)} | {run.Count(r => !r.IsOk)} | {store.Sum(s => s.Seconds) / 60:0.0} |");
        }

        page.AppendLine();
    }

    private static string OrleansBuild =>
        typeof(MatrixReport).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "OrleansBuild")?.Value ?? "not known";

    private static void Rules(StringBuilder page, IReadOnlyList<MatrixCell> cells, List<Rule> rules)
    {
        page.AppendLine("## What means nothing").AppendLine();
        page.AppendLine("Only by a rule of the generator, and counted:").AppendLine();
        page.AppendLine("| | rule | cells | why |").AppendLine("| --- | --- | --- | --- |");
        foreach (var rule in rules)
        {
            page.AppendLine($"| {Letter(rules, rule.Name)} | {rule.Name} | {cells.Count(c => c.NotApplicable?.Rule == rule)} | {rule.Reason} |");
        }

        page.AppendLine();
        page.AppendLine("## The cells").AppendLine();
        page.AppendLine("A number is how many cells were run and right on each store: one for each vm_state that the kind starts from, and for each kind that takes over. A letter is the rule by which there is nothing to run.").AppendLine();
    }

    private static char Letter(List<Rule> rules, string name) => (char)('a' + rules.FindIndex(r => r.Name == name));

    private static void Table(StringBuilder page, string kind, List<MatrixCell> cells, ILookup<string, CellResult> results, List<Rule> rules)
    {
        var starts = string.Join(", ", cells.Select(c => c.Row.From).Distinct().Select(ServerStatus.WireName));
        page.AppendLine($"### {kind}").AppendLine().AppendLine($"From {starts}.").AppendLine();
        page.AppendLine($"| point | {string.Join(" | ", MatrixFaults.All.Select(MatrixFaults.NameOf))} |").AppendLine($"| --- |{string.Concat(MatrixFaults.All.Select(_ => " --- |"))}");
        foreach (var point in cells.GroupBy(c => c.Point))
        {
            page.AppendLine($"| {point.Key} | {string.Join(" | ", MatrixFaults.All.Select(f => Text([.. point.Where(c => c.Fault == f)], results, rules)))} |");
        }

        page.AppendLine();
    }

    private static string Text(List<MatrixCell> cells, ILookup<string, CellResult> results, List<Rule> rules)
    {
        var run = cells.Where(c => c.NotApplicable is null).ToList();
        var wrong = run.Count(c => results[c.Id].Any(r => !r.IsOk));
        var missing = run.Count(c => !results[c.Id].Any());
        var letters = string.Concat(cells.Select(c => c.NotApplicable?.Rule.Name).OfType<string>().Distinct().Select(n => Letter(rules, n)).Order());
        List<string> parts =
        [
            .. run.Count - wrong - missing is var right and > 0 ? [$"{right}"] : Array.Empty<string>(),
            .. wrong > 0 ? [$"**{wrong} wrong**"] : Array.Empty<string>(),
            .. missing > 0 ? [$"{missing} not run"] : Array.Empty<string>(),
            .. letters.Length > 0 ? [letters] : Array.Empty<string>(),
        ];
        return string.Join(" ", parts);
    }
}
