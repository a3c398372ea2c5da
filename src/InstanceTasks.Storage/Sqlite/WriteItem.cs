namespace InstanceTasks.Storage;

/// <summary>One piece of work for the writer, with the caller who waits for its result.</summary>
internal abstract class WriteItem
{
    /// <summary>Runs inside a savepoint; false: leave nothing of it behind.</summary>
    public abstract bool Run(WriterSession session);

    /// <summary>The transaction is durable (or there was nothing to write): tell the caller the result.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);
}

/// <summary>One piece of work with a result.</summary>
/// <param name="run">What to do.</param>
/// <param name="keeps">Whether a result's changes stay; null: always.</param>
internal sealed class WriteItem<T>(Func<WriterSession, T> run, Func<T, bool>? keeps = null) : WriteItem
{
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T _result = default!;

    public Task<T> Done => _done.Task;

    public override bool Run(WriterSession session)
    {
        _result = run(session);
        return keeps is null || keeps(_result);
    }

    public override void Complete() => _done.TrySetResult(_result);

    public override void Fail(Exception exception) => _done.TrySetException(exception);
}
