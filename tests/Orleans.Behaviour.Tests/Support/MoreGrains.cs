using Orleans.Concurrency;
using Orleans.Placement;

namespace Orleans.Behaviour.Tests;

public interface IFailingGrain : IGrainWithStringKey
{
    Task Touch();
}

/// <summary>Its activation fails until the gate of its probe is open.</summary>
public class FailingGrain : Grain, IFailingGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var probe = Probe.Of(this.GetPrimaryKeyString());
        probe.Log.Enqueue("activate");
        return probe.Gate.Task.IsCompleted ? Task.CompletedTask : throw new InvalidOperationException("not yet");
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        Probe.Of(this.GetPrimaryKeyString()).Log.Enqueue("deactivate");
        throw new InvalidOperationException("swallowed");
    }

    public Task Touch()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public interface IPlainClassGrain : IGrainWithGuidCompoundKey
{
    Task<string> Who();

    Task Leave();
}

/// <summary>A grain without the base class.</summary>
public sealed class PlainClassGrain(IGrainContext context) : IGrainBase, IPlainClassGrain
{
    public IGrainContext GrainContext { get; } = context;

    public Task<string> Who()
    {
        var guid = this.GetPrimaryKey(out var extension);
        return Task.FromResult($"{guid:N}+{extension} {GrainContext.ActivationId}");
    }

    public Task Leave()
    {
        this.DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public interface IClassAttributesGrain : IGrainWithStringKey
{
    Task NotOneWay();

    Task NotReadOnly(string name);

    Task NotShort();
}

/// <summary>Attributes on class methods do nothing, silently.</summary>
public class ClassAttributesGrain : Grain, IClassAttributesGrain
{
    [OneWay]
    public async Task NotOneWay()
    {
        await Task.Yield();
        Probe.Of(this.GetPrimaryKeyString()).Log.Enqueue("done");
    }

    [ReadOnly]
    public async Task NotReadOnly(string name)
    {
        Probe.Of(this.GetPrimaryKeyString()).Log.Enqueue(name);
        await Probe.Of(this.GetPrimaryKeyString()).Gate.Task;
        Probe.Of(this.GetPrimaryKeyString()).Log.Enqueue("/" + name);
    }

    [ResponseTimeout("00:00:00.01")]
    public Task NotShort() => Probe.Of(this.GetPrimaryKeyString()).Gate.Task;
}

public interface IFilteredGrain : IGrainWithIntegerKey
{
    Task<string> Say(string text);

    Task Fail();
}

public class FilteredGrain : Grain, IFilteredGrain, IIncomingGrainCallFilter
{
    public Task<string> Say(string text)
    {
        Probe.Of("filters").Log.Enqueue("body");
        return Task.FromResult(text);
    }

    public Task Fail() => throw new InvalidOperationException("failed");

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        Probe.Of("filters").Log.Enqueue($"grain {context.ImplementationMethod.DeclaringType!.Name}.{context.MethodName}");
        await context.Invoke();
    }
}

public interface ILocalGrain : IGrainWithStringKey
{
    Task<string> Silo();

    Task<string> SiloOfLocal(string key);
}

[PreferLocalPlacement]
public class LocalGrain : Grain, ILocalGrain
{
    public Task<string> Silo() => Task.FromResult(RuntimeIdentity);

    public Task<string> SiloOfLocal(string key) => GrainFactory.GetGrain<ILocalGrain>(key).Silo();
}
