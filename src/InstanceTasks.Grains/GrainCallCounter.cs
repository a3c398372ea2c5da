using System.Collections.Concurrent;
using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>
/// Counts what the grains of this silo are called for. Only calls by the interfaces of this program's own grains: Orleans's system calls, ticks of timers
/// and reminders pass through a filter, too. Beside what a call costs anyway (two messages, mostly a commit) two additions do not show.
/// </summary>
internal sealed class GrainCallCounter(TimeProvider time) : IIncomingGrainCallFilter, ICallCounts
{
    // By interface: the name of the grain, or null when it is not one of ours. There are few of either.
    private static readonly ConcurrentDictionary<Type, string?> Names = new();

    private long _ended;
    private long _failed;

    /// <inheritdoc/>
    // A failure is counted after its call is: read first, it is never more than those.
    public CallCounts Read()
    {
        var failed = Interlocked.Read(ref _failed);
        return new(Interlocked.Read(ref _ended), failed);
    }

    /// <inheritdoc/>
    public Task Invoke(IIncomingGrainCallContext context) =>
        Names.GetOrAdd(context.Request.GetInterfaceType(), NameOf) is { } grain ? CountAsync(context, grain) : context.Invoke();

    private static string? NameOf(Type @interface) => @interface.Assembly == typeof(ITaskGrain).Assembly ? @interface.Name[1..] : null;

    private async Task CountAsync(IIncomingGrainCallContext context, string grain)
    {
        var begun = time.GetTimestamp();
        var failed = true;
        try
        {
            await context.Invoke();
            failed = false;
        }
        finally
        {
            Interlocked.Increment(ref _ended);
            if (failed)
            {
                Interlocked.Increment(ref _failed);
            }

            GrainCallInstruments.OnEnded(grain, context.MethodName, failed, time.GetElapsedTime(begun));
        }
    }
}
