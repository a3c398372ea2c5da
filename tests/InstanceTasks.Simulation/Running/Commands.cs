using System.CommandLine;
using System.Diagnostics;

namespace InstanceTasks.Simulation.Running;

/// <summary>The command line.</summary>
internal static class Commands
{
    private static readonly Argument<long> Seed = new("seed") { Description = "The seed." };
    private static readonly Option<long> First = new("--from") { Description = "The first seed.", DefaultValueFactory = _ => 1 };
    private static readonly Option<int> Count = new("--seeds") { Description = "How many seeds.", DefaultValueFactory = _ => 1000 };
    private static readonly Option<double?> Minutes = new("--minutes") { Description = "Instead of a number of seeds: for so long." };
    private static readonly Option<bool> Stop = new("--stop") { Description = "Stop at the first seed that fails." };
    private static readonly Option<bool> Missing = new("--missing") { Description = "List what was not covered." };
    private static readonly Option<FileInfo?> Out = new("--out") { Description = "Write the shrunk run there, to be committed as a regression." };
    private static readonly Argument<FileInfo> Replayed = new("file") { Description = "A committed run." };

    public static RootCommand Root() => new("Runs the engine's actors on one thread from one seed, with everything that can go wrong, and checks what must hold.")
    {
        With(new Command("run", "Runs many seeds.") { First, Count, Minutes, Stop, Missing }, Run),
        With(new Command("story", "Runs one seed and tells what happened.") { Seed }, p => Tell(Simulator.Run(new RunOptions(p.GetValue(Seed)) { Story = true }))),
        With(new Command("shrink", "Makes a failing seed short, and tells what happened.") { Seed, Out }, Shrink),
        With(new Command("replay", "Runs a committed run and tells what happened.") { Replayed }, p => Tell(Simulator.Run(Regression.Read(p.GetValue(Replayed)!.FullName).Options with { Story = true }))),
        With(new Command("fingerprint", "Prints a number for each seed that is the same for the same run.") { First, Count }, Fingerprint),
    };

    private static Command With(Command command, Func<ParseResult, int> action)
    {
        command.SetAction(action);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        var (count, minutes, stop) = (parsed.GetValue(Count), parsed.GetValue(Minutes), parsed.GetValue(Stop));
        var watch = Stopwatch.StartNew();
        var batch = Batch.Run(
            parsed.GetValue(First),
            b => (minutes is { } m ? watch.Elapsed.TotalMinutes < m : b.Seeds < count) && !(stop && b.Failures.Count > 0),
            failed => Console.WriteLine($"seed {failed.Options.Seed}: {failed.Violations[0]}"));
        foreach (var line in batch.Report(parsed.GetValue(Missing)))
        {
            Console.WriteLine(line);
        }

        return batch.Failures.Count == 0 ? 0 : 1;
    }

    private static int Shrink(ParseResult parsed)
    {
        var failing = Simulator.Run(new RunOptions(parsed.GetValue(Seed)));
        if (!failing.Failed)
        {
            Console.WriteLine($"Seed {failing.Options.Seed} does not fail.");
            return 1;
        }

        var shrinker = new Shrinker(Simulator.Run);
        var shortest = shrinker.Shrink(failing);
        if (parsed.GetValue(Out) is { } file)
        {
            Regression.Of(shortest, shortest.Violations[0]).Write(file.FullName);
        }

        Tell(Simulator.Run(shortest.Options with { Story = true }));
        Console.WriteLine($"{failing.Faults.Count} faults and {failing.Requests.Count} requests became {shortest.Faults.Count} and {shortest.Requests.Count} in {shrinker.Runs} runs.");
        return 0;
    }

    private static int Fingerprint(ParseResult parsed)
    {
        for (var seed = parsed.GetValue(First); seed < parsed.GetValue(First) + parsed.GetValue(Count); seed++)
        {
            Console.WriteLine($"{seed} {Simulator.Run(new RunOptions(seed)).Fingerprint:x16}");
        }

        return 0;
    }

    private static int Tell(RunResult result)
    {
        foreach (var line in result.Story)
        {
            Console.WriteLine(line);
        }

        Console.WriteLine($"seed {result.Options.Seed}: {(result.Failed ? string.Join("\n", result.Violations) : "nothing was violated")}; {result.Commits} commits, {result.Faults.Count} faults, {result.Events} events");
        return result.Failed ? 1 : 0;
    }
}
