using System.Threading.Channels;

namespace InstanceTasks.Bench.Limits;

/// <summary>Commits with their callers, taken together: group commit and nothing else.</summary>
internal sealed class BareQueue
{
    private const int BatchLimit = 256;

    private readonly Channel<Item> _items = Channel.CreateUnbounded<Item>(new UnboundedChannelOptions { SingleReader = true });

    public Task AddAsync(BareCommit commit)
    {
        var item = new Item(commit);
        _items.Writer.TryWrite(item);
        return item.Done.Task;
    }

    public void Close() => _items.Writer.Complete();

    /// <summary>Gives what is waiting to the writer, until the queue is closed.</summary>
    public async Task RunAsync(Func<List<BareCommit>, Task> write)
    {
        while (await _items.Reader.WaitToReadAsync())
        {
            var batch = new List<Item>();
            while (batch.Count < BatchLimit && _items.Reader.TryRead(out var item))
            {
                batch.Add(item);
            }

            try
            {
                await write([.. batch.Select(i => i.Commit)]);
                batch.ForEach(i => i.Done.SetResult());
            }
            catch (Exception e)
            {
                batch.ForEach(i => i.Done.SetException(e));
            }
        }
    }

    private sealed record Item(BareCommit Commit)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
