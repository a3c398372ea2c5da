namespace InstanceTasks.Storage;

/// <summary>
/// Reads single rows by key, many at a time: what is asked for while a query is under way goes with the next one. Alone, a reader waits no
/// longer than for a query of his own. A row is always read after it was asked for.
/// </summary>
internal sealed class GatheredReads<TRow>(Func<string[], Task<IReadOnlyDictionary<string, TRow>>> query)
    where TRow : class
{
    private const int MaxKeys = 500;

    private readonly Lock _lock = new();
    private readonly Queue<Request> _waiting = new();
    private bool _running;

    /// <summary>The row; null when there is none. Cancelling stops the wait only.</summary>
    public Task<TRow?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        var request = new Request(key);
        lock (_lock)
        {
            _waiting.Enqueue(request);
            if (_running)
            {
                return request.Row.WaitAsync(cancellationToken);
            }

            _running = true;
        }

        _ = Task.Run(RunAsync, CancellationToken.None);
        return request.Row.WaitAsync(cancellationToken);
    }

    private async Task RunAsync()
    {
        while (Take() is { Count: > 0 } requests)
        {
            try
            {
                var rows = await query([.. requests.Select(r => r.Key).Distinct(StringComparer.Ordinal)]);
                requests.ForEach(r => r.Complete(rows.GetValueOrDefault(r.Key)));
            }
            catch (Exception e)
            {
                // Everyone is told; the next are asked for anew.
                requests.ForEach(r => r.Fail(e));
            }
        }
    }

    private List<Request> Take()
    {
        lock (_lock)
        {
            var requests = new List<Request>();
            while (requests.Count < MaxKeys && _waiting.TryDequeue(out var request))
            {
                requests.Add(request);
            }

            _running = requests.Count > 0;
            return requests;
        }
    }

    private sealed class Request(string key)
    {
        private readonly TaskCompletionSource<TRow?> _row = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Key { get; } = key;

        public Task<TRow?> Row => _row.Task;

        public void Complete(TRow? row) => _row.TrySetResult(row);

        public void Fail(Exception exception) => _row.TrySetException(exception);
    }
}
