using System.Collections.Concurrent;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>Single reads that go together.</summary>
public sealed class GatheredReadsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<(string[] Keys, TaskCompletionSource<IReadOnlyDictionary<string, string>> Answer)> _queries = new();
    private readonly SemaphoreSlim _asked = new(0);
    private readonly GatheredReads<string> _reads;

    public GatheredReadsTests() => _reads = new(keys =>
    {
        var answer = new TaskCompletionSource<IReadOnlyDictionary<string, string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _queries.Enqueue((keys, answer));
        _asked.Release();
        return answer.Task;
    });

    public void Dispose() => _asked.Dispose();

    [Fact]
    public async Task Read_WhileAQueryRuns_GoesWithTheNextAndNotWithThatOne()
    {
        var first = _reads.ReadAsync("a", CancellationToken.None);
        var query = await QueryAsync();
        var again = _reads.ReadAsync("a", CancellationToken.None);
        var other = _reads.ReadAsync("b", CancellationToken.None);
        var twice = _reads.ReadAsync("b", CancellationToken.None);

        query.Answer.SetResult(new Dictionary<string, string> { ["a"] = "old" });
        Assert.Equal("old", await first.WaitAsync(Patience));
        var next = await QueryAsync();
        next.Answer.SetResult(new Dictionary<string, string> { ["a"] = "new" });

        Assert.Equal(["a", "b"], next.Keys);
        Assert.Equal(("new", null, null), (await again.WaitAsync(Patience), await other.WaitAsync(Patience), await twice.WaitAsync(Patience)));
    }

    [Fact]
    public async Task Read_QueryFails_EveryoneOfItIsToldAndTheNextIsAskedAnew()
    {
        var first = _reads.ReadAsync("a", CancellationToken.None);
        (await QueryAsync()).Answer.SetException(new InvalidOperationException("no"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => first.WaitAsync(Patience));

        var second = _reads.ReadAsync("a", CancellationToken.None);
        (await QueryAsync()).Answer.SetResult(new Dictionary<string, string> { ["a"] = "there" });

        Assert.Equal("there", await second.WaitAsync(Patience));
    }

    [Fact]
    public async Task Read_Cancelled_StopsOnlyThatWait()
    {
        using var cancel = new CancellationTokenSource();
        var cancelled = _reads.ReadAsync("a", cancel.Token);
        var query = await QueryAsync();
        var kept = _reads.ReadAsync("b", CancellationToken.None);

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        query.Answer.SetResult(new Dictionary<string, string>());
        (await QueryAsync()).Answer.SetResult(new Dictionary<string, string> { ["b"] = "b" });

        Assert.Equal("b", await kept.WaitAsync(Patience));
    }

    private async Task<(string[] Keys, TaskCompletionSource<IReadOnlyDictionary<string, string>> Answer)> QueryAsync()
    {
        Assert.True(await _asked.WaitAsync(Patience));
        Assert.True(_queries.TryDequeue(out var query));
        return query;
    }
}
