namespace InstanceTasks.Chaos.Checking;

/// <summary>A rule that was broken, and where.</summary>
/// <param name="Rule">Which.</param>
/// <param name="Story">Where, for people.</param>
internal sealed record Violation(string Rule, string Story)
{
    public override string ToString() => $"{Rule}: {Story}";
}

/// <summary>Judges a history by all rules. Pure: it reads nothing but what it is given.</summary>
internal static class HistoryChecker
{
    /// <summary>The rules by name, with what each demands.</summary>
    public static IReadOnlyDictionary<string, (string Demand, Func<History, IEnumerable<string>> Find)> Rules { get; } = new Dictionary<string, (string, Func<History, IEnumerable<string>>)>
    {
        ["end"] = ("every accepted task is in the store and has ended", EndRules.Unfinished),
        ["twice"] = ("no effect happens twice under one stamp", EndRules.Twice),
        ["state"] = ("every server is in the state to which its ended tasks lead, and held by none", StateRule.Unexplained),
        ["sequence"] = ("the commits of a task are numbered without gap", StreamRules.Sequences),
        ["progress"] = ($"no task is without a commit for longer than {ProgressRule.Bound.TotalSeconds:0} s until it ends, whatever strikes", ProgressRule.Stalled),
        ["stream"] = ("a follower that comes back gets every commit once and in order, up to the last", StreamRules.Followers),
        ["reads"] = ("what one client reads never goes backwards, and what was accepted is there", ReadRules.Backwards),
        ["idempotency"] = ("one key makes one server, and has one answer", EndRules.Keys),
        ["answers"] = ("no call gets an error that nobody thought of: what is away is 503", ReadRules.Errors),
        ["truth"] = ("claims, capacity, quota, machines and effects are what the tasks say", h => h.Differences),
    };

    /// <summary>What is wrong with a history; none: nothing.</summary>
    public static IReadOnlyList<Violation> Check(History history) =>
        [.. Rules.SelectMany(rule => rule.Value.Find(history).Select(story => new Violation(rule.Key, story)))];
}
