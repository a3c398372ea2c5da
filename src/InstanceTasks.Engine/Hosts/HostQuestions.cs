namespace InstanceTasks.Engine;

/// <summary>
/// The consoles that somebody wants read. A question goes out with a poll's answer, whatever the poller has room for, and again some seconds later: reading twice changes nothing. It is
/// forgotten when it was answered, or when its time is over, also when nobody waits for it any more.
/// </summary>
internal sealed class HostQuestions(TimeProvider time)
{
    /// <summary>So many are open at a time: each answer may be 100 KiB.</summary>
    public const int Most = 32;

    private static readonly TimeSpan LifeTime = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan SendAgainAfter = TimeSpan.FromSeconds(3);

    private readonly Dictionary<Guid, Open> _open = [];

    /// <summary>Opens a question, unless it is open already; false: too many are.</summary>
    public bool Add(ConsoleQuestion question)
    {
        ForgetOld();
        return _open.ContainsKey(question.Id) || (_open.Count < Most && _open.TryAdd(question.Id, new(question, time.GetTimestamp())));
    }

    /// <summary>Those that a worker must be told of now.</summary>
    public List<ConsoleQuestion> HandOut()
    {
        if (_open.Count == 0)
        {
            return [];
        }

        ForgetOld();
        var due = _open.Values.Where(q => q.Answer is null && (q.HandedAt is not { } at || time.GetElapsedTime(at) > SendAgainAfter)).ToList();
        due.ForEach(q => q.HandedAt = time.GetTimestamp());
        return due.ConvertAll(q => q.Question);
    }

    /// <summary>A worker has answered; the first one counts.</summary>
    public void Answer(Guid question, ConsoleAnswer answer)
    {
        if (_open.TryGetValue(question, out var open) && open.Answer is null)
        {
            open.Answer = answer;
            open.Answered.SetResult();
        }
    }

    /// <summary>The answer, if it comes in time; whoever asks again later may find it then.</summary>
    public async Task<ConsoleAnswer?> WaitAsync(Guid question, TimeSpan atMost)
    {
        var open = _open[question];
        await open.Answered.Task.WaitAsync(atMost, time).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        if (open.Answer is not null)
        {
            _open.Remove(question);
        }

        return open.Answer;
    }

    private void ForgetOld()
    {
        foreach (var (id, _) in _open.Where(q => time.GetElapsedTime(q.Value.AskedAt) > LifeTime).ToList())
        {
            _open.Remove(id);
        }
    }

    private sealed class Open(ConsoleQuestion question, long askedAt)
    {
        public ConsoleQuestion Question { get; } = question;

        public long AskedAt { get; } = askedAt;

        public long? HandedAt { get; set; }

        public ConsoleAnswer? Answer { get; set; }

        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
