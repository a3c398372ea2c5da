using System.CommandLine;
using InstanceTasks.Chaos.Faults;

namespace InstanceTasks.Chaos.Running;

/// <summary>The command line.</summary>
internal static class Commands
{
    private static readonly Option<int?> Seed = new("--seed") { Description = "The seed (default: another one each time)." };
    private static readonly Option<double> Minutes = new("--minutes") { Description = "How long faults strike.", DefaultValueFactory = _ => 3 };
    private static readonly Option<int> Clients = new("--clients") { Description = "How many clients.", DefaultValueFactory = _ => 8 };
    private static readonly Option<FaultKind[]> Kinds = new("--faults") { Description = "Only these kinds of faults.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
    private static readonly Option<FileInfo?> Report = new("--report") { Description = "Write the report there." };
    private static readonly Option<FileInfo?> History = new("--history") { Description = "Write faults, calls, events and commits there, as lines of JSON." };

    public static RootCommand Root()
    {
        var run = new Command("run", "Runs silos as processes under load, does to them whatever can happen, and judges what clients saw.") { Seed, Minutes, Clients, Kinds, Report, History };
        run.SetAction(RunAsync);
        return new("Kills, freezes, cuts off and starves real silos under load, and checks that nothing was lost or done twice.") { run };
    }

    private static async Task<int> RunAsync(ParseResult parsed)
    {
        var options = new ChaosOptions
        {
            Seed = parsed.GetValue(Seed) ?? Random.Shared.Next(1_000_000),
            Duration = TimeSpan.FromMinutes(parsed.GetValue(Minutes)),
            Clients = parsed.GetValue(Clients),
            Kinds = parsed.GetValue(Kinds)!,
            HistoryFile = parsed.GetValue(History)?.FullName,
            Say = Console.WriteLine,
        };
        var result = await new ChaosRun(options).RunAsync();
        foreach (var line in ChaosReport.Lines(result).Concat(result.Problems))
        {
            Console.WriteLine(line);
        }

        if (parsed.GetValue(Report) is { } report)
        {
            var command = $"dotnet run -c Release --project tests/InstanceTasks.Chaos -- run --seed {options.Seed} --minutes {options.Duration.TotalMinutes:0.##} --clients {options.Clients} --report docs/chaos-report.md";
            await File.WriteAllTextAsync(report.FullName, ChaosReport.Markdown(result, command, TimeProvider.System.GetUtcNow()));
        }

        return result.Passed ? 0 : 1;
    }
}
