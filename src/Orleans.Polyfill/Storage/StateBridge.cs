using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Core;
using Orleans.Providers;
using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Polyfill;

/// <summary>Makes the states that grains ask for in their constructors.</summary>
internal sealed class StateStorageFactory : IStateStorageFactory
{
    private static readonly MethodInfo Open = typeof(StateStorageFactory).GetMethod(nameof(Make), BindingFlags.NonPublic | BindingFlags.Static)!;

    public object ForParameter(ActivationData activation, ParameterInfo parameter, PersistentStateAttribute attribute)
    {
        var type = parameter.ParameterType;
        if (!type.IsGenericType || type.GetGenericTypeDefinition() != typeof(IPersistentState<>))
        {
            throw new ArgumentException($"Parameter {parameter.Name} of {parameter.Member.DeclaringType} has [PersistentState], so it must be an IPersistentState<T>.", nameof(parameter));
        }

        var make = Open.MakeGenericMethod(type.GetGenericArguments()[0]);
        return make.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [activation, attribute.StateName, attribute.StorageName], null)!;
    }

    public IStorage<T> ForGrainOfState<T>(IGrainContext context, Type grainClass) =>
        Make<T>((ActivationData)context, "state", grainClass.GetCustomAttribute<StorageProviderAttribute>()?.ProviderName);

    private static StateBridge<T> Make<T>(ActivationData activation, string stateName, string? storageName)
    {
        var name = string.IsNullOrEmpty(storageName) ? ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME : storageName;
        var storage = activation.ActivationServices.GetKeyedService<IGrainStorage>(name)
            ?? throw new BadProviderConfigException($"No storage provider named \"{name}\" found loading grain type {activation.Kind.Class}.");
        var bridge = new StateBridge<T>(activation, stateName, storage);
        activation.Lifecycle.Subscribe($"State {stateName}", GrainLifecycleStage.SetupState, token => bridge.ReadStateAsync(token));
        return bridge;
    }
}

/// <summary>One state of one activation. It may be used from the grain's own turns only.</summary>
internal sealed class StateBridge<T>(ActivationData activation, string stateName, IGrainStorage storage) : IPersistentState<T>
{
    private readonly SemaphoreSlim order = new(1, 1);
    private GrainState<T>? state;

    private delegate Task Operation(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken token);

    public T State
    {
        get
        {
            RuntimeContext.Require(activation);
            return state is null ? default! : state.State!;
        }

        set
        {
            RuntimeContext.Require(activation);
            Loaded.State = value;
        }
    }

    public string? Etag
    {
        get
        {
            RuntimeContext.Require(activation);
            return state?.ETag;
        }
    }

    public bool RecordExists
    {
        get
        {
            RuntimeContext.Require(activation);
            return Loaded.RecordExists;
        }
    }

    private GrainState<T> Loaded => state ?? throw new InvalidOperationException($"The state {stateName} of {activation.GrainId} has not been read yet: it is read after the constructor, before OnActivateAsync.");

    public Task ClearStateAsync() => ClearStateAsync(CancellationToken.None);

    public Task WriteStateAsync() => WriteStateAsync(CancellationToken.None);

    public Task ReadStateAsync() => ReadStateAsync(CancellationToken.None);

    public Task ClearStateAsync(CancellationToken cancellationToken) => Do("clearing", storage.ClearStateAsync, cancellationToken, afterwards: s => s.State ??= NewState());

    public Task WriteStateAsync(CancellationToken cancellationToken) => Do("writing", storage.WriteStateAsync, cancellationToken, afterwards: null);

    public Task ReadStateAsync(CancellationToken cancellationToken) => Do("reading", storage.ReadStateAsync, cancellationToken, afterwards: s => s.State ??= NewState());

    internal static T NewState()
    {
        var type = typeof(T);
        if (type.IsValueType || type == typeof(string) || type.IsAbstract || type.IsArray)
        {
            return default!;
        }

        return (T)(type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []) is { } constructor
            ? constructor.Invoke(null)
            : RuntimeHelpers.GetUninitializedObject(type));
    }

    private async Task Do(string what, Operation operation, CancellationToken token, Action<GrainState<T>>? afterwards)
    {
        RuntimeContext.Require(activation);
        await order.WaitAsync(token);
        try
        {
            var current = state ?? new GrainState<T>(NewState());
            await operation(stateName, activation.GrainId, current, token);
            afterwards?.Invoke(current);
            state = current;
        }
        catch (InconsistentStateException error)
        {
            error.Activation = activation;
            throw;
        }
        catch (Exception error) when (error is not (OrleansException or OperationCanceledException))
        {
            throw new OrleansException($"Error from storage provider {storage.GetType().Name} while {what} state {stateName} of grain {activation.GrainId}: {error.Message}", error);
        }
        finally
        {
            order.Release();
        }
    }
}
