namespace InstanceTasks.Api.Wire;

/// <summary>
/// An answer that ends the call wherever it is found: that of a dry run. Thrown by whoever would write, so that no handler, however it is
/// written, can go on from there and do something after all.
/// </summary>
#pragma warning disable CA1032, CA1064 // an internal control-flow exception: the answer is never optional
internal sealed class EarlyAnswer(ApiAnswer answer) : Exception
#pragma warning restore CA1032, CA1064
{
    public ApiAnswer Answer { get; } = answer;
}
