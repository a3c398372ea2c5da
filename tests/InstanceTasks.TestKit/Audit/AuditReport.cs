namespace InstanceTasks.TestKit;

/// <summary>A request that the API accepted as a task, and how that task may end.</summary>
/// <param name="Kind">The task's kind.</param>
/// <param name="Server">The server.</param>
/// <param name="Task">The task.</param>
/// <param name="Expected">The states in which it may end.</param>
public sealed record AcceptedRequest(string Kind, Guid Server, Guid Task, params string[] Expected);

/// <summary>Every difference that an audit found; none means that store, world and the client's list agree.</summary>
public sealed class AuditReport
{
    private readonly List<string> _problems = [];

    /// <summary>The differences.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>How many things were compared: an audit that compared nothing proves nothing.</summary>
    public int Compared { get; private set; }

    /// <summary>Effects that happened more than once where that is allowed.</summary>
    public List<string> Repeats { get; } = [];

    /// <summary>Notes a difference unless <paramref name="holds"/>.</summary>
    public void Check(bool holds, Func<string> problem)
    {
        Compared++;
        if (!holds)
        {
            _problems.Add(problem());
        }
    }

    /// <summary>Fails when there are differences.</summary>
    /// <exception cref="InvalidOperationException">Something differs, or nothing was compared.</exception>
    public void ThrowIfAny()
    {
        if (_problems.Count > 0)
        {
            throw new InvalidOperationException($"{_problems.Count} differences:{Environment.NewLine}{string.Join(Environment.NewLine, _problems.Take(60))}");
        }

        if (Compared == 0)
        {
            throw new InvalidOperationException("The audit compared nothing.");
        }
    }
}
