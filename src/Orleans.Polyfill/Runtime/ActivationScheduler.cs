using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Runs an activation's tasks one after another, in their order, on pool threads.</summary>
internal sealed class ActivationScheduler(ActivationData activation) : TaskScheduler, IThreadPoolWorkItem, IWorkItemScheduler
{
    // After this many tasks others get the thread.
    private const int Quantum = 64;

    private readonly Lock gate = new();
    private readonly Queue<Task> queue = new();
    private bool running;

    public override int MaximumConcurrencyLevel => 1;

    public void QueueAction(Action action) => new Task(action).Start(this);

    public void QueueAction(Action<object> action, object state) => new Task(s => action(s!), state).Start(this);

    void IWorkItemScheduler.QueueTask(Task task) => task.Start(this);

    /// <summary>Starts work in a clean execution context: nothing of who caused it flows in.</summary>
    public void Start(Action<object?> action, object state)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            new Task(action, state, TaskCreationOptions.DenyChildAttach).Start(this);
            return;
        }

        using (ExecutionContext.SuppressFlow())
        {
            new Task(action, state, TaskCreationOptions.DenyChildAttach).Start(this);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        var previous = RuntimeContext.Exchange(activation);
        try
        {
            for (var n = 0; n < Quantum; n++)
            {
                Task? next;
                lock (gate)
                {
                    if (!queue.TryDequeue(out next))
                    {
                        running = false;
                        return;
                    }
                }

                TryExecuteTask(next);
            }
        }
        finally
        {
            RuntimeContext.Exchange(previous);
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    protected override void QueueTask(Task task)
    {
        lock (gate)
        {
            queue.Enqueue(task);
            if (running)
            {
                return;
            }

            running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: true);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        ReferenceEquals(RuntimeContext.Current, activation) && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (gate)
        {
            return [.. queue];
        }
    }

}
