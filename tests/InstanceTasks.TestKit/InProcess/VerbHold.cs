using InstanceTasks.Hypervisors;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>Where a verb is held.</summary>
public enum HoldAt
{
    /// <summary>After the runner's last check, before the world hears of it.</summary>
    BeforeWorld = 0,

    /// <summary>After its effect, before the runner hears of it.</summary>
    AfterWorld = 1,
}

/// <summary>Holds one verb, like a process that is stopped at a chosen place. An abort does not move it.</summary>
public sealed class VerbHold
{
    private readonly Func<Verb, VerbCall, bool> _when;
    private readonly TaskCompletionSource<VerbCall> _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _caught;

    internal VerbHold(HoldAt at, Func<Verb, VerbCall, bool> when) => (At, _when) = (at, when);

    /// <summary>Where.</summary>
    public HoldAt At { get; }

    /// <summary>Completes when a verb is held.</summary>
    public Task<VerbCall> Reached => _reached.Task;

    /// <summary>The name of the silo that holds it, once it is reached.</summary>
    public string Silo { get; private set; } = "";

    /// <summary>Lets it go on.</summary>
    public void Release() => _released.TrySetResult();

    internal bool Catches(Verb verb, VerbCall call) => !_released.Task.IsCompleted && _when(verb, call) && Interlocked.Exchange(ref _caught, 1) == 0;

    internal Task WaitAsync(string silo, VerbCall call)
    {
        Silo = silo;
        _reached.TrySetResult(call);
        return _released.Task;
    }
}
