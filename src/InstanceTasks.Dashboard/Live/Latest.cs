namespace InstanceTasks.Dashboard.Live;

/// <summary>The answer to the newest question: a new one forgets it, and an answer that comes after a newer question is dropped. For one dispatcher.</summary>
internal sealed class Latest<T>
    where T : class
{
    private int _asked;

    /// <summary>The answer; null: there is none yet.</summary>
    public T? Answer { get; private set; }

    /// <summary>Forgets the answer, and drops those that are on their way. The number of the question that comes now.</summary>
    public int Forget()
    {
        Answer = null;
        return ++_asked;
    }

    /// <summary>Whether no newer question has been asked.</summary>
    public bool IsNewest(int question) => question == _asked;

    /// <summary>Asks.</summary>
    public async Task AskAsync(Func<Task<T>> ask)
    {
        var mine = Forget();
        var answer = await ask();
        if (IsNewest(mine))
        {
            Answer = answer;
        }
    }
}
