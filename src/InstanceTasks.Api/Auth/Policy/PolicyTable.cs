using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Auth;

/// <summary>A rule and what it asks for at least.</summary>
/// <param name="Name">Its name, without <c>os_compute_api:</c>; <c>*</c>: what the body asks for has a rule of its own.</param>
/// <param name="Least">The least role.</param>
internal sealed record PolicyRule(string Name, LeastRole Least)
{
    public const string ByBody = "*";
}

/// <summary>Who may do what: <c>policy.txt</c>, read once.</summary>
internal sealed class PolicyTable
{
    private const string Kind = "kind ";
    private const string Inside = "-";

    // What has no line is for administrators: forgetting one must not open anything.
    private static readonly PolicyRule OtherKinds = new("tasks:create:other_kinds", LeastRole.Admin);

    private readonly Dictionary<string, PolicyRule> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PolicyRule> _whats = new(StringComparer.Ordinal);

    private PolicyTable(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries).Where(l => l.Length > 0 && l[0] != '#'))
        {
            Add(line);
        }
    }

    /// <summary>The table of this release.</summary>
    public static PolicyTable Default { get; } = new(Read());

    /// <summary>The calls, actions and kinds that have a line.</summary>
    public IEnumerable<string> Whats => _whats.Keys;

    /// <summary>The names of all rules.</summary>
    public IEnumerable<string> RuleNames => _rules.Keys;

    /// <summary>Reads a table.</summary>
    /// <exception cref="FormatException">A line makes no sense, or contradicts another.</exception>
    public static PolicyTable Parse(string text) => new(text);

    /// <summary>A rule that is asked for inside a call.</summary>
    public PolicyRule Get(string rule) => _rules.TryGetValue(rule, out var found) ? found : throw new InvalidOperationException($"policy.txt has no rule '{rule}'.");

    /// <summary>The rule of a call; null: it has no line.</summary>
    public PolicyRule? Of(ApiRoute route) => _whats.GetValueOrDefault(route.Name);

    /// <summary>The rule of an action in the body of a call; null: it has no line.</summary>
    public PolicyRule? OfAction(ApiRoute route, string action) => _whats.GetValueOrDefault($"{route.Name}#{action}");

    /// <summary>The rule of asking for a task of a kind.</summary>
    public PolicyRule Of(TaskKind kind) => _whats.GetValueOrDefault(Kind + kind.Name, OtherKinds);

    private void Add(string line)
    {
        if (line.Split((char[]?)null, 3, StringSplitOptions.RemoveEmptyEntries) is not [var name, var role, var what] || !Enum.TryParse<LeastRole>(role, ignoreCase: true, out var least) || char.IsDigit(role[0]))
        {
            throw new FormatException($"policy.txt: '{line}' is not 'rule, least role, what'.");
        }

        var rule = new PolicyRule(name, least);
        if (_rules.TryGetValue(name, out var known) && known != rule && name != PolicyRule.ByBody)
        {
            throw new FormatException($"policy.txt: the rule '{name}' has two least roles.");
        }

        _rules[name] = rule;
        if (what != Inside && !_whats.TryAdd(what, rule))
        {
            throw new FormatException($"policy.txt: '{what}' has two lines.");
        }
    }

    private static string Read()
    {
        using var stream = typeof(PolicyTable).Assembly.GetManifestResourceStream("policy.txt") ?? throw new InvalidOperationException("The assembly lacks its policy.txt.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
