namespace InstanceTasks.Api.Auth;

/// <summary>
/// Makes guessing slow: after three wrong passwords, whoever asks for that user from that address waits twice as long each time, up to five
/// minutes. A quarter of an hour without one forgets them. A user cannot be locked out from an address that is not his.
/// </summary>
internal sealed class BackOff(TimeProvider time)
{
    private const int Free = 3;
    private const int Most = 10_000;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(15);

    private readonly ExpiringCache<Failures> _failures = new(time, Most);

    /// <summary>How long it must wait; zero: not at all.</summary>
    public TimeSpan Left(string user, string address) => _failures.TryGet(Key(user, address), out var failures) && failures.Until > time.GetUtcNow()
        ? failures.Until - time.GetUtcNow()
        : TimeSpan.Zero;

    public void Failed(string user, string address)
    {
        var key = Key(user, address);
        var count = (_failures.TryGet(key, out var before) ? before.Count : 0) + 1;
        var wait = count < Free ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(Math.Pow(2, count - Free), Longest.TotalSeconds));
        _failures.Set(key, new(count, time.GetUtcNow() + wait), Memory);
    }

    public void Succeeded(string user, string address) => _failures.Remove(Key(user, address));

    private static string Key(string user, string address) => $"{address} {user}";

    private sealed record Failures(int Count, DateTimeOffset Until);
}
