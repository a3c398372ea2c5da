using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>Query parameters (nova-api §1.7, §1.8).</summary>
internal sealed class QueryInput(IQueryCollection query)
{
    public const int MaxLimit = 1000;

    public IEnumerable<string> Names => query.Keys;

    public bool Has(string name) => query.ContainsKey(name);

    public string? Text(string name) => query.TryGetValue(name, out var values) && values.Count > 0 ? values[^1] ?? "" : null;

    public IReadOnlyList<string> All(string name) => query.TryGetValue(name, out var values) ? [.. values.Select(v => v ?? "")] : [];

    public IEnumerable<KeyValuePair<string, string>> Pairs => query.SelectMany(q => q.Value.Select(v => KeyValuePair.Create(q.Key, v ?? "")));

    public static ApiFault Invalid(string name, string value, string message) =>
        ApiFault.BadRequest($"Invalid input for query parameters {name}. Value: {value}. {message}");

    /// <summary>Closes the schema.</summary>
    public void Only(params IEnumerable<string> allowed)
    {
        var names = allowed.ToHashSet(StringComparer.Ordinal);
        foreach (var name in Names.Where(n => !names.Contains(n)))
        {
            throw ApiFault.BadRequest($"Additional properties are not allowed ('{name}' was unexpected)");
        }
    }

    /// <summary>The page size: at most <see cref="MaxLimit"/>, which is also the default.</summary>
    public int Limit()
    {
        if (Text("limit") is not { } text)
        {
            return MaxLimit;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            ? (int)Math.Min(limit, MaxLimit)
            : throw Invalid("limit", text, $"'{text}' does not match '^[0-9]*$'");
    }

    public bool? Bool(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        return Lexical.Boolean(text) ?? throw Invalid(name, text, $"'{text}' is not a boolean");
    }

    public int? Int(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Invalid(name, text, $"'{text}' is not an integer");
    }

    /// <summary>An ISO 8601 time; without a zone it is UTC.</summary>
    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // The parser alone would take "May 1" too.
        return IsoDate(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : throw Invalid(name, text, $"'{text}' is not a 'date-time'");
    }

    /// <summary>Repeated pairs of <c>sort_key</c> and <c>sort_dir</c>; without any the newest first. A key without a direction of its own has the first one's.</summary>
    /// <param name="check">The key as the store knows it; refuses what cannot be sorted by.</param>
    public List<(string Key, bool Descending)> Sort(Func<string, string> check)
    {
        var (keys, directions) = (All("sort_key"), All("sort_dir"));
        if (directions.FirstOrDefault(d => d is not ("asc" or "desc")) is { } bad)
        {
            throw Invalid("sort_dir", bad, $"'{bad}' is not one of ['asc', 'desc']");
        }

        if (directions.Count > Math.Max(keys.Count, 1))
        {
            throw Invalid("sort_dir", directions[^1], "There are more directions than keys");
        }

        var usual = directions is [var first, ..] ? first : "desc";
        return keys.Count == 0
            ? [("created_at", usual == "desc")]
            // Named once more it changes nothing.
            : [.. keys.Select((key, i) => (Key: check(key), Descending: (i < directions.Count ? directions[i] : usual) == "desc")).DistinctBy(s => s.Key)];
    }

    private static bool IsoDate(string text) => text.Length >= 8 && text.AsSpan(0, 4).ContainsAnyExceptInRange('0', '9') is false && (text[4] == '-' || char.IsAsciiDigit(text[4]));

    /// <summary>Both ends of a span of changes.</summary>
    public (DateTimeOffset? Since, DateTimeOffset? Before) Changes(bool withBefore)
    {
        var since = Time("changes-since");
        var before = withBefore ? Time("changes-before") : null;
        return since > before
            ? throw ApiFault.BadRequest("The value of changes-since must be less than or equal to changes-before.")
            : (since, before);
    }
}
