using System.Globalization;
using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier;

/// <summary>The command line.</summary>
internal sealed record Options
{
    public const string Help =
        """
        usage: verifier [verify] [--first KIND] [--second KIND] [BOUNDS]
               verifier draw
               verifier --help

        verify   searches every pair of kinds, in every order of their steps, within bounds; prints what it has searched and
                 reached, and the shortest story of the first property that does not hold. The default.
        draw     writes docs/state-machines.md and docs/state-machines/*.svg from the tables and plans.

          --first KIND, --second KIND   only these kinds of tasks; what the tables have and nothing reaches is then not judged
          --thorough       larger bounds than those of the tests: minutes, and some gigabytes
          --faults N       faults in one run, all together
          --crashes N      of an activation, of the workers, of a host's queue, of the whole process
          --splits N       second activations of a task: the older one lives on without knowing it
          --losses N       lost offers, and settles that are processed after their sender has given up
          --failures N     attempts that fail or time out, and placements without room
          --delays N       delays that the task shows
          --commands N     commands of people (resume and abandon are always free)
          --attempts N     attempts under way at one moment
          --situations N   give up a search that becomes larger than this

        Without bounds the passes of the tests are run one after the other. With any bound there is one pass, and what is not
        given is as in the first of them. Ends with 0 when everything holds, 1 when not, 2 when the command line is wrong.

        """;

    private static readonly Dictionary<string, Func<Bounds, int, Bounds>> Numbers = new(StringComparer.Ordinal)
    {
        ["--faults"] = (b, n) => b with { Faults = n },
        ["--crashes"] = (b, n) => b with { Crashes = n },
        ["--splits"] = (b, n) => b with { Splits = n },
        ["--losses"] = (b, n) => b with { Losses = n },
        ["--failures"] = (b, n) => b with { Failures = n },
        ["--delays"] = (b, n) => b with { Delays = n },
        ["--commands"] = (b, n) => b with { Commands = n },
        ["--attempts"] = (b, n) => b with { Attempts = n },
        ["--situations"] = (b, n) => b with { Situations = n },
    };

    public bool ShowHelp { get; private init; }

    public bool Draw { get; private init; }

    public TaskKind? First { get; private init; }

    public TaskKind? Second { get; private init; }

    public IReadOnlyList<Bounds> Passes { get; private init; } = Bounds.OfTests;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="FormatException">They are wrong; the message says how.</exception>
    public static Options Parse(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        for (var i = 0; i < arguments.Count; i++)
        {
            options = arguments[i] switch
            {
                "-h" or "--help" => options with { ShowHelp = true },
                "verify" => options,
                "draw" => options with { Draw = true },
                "--thorough" => options with { Passes = Bounds.Thorough },
                "--first" => options with { First = Kind(Value(arguments, ++i)) },
                "--second" => options with { Second = Kind(Value(arguments, ++i)) },
                var name when Numbers.TryGetValue(name, out var set) => options with { Passes = [set(options.Passes[0], Number(Value(arguments, ++i)))] },
                var other => throw new FormatException($"'{other}' is not an option."),
            };
        }

        return options;
    }

    private static string Value(IReadOnlyList<string> arguments, int index) =>
        index < arguments.Count ? arguments[index] : throw new FormatException($"'{arguments[^1]}' needs a value.");

    private static TaskKind Kind(string name) =>
        PlanRegistry.Find(new TaskKind(name))?.Kind ?? throw new FormatException($"There is no kind '{name}'; there are: {string.Join(", ", PlanRegistry.All.Select(p => p.Kind))}.");

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{text}' is not a number.");
}
