using System.Text.RegularExpressions;

namespace InstanceTasks.Storage;

/// <summary>A name filter's regular expression with limits that hold whatever a user sends: linear time where the pattern allows it, else a time budget.</summary>
internal sealed class NamePattern
{
    private const int MaxLength = 1000;
    // The linear engine needs long only for patterns that are very large: its limits are ones that a machine with too much to do does not reach.
    private static readonly (TimeSpan Name, TimeSpan Query) Linear = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(10));
    private static readonly (TimeSpan Name, TimeSpan Query) Backtracking = (TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

    private readonly Regex _regex;
    private readonly TimeSpan _most;
    private readonly TimeProvider _time;
    private TimeSpan _used;

    private NamePattern(Regex regex, TimeSpan most, TimeProvider time) => (_regex, _most, _time) = (regex, most, time);

    /// <exception cref="ArgumentException">Not a regular expression, or too long.</exception>
    public static NamePattern Parse(string pattern, TimeProvider time)
    {
        if (pattern.Length > MaxLength)
        {
            throw new ArgumentException($"A name pattern has at most {MaxLength} characters.", nameof(pattern));
        }

        try
        {
            return new(new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, Linear.Name), Linear.Query, time);
        }
        catch (NotSupportedException)
        {
            // Look-arounds and back-references need the backtracking engine; the time limits bound it.
            return new(new Regex(pattern, RegexOptions.CultureInvariant, Backtracking.Name), Backtracking.Query, time);
        }
    }

    /// <exception cref="RegexMatchTimeoutException">A limit was reached.</exception>
    public bool IsMatch(string name)
    {
        if (_used > _most)
        {
            throw new RegexMatchTimeoutException(name, _regex.ToString(), _most);
        }

        var started = _time.GetTimestamp();
        var matches = _regex.IsMatch(name);
        _used += _time.GetElapsedTime(started);
        return matches;
    }
}
