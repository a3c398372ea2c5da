using System.Collections.Concurrent;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>A runner's confirmation that nothing older than a stamp runs on a machine in its generation.</summary>
public sealed record Confirmation(long At, long Generation, InstanceId Machine, Stamp Below);

/// <summary>An attempt that a task's activation granted to a generation.</summary>
public sealed record Grant(long At, string Silo, string Task, Stamp Stamp, long Generation);

/// <summary>A call as it arrived at a grain.</summary>
public sealed record ArrivedCall(long At, string Silo, string Grain, string Method, string? Source, string Activation);

/// <summary>What grains of all silos were called for: an incoming call filter per silo, that changes nothing.</summary>
public sealed class CallTrace(TraceClock clock)
{
    private readonly ConcurrentQueue<ArrivedCall> _calls = new();
    private readonly ConcurrentQueue<Confirmation> _confirmations = new();
    private readonly ConcurrentQueue<Grant> _grants = new();

    /// <summary>Every call.</summary>
    public IReadOnlyList<ArrivedCall> Calls => [.. _calls];

    /// <summary>Confirmed fences.</summary>
    public IReadOnlyList<Confirmation> Confirmations => [.. _confirmations];

    /// <summary>Granted attempts.</summary>
    public IReadOnlyList<Grant> Grants => [.. _grants];

    /// <summary>The filter of one silo.</summary>
    public IIncomingGrainCallFilter FilterOf(string silo) => new Filter(this, silo);

    private void Note(string silo, IIncomingGrainCallContext context)
    {
        var at = clock.Next();
        _calls.Enqueue(new(at, silo, context.TargetId.ToString(), context.MethodName, context.SourceId?.ToString(), context.TargetContext.ActivationId.ToString()));
        if (context.MethodName == nameof(IHostGrain.Poll) && context.Request.GetArgument(0) is PollRequest poll)
        {
            poll.Fenced.ForEach(f => _confirmations.Enqueue(new(at, poll.Generation, f.Machine, f.Below)));
        }
    }

    private void NoteResult(string silo, IIncomingGrainCallContext context)
    {
        if (context.MethodName == nameof(ITaskGrain.Begin) && context.Result is BeginAnswer.Granted)
        {
            _grants.Enqueue(new(clock.Next(), silo, context.TargetId.Key.ToString()!, (Stamp)context.Request.GetArgument(0)!, (long)context.Request.GetArgument(1)!));
        }
    }

    private sealed class Filter(CallTrace trace, string silo) : IIncomingGrainCallFilter
    {
        public async Task Invoke(IIncomingGrainCallContext context)
        {
            trace.Note(silo, context);
            await context.Invoke();
            trace.NoteResult(silo, context);
        }
    }
}
