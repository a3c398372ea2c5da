using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace Orleans.Polyfill;

/// <summary>One piece of work that an activation runs from beginning to end: a request or a timer's tick.</summary>
internal abstract class Turn
{
    public abstract bool AlwaysInterleave { get; }

    public virtual bool ReadOnly => false;

    public virtual bool KeepsAlive => true;

    public abstract RequestContext.ContextProperties Context { get; }

    public abstract Task RunAsync(ActivationData activation);

    /// <summary>Answers who waits, after the turn has ended: a caller that has its answer finds the activation done with its request.</summary>
    public virtual void Answer(ActivationData activation)
    {
        // nobody waits for most kinds of turns
    }

    /// <summary>The turn will not run here.</summary>
    public abstract void Reject(Exception error);
}

internal sealed class RequestTurn(Message message) : Turn
{
    private object? result;
    private Exception? failure;

    public Message Message { get; } = message;

    public override bool AlwaysInterleave => Message.Method.AlwaysInterleave;

    public override bool ReadOnly => Message.Method.ReadOnly;

    public override RequestContext.ContextProperties Context => Message.Context;

    public override async Task RunAsync(ActivationData activation)
    {
        try
        {
            var own = await Invoke(activation);
            result = Message.Method.ResultByReference ? own : CopyContext.CopyRoot(own);
        }
        catch (Exception error)
        {
            Fail(activation, error);
        }
    }

    public override void Answer(ActivationData activation) => activation.Silo.Hub.Reply(Message, activation.Silo, result, failure);

    public override void Reject(Exception error) => Message.Reply?.SetException(error);

    private Task<object?> Invoke(ActivationData activation)
    {
        var filters = activation.Silo.IncomingFilters;
        if (filters.Length == 0 && activation.GrainInstance is not IIncomingGrainCallFilter)
        {
            return Message.Method.Invoke(activation.GrainInstance!, Message.Arguments);
        }

        return new IncomingCall(filters, activation, Message.Method, Message.Arguments, Message.SourceId).RunAsync();
    }

    private void Fail(ActivationData activation, Exception error)
    {
        if (error is InconsistentStateException { Activation: { } owner } && ReferenceEquals(owner, activation))
        {
            activation.Deactivate(new(DeactivationReasonCode.ApplicationError, error, "An InconsistentStateException escaped the grain method"));
        }

        if (Message.Reply is null)
        {
            activation.Silo.Log.OneWayFailed(error, Message.ToString());
        }

        failure = ExceptionCopy.Travel(error);
    }
}
