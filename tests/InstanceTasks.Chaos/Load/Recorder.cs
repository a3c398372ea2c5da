using System.Collections.Concurrent;
using InstanceTasks.Chaos.Checking;

namespace InstanceTasks.Chaos.Load;

/// <summary>Keeps what clients and followers saw.</summary>
internal sealed class Recorder(TimeProvider time)
{
    private readonly long _began = time.GetTimestamp();
    private readonly ConcurrentQueue<Call> _calls = new();
    private readonly ConcurrentQueue<Delivery> _deliveries = new();
    private readonly ConcurrentQueue<string> _surprises = new();
    private readonly ConcurrentDictionary<Guid, double> _waits = new();
    private long _next;

    /// <summary>The calls, by number.</summary>
    public IReadOnlyList<Call> Calls => [.. _calls.OrderBy(c => c.Id)];

    /// <summary>What followers got, in the order in which each got it.</summary>
    public IReadOnlyList<Delivery> Deliveries => [.. _deliveries];

    /// <summary>What should not have happened to a client and is no answer.</summary>
    public IReadOnlyList<string> Surprises => [.. _surprises];

    /// <summary>Seconds from each task's acceptance to the end that its client saw.</summary>
    public IReadOnlyDictionary<Guid, double> Waits => _waits;

    /// <summary>The time of the run.</summary>
    public TimeSpan Now => time.GetElapsedTime(_began);

    /// <summary>The number of a call that is about to be sent.</summary>
    public long Next() => Interlocked.Increment(ref _next);

    public void Add(Call call) => _calls.Enqueue(call);

    public void Add(Delivery delivery) => _deliveries.Enqueue(delivery);

    public void Waited(Guid task, TimeSpan time) => _waits.TryAdd(task, time.TotalSeconds);

    public void Surprise(string what) => _surprises.Enqueue($"{Now:mm\\:ss\\.fff} {what}");
}
