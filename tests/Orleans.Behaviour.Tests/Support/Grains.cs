using System.Collections.Concurrent;
using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

/// <summary>What grains of a test do and wait for, kept per key so that tests do not meet.</summary>
public sealed class Probe
{
    private static readonly ConcurrentDictionary<string, Probe> All = new();

    public ConcurrentQueue<string> Log { get; } = new();

    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static void Forget() => All.Clear();

    public static Probe Of(string key) => All.GetOrAdd(key, static _ => new());
}

public interface ITurnGrain : IGrainWithStringKey
{
    Task Hold(string name);

    Task Note(string name);

    [AlwaysInterleave]
    Task Interleaved(string name);

    [ReadOnly]
    Task HoldReading(string name);

    [OneWay]
    Task FireAndForget(string name);

    Task CallSelf();

    Task CallSelfAllowed();

    Task CallOther(string key, bool allow);

    Task CallBack(string key);

    [ResponseTimeout("00:00:00.2")]
    Task HoldBriefly();

    Task<int> HoldWithToken(CancellationToken token);

    Task<bool> IsSingleThreaded(int awaits);

    ValueTask<int> Add(int left, int right);

    Task Deactivate();

    Task<Guid> Instance();
}

public class TurnGrain : Grain, ITurnGrain
{
    private readonly Guid instance = Guid.NewGuid();

    private Probe Probe => Probe.Of(this.GetPrimaryKeyString());

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Probe.Log.Enqueue($"deactivated {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public async Task Hold(string name)
    {
        Probe.Log.Enqueue($"begin {name}");
        await Probe.Gate.Task;
        Probe.Log.Enqueue($"end {name}");
    }

    public Task Note(string name)
    {
        Probe.Log.Enqueue(name);
        return Task.CompletedTask;
    }

    public Task Interleaved(string name) => Note(name);

    public Task HoldReading(string name) => Hold(name);

    public async Task FireAndForget(string name)
    {
        await Hold(name);
        throw new InvalidOperationException("nobody sees this");
    }

    public Task CallSelf() => this.AsReference<ITurnGrain>().Note("self");

    public async Task CallSelfAllowed()
    {
        using (RequestContext.AllowCallChainReentrancy())
        {
            await this.AsReference<ITurnGrain>().Note("self");
        }
    }

    public async Task CallOther(string key, bool allow)
    {
        if (!allow)
        {
            await GrainFactory.GetGrain<ITurnGrain>(key).CallBack(this.GetPrimaryKeyString());
            return;
        }

        using (RequestContext.AllowCallChainReentrancy())
        {
            await GrainFactory.GetGrain<ITurnGrain>(key).CallBack(this.GetPrimaryKeyString());
        }
    }

    public Task CallBack(string key) => GrainFactory.GetGrain<ITurnGrain>(key).Note("called back");

    public Task HoldBriefly() => Hold("briefly");

    public async Task<int> HoldWithToken(CancellationToken token)
    {
        Probe.Log.Enqueue("begin");
        var (fired, mine) = (new TaskCompletionSource(), TaskScheduler.Current);
        await using var registration = token.Register(() =>
        {
            Probe.Log.Enqueue(ReferenceEquals(TaskScheduler.Current, mine) ? "in context" : "outside");
            fired.SetResult();
        });
        await fired.Task;
        Probe.Log.Enqueue("token fired");
        return 1;
    }

    public async Task<bool> IsSingleThreaded(int awaits)
    {
        var inside = 0;
        var single = true;
        async Task Work()
        {
            for (var i = 0; i < awaits; i++)
            {
                single &= Interlocked.Increment(ref inside) == 1;
                Thread.SpinWait(50);
                Interlocked.Decrement(ref inside);
                await Task.Yield();
            }
        }

        await Task.WhenAll(Work(), Work(), Work());
        return single && TaskScheduler.Current != TaskScheduler.Default;
    }

    public ValueTask<int> Add(int left, int right) => ValueTask.FromResult(left + right);

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> Instance() => Task.FromResult(instance);
}

public interface IHolderGrain : IGrainWithStringKey
{
    Task Keep(ITurnGrain other);

    Task CallKept(string name);
}

public class HolderGrain : Grain, IHolderGrain
{
    private ITurnGrain? kept;

    public Task Keep(ITurnGrain other)
    {
        kept = other;
        return Task.CompletedTask;
    }

    public Task CallKept(string name) => kept!.Note(name);
}

public interface IReentrantGrain : IGrainWithStringKey
{
    Task Hold();

    Task Open();
}

[Reentrant]
public class ReentrantGrain : Grain, IReentrantGrain
{
    public Task Hold() => Probe.Of(this.GetPrimaryKeyString()).Gate.Task;

    public Task Open()
    {
        Probe.Of(this.GetPrimaryKeyString()).Gate.SetResult();
        return Task.CompletedTask;
    }
}
