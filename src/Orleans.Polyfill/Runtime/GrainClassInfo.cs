using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>What the runtime knows about one grain class.</summary>
internal sealed class GrainClassInfo
{
    private readonly Lazy<(ConstructorInfo Constructor, Func<ActivationData, object?>[] Arguments)> construction;

    public GrainClassInfo(Type type)
    {
        Class = type;
        GrainType = GrainType.Create(type.GetCustomAttribute<GrainTypeAttribute>()?.Name ?? DefaultName(type));
        Reentrant = type.GetCustomAttribute<ReentrantAttribute>() is not null;
        KeepAlive = type.GetCustomAttribute<KeepAliveAttribute>() is not null;
        CollectionAge = type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.Amount;
        PrefersLocal = type.GetCustomAttribute<PreferLocalPlacementAttribute>() is not null;
        construction = new(Prepare);
    }

    public Type Class { get; }

    public GrainType GrainType { get; }

    public bool Reentrant { get; }

    public bool KeepAlive { get; }

    public TimeSpan? CollectionAge { get; }

    public bool PrefersLocal { get; }

    public object Create(ActivationData activation)
    {
        try
        {
            var (constructor, arguments) = construction.Value;
            return constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, Array.ConvertAll(arguments, a => a(activation)), null);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException($"Failed to create an instance of grain type '{Class}'. See InnerException for details.", error);
        }
    }

    private static string DefaultName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name;
    }

    private (ConstructorInfo Constructor, Func<ActivationData, object?>[] Arguments) Prepare()
    {
        var constructors = Class.GetConstructors(BindingFlags.Instance | BindingFlags.Public);
        var constructor = constructors.FirstOrDefault(c => c.GetCustomAttribute<ActivatorUtilitiesConstructorAttribute>() is not null)
            ?? constructors.MaxBy(c => c.GetParameters().Length)
            ?? throw new InvalidOperationException($"Grain class {Class} has no public constructor.");
        return (constructor, Array.ConvertAll(constructor.GetParameters(), Argument));
    }

    private static Func<ActivationData, object?> Argument(ParameterInfo parameter)
    {
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state)
        {
            return activation => activation.ActivationServices.GetRequiredService<IStateStorageFactory>().ForParameter(activation, parameter, state);
        }

        if (parameter.ParameterType == typeof(IGrainContext))
        {
            return static activation => activation;
        }

        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
        {
            return activation => ((IKeyedServiceProvider)activation.ActivationServices).GetRequiredKeyedService(parameter.ParameterType, keyed.Key);
        }

        return parameter.HasDefaultValue
            ? activation => activation.ActivationServices.GetService(parameter.ParameterType) ?? parameter.DefaultValue
            : activation => activation.ActivationServices.GetRequiredService(parameter.ParameterType);
    }
}
