using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>One request on its way. Its arguments are the callee's copies already.</summary>
internal sealed class Message
{
    public required GrainId Target { get; init; }

    public required MethodEntry Method { get; init; }

    public required object?[] Arguments { get; set; }

    public required RequestContext.ContextProperties Context { get; init; }

    public required CallSender Sender { get; init; }

    public GrainId? SourceId { get; init; }

    public PendingCall? Reply { get; init; }

    public CancellationTokenSource? Cancellation { get; init; }

    /// <summary>Timestamp of the sender's clock after which the request is not begun any more; 0: never.</summary>
    public long Expiry { get; init; }

    /// <summary>The call that waits for another process to answer this one, once it was sent there.</summary>
    public IRemoteCall? Remote { get; set; }

    /// <summary>The directory has given the grain's activation to this silo; the number of times it has.</summary>
    public long Placed { get; set; }

    /// <summary>The silo or gateway that it came from over the network; null when its caller is in this process.</summary>
    public SiloAddress? Origin { get; init; }

    public int ForwardCount { get; set; }

    /// <summary>A test sends it to a silo of its choice, whatever the directory says.</summary>
    public bool Pinned { get; set; }

    public SiloAddress? TargetSilo { get; set; }

    public ActivationData? Receiver { get; set; }

    /// <summary>A fault delivers it again or late, so it is run whether or not its caller still waits.</summary>
    public bool Forced { get; private init; }

    public Message Again(bool keepsReply) => new()
    {
        Target = Target,
        Method = Method,
        Arguments = Method.CopyArguments(Arguments),
        Context = Context,
        Sender = Sender,
        SourceId = SourceId,
        Reply = keepsReply ? Reply : null,
        Cancellation = Cancellation,
        Forced = true,
    };

    public override string ToString() => $"{Method.Model.Interface.Name}.{Method.Name} to {Target}";
}

/// <summary>A call that another process answers.</summary>
internal interface IRemoteCall
{
    /// <summary>Nobody waits for the answer any more.</summary>
    void Forget();

    /// <summary>The callee is told that its caller has given up.</summary>
    void Cancel();
}

/// <summary>A caller that waits. The first of answer, time-out, cancellation and loss of the target completes it.</summary>
internal sealed class PendingCall : IDisposable
{
    private readonly TaskCompletionSource<object?> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<PendingCall> ended;
    private ITimer? timer;
    private CancellationTokenRegistration registration;

    public PendingCall(Action<PendingCall> ended) => this.ended = ended;

    public Message Message { get; set; } = null!;

    public Task<object?> Task => completion.Task;

    public bool IsCompleted => completion.Task.IsCompleted;

    public void Watch(TimeProvider clock, TimeSpan timeout, CancellationToken token)
    {
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            timer = clock.CreateTimer(static s => ((PendingCall)s!).TimeOut(), this, timeout, Timeout.InfiniteTimeSpan);
        }

        if (token.CanBeCanceled)
        {
            registration = token.UnsafeRegister(static (s, t) => ((PendingCall)s!).Cancel(t), this);
        }

        if (IsCompleted)
        {
            Dispose();
        }
    }

    public void SetResult(object? result)
    {
        if (completion.TrySetResult(result))
        {
            End();
        }
    }

    public void SetException(Exception error)
    {
        if (error is OperationCanceledException canceled ? completion.TrySetException(canceled) : completion.TrySetException(error))
        {
            End();
        }
    }

    public void Dispose()
    {
        timer?.Dispose();
        registration.Unregister();
    }

    private void TimeOut()
    {
        Message.Sender.TimedOut(Message);
        SetException(new TimeoutException($"Response did not arrive on time for message {Message}. Whether it was executed is unknown."));
    }

    private void Cancel(CancellationToken token)
    {
        if (completion.TrySetCanceled(token))
        {
            End();
            if (Message.Remote is { } remote)
            {
                remote.Cancel();
            }
            else if (Message.Receiver is { } receiver)
            {
                receiver.CancelRequest(Message); // the callee's callbacks run in its own context
            }
            else
            {
                Message.Cancellation?.Cancel();
            }
        }
    }

    private void End()
    {
        Message?.Remote?.Forget();
        ended(this);
        Dispose();
    }
}
