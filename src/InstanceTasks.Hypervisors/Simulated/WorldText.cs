using System.Globalization;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>The stored names of the world's enumerations, and stamps and keys as text.</summary>
internal static class WorldText
{
    public const string PlanApply = "apply";
    public const string PlanFail = "fail";
    public const string PlanApplyThenFail = "apply_then_fail";

    public const string ByCaller = "caller";
    public const string ByFence = "fence";

    public const string OnVerb = "verb";
    public const string OnObserve = "observe";
    public const string OnFence = "fence";

    private static readonly string[] States = ["begun", "done", "failed", "aborted", "refused"];
    private static readonly string[] Rules = ["caller_or_fence", "fence", "nobody"];
    private static readonly string[] Actions =
        ["fail", "fail_nonretryable", "hang", "hang_guest", "slow", "crash_after_effect_reports_failure", "forget", "fail_fence"];

    public static string Of(Verb verb) => Enum.GetName(verb) ?? throw new ArgumentOutOfRangeException(nameof(verb), verb, "Not a verb.");

    public static string? Of(Verb? verb) => verb is { } v ? Of(v) : null;

    public static string Of(SimulatedOperationState state) => States[(int)state];

    public static string Of(SimulatedAbortRule rule) => Rules[(int)rule];

    public static string Of(SimulatedFaultAction action) => Actions[(int)action];

    public static string Of(Direction direction) => direction == Direction.Do ? "do" : "undo";

    public static string? Of(Direction? direction) => direction is { } d ? Of(d) : null;

    public static string Of(InstanceId machine) => machine.Value.ToString();

    public static Verb ReadVerb(string text) =>
        Enum.TryParse<Verb>(text, out var verb) && Enum.IsDefined(verb) ? verb : throw new InvalidDataException($"The simulated world holds an unknown name: {text}");

    public static SimulatedOperationState ReadState(string text) => (SimulatedOperationState)Find(States, text);

    public static SimulatedFaultAction ReadAction(string text) => (SimulatedFaultAction)Find(Actions, text);

    public static Direction ReadDirection(string text) => text == "do" ? Direction.Do : Direction.Undo;

    public static InstanceId ReadMachine(string text) => new(Guid.Parse(text));

    /// <summary>Reads back <see cref="Stamp.ToSortable"/>.</summary>
    public static Stamp ReadStamp(string text)
    {
        var parts = text.Split('.');
        return new Stamp(Int(parts[0]), long.Parse(parts[1], CultureInfo.InvariantCulture), Int(parts[2]), Int(parts[3]));
    }

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int Find(string[] names, string text)
    {
        var index = Array.IndexOf(names, text);
        return index >= 0 ? index : throw new InvalidDataException($"The simulated world holds an unknown name: {text}");
    }
}
