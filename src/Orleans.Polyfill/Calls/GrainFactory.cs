using System.Collections.Concurrent;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Makes references; one per silo and per client.</summary>
internal sealed class GrainFactory(TypeManifest manifest, CallSender sender, IServiceProvider services) : IClusterClient
{
    private static readonly GrainInterfaceType AnyInterface = InterfaceModel.Of(typeof(IAddressable)).InterfaceType;

    private readonly ConcurrentDictionary<Type, ProxyShape> shapes = new();
    private readonly ConcurrentDictionary<(Type, string?), GrainType> types = new();

    public IServiceProvider ServiceProvider { get; } = services;

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidKey => Make<TGrainInterface>(GrainIdKeyExtensions.CreateGuidKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerKey => Make<TGrainInterface>(GrainIdKeyExtensions.CreateIntegerKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey => Make<TGrainInterface>(TextKey(primaryKey), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithGuidCompoundKey => Make<TGrainInterface>(GrainIdKeyExtensions.CreateGuidKey(primaryKey, Extension(keyExtension)), grainClassNamePrefix);

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithIntegerCompoundKey => Make<TGrainInterface>(GrainIdKeyExtensions.CreateIntegerKey(primaryKey, Extension(keyExtension)), grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey) => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey) => (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)Make(grainInterfaceType, TextKey(grainPrimaryKey), null);

    public IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension) =>
        (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateGuidKey(grainPrimaryKey, keyExtension), null);

    public IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension) =>
        (IGrain)Make(grainInterfaceType, GrainIdKeyExtensions.CreateIntegerKey(grainPrimaryKey, keyExtension), null);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable => (TGrainInterface)(object)Reference(typeof(TGrainInterface), grainId);

    public IAddressable GetGrain(GrainId grainId) => Reference(typeof(IAddressable), grainId);

    public IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => Reference(manifest.Interface(interfaceType), grainId);

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => Make(interfaceType, grainKey, null);

    public IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix) => Make(interfaceType, grainKey, grainClassNamePrefix);

    public GrainReference Reference(Type interfaceType, GrainId id)
    {
        var shape = shapes.GetOrAdd(interfaceType, static (type, self) => new(InterfaceModel.Of(type), self.Factory, self.Sender), (Factory: this, Sender: sender));
        return interfaceType == typeof(IAddressable) ? new GrainReference(shape, id) : ProxyEmitter.Create(shape, id);
    }

    /// <summary>A reference that came from elsewhere, or null when its interface is not known here.</summary>
    public GrainReference? TryReference(GrainId id, GrainInterfaceType contract) =>
        contract == AnyInterface ? Reference(typeof(IAddressable), id) : manifest.TryInterface(contract) is { } type ? Reference(type, id) : null;

    public object Cast(GrainReference reference, Type interfaceType)
    {
        if (interfaceType.IsInstanceOfType(reference))
        {
            return reference;
        }

        return interfaceType.IsInterface && typeof(IAddressable).IsAssignableFrom(interfaceType)
            ? Reference(interfaceType, reference.GrainId)
            : throw new ArgumentException($"{interfaceType} is not a grain interface.", nameof(interfaceType));
    }

    private static IdSpan TextKey(string key)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key, nameof(key));
        return IdSpan.Create(key);
    }

    private static string Extension(string keyExtension)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(keyExtension);
        return keyExtension;
    }

    private TGrainInterface Make<TGrainInterface>(IdSpan key, string? prefix) => (TGrainInterface)(object)Make(typeof(TGrainInterface), key, prefix);

    private GrainReference Make(Type interfaceType, IdSpan key, string? prefix)
    {
        if (!interfaceType.IsInterface)
        {
            throw new ArgumentException($"{interfaceType} is not an interface: references are made for grain interfaces.", nameof(interfaceType));
        }

        return Reference(interfaceType, GrainId.Create(types.GetOrAdd((interfaceType, prefix), static (k, m) => m.GrainTypeOf(k.Item1, k.Item2), manifest), key));
    }
}
