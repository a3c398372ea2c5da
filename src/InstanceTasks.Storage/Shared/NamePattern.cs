using System.Text.RegularExpressions;

namespace InstanceTasks.Storage;

/// <summary>A name filter's regular expression with limits that hold whatever a user sends: linear time where the pattern allows it, else a time budget.</summary>
internal sealed class NamePattern
{
    private const int MaxLength = 1000;
    private static readonly TimeSpan PerName = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PerQuery = TimeSpan.FromSeconds(1);

    private readonly Regex _regex;
    private readonly TimeProvider _time;
    private readonly long _started;

    private NamePattern(Regex regex, TimeProvider time) => (_regex, _time, _started) = (regex, time, time.GetTimestamp());

    /// <exception cref="ArgumentException">Not a regular expression, or too long.</exception>
    public static NamePattern Parse(string pattern, TimeProvider time)
    {
        if (pattern.Length > MaxLength)
        {
            throw new ArgumentException($"A name pattern has at most {MaxLength} characters.", nameof(pattern));
        }

        try
        {
            return new(new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, PerName), time);
        }
        catch (NotSupportedException)
        {
            // Look-arounds and back-references need the backtracking engine; the time limits bound it.
            return new(new Regex(pattern, RegexOptions.CultureInvariant, PerName), time);
        }
    }

    /// <exception cref="RegexMatchTimeoutException">A limit was reached.</exception>
    public bool IsMatch(string name) => _time.GetElapsedTime(_started) <= PerQuery
        ? _regex.IsMatch(name)
        : throw new RegexMatchTimeoutException(name, _regex.ToString(), PerQuery);
}
