using System.Diagnostics;

namespace InstanceTasks.TestKit;

/// <summary>Waits for a condition with a deadline: the only place where tests wait.</summary>
public static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Repeats <paramref name="condition"/> until it is true. A look that costs much takes a longer <paramref name="pause"/>, or it slows down what it waits for.</summary>
    /// <exception cref="TimeoutException">It was not true in time; the message says what was waited for, and <paramref name="explain"/>'s words.</exception>
    public static async Task TrueAsync(Func<Task<bool>> condition, TimeSpan deadline, string what, Func<string>? explain = null, TimeSpan? pause = null)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > deadline)
            {
                throw new TimeoutException($"Not within {deadline.TotalSeconds:0.#} s: {what}.{Environment.NewLine}{explain?.Invoke()}");
            }

            await Task.Delay(pause ?? Pause);
        }
    }

    /// <summary>As the other, for a condition that needs no I/O of its own.</summary>
    public static Task TrueAsync(Func<bool> condition, TimeSpan deadline, string what, Func<string>? explain = null, TimeSpan? pause = null) =>
        TrueAsync(() => Task.FromResult(condition()), deadline, what, explain, pause);

    /// <summary>Repeats <paramref name="read"/> until it returns something.</summary>
    public static async Task<T> NotNullAsync<T>(Func<Task<T?>> read, TimeSpan deadline, string what, Func<string>? explain = null)
        where T : class
    {
        T? found = null;
        await TrueAsync(async () => (found = await read()) is not null, deadline, what, explain);
        return found!;
    }
}
