using Orleans.Runtime;

namespace Orleans.Runtime
{
    /// <summary>Anything that can be addressed by a reference.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    /// <summary>Base of all grain interfaces.</summary>
    public interface IGrain : IAddressable;

    /// <summary>A grain with a string key.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>A grain with a Guid key.</summary>
    public interface IGrainWithGuidKey : IGrain;

    /// <summary>A grain with a 64-bit integer key.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>A grain with a Guid key and an extension.</summary>
    public interface IGrainWithGuidCompoundKey : IGrain;

    /// <summary>A grain with a 64-bit integer key and an extension.</summary>
    public interface IGrainWithIntegerCompoundKey : IGrain;

    /// <summary>What every grain class has; implement it to get timers, reminders and deactivation without the base class.</summary>
    public interface IGrainBase
    {
        IGrainContext GrainContext { get; }

        Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

        Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
    }

    /// <summary>Makes references to grains. Making one sends nothing and activates nothing.</summary>
    public interface IGrainFactory
    {
        TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidKey;

        TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey;

        TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey;

        TGrainInterface GetGrain<TGrainInterface>(Guid primaryKey, string keyExtension, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithGuidCompoundKey;

        TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string keyExtension, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerCompoundKey;

        IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey);

        IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey);

        IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

        IGrain GetGrain(Type grainInterfaceType, Guid grainPrimaryKey, string keyExtension);

        IGrain GetGrain(Type grainInterfaceType, long grainPrimaryKey, string keyExtension);

        TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable;

        IAddressable GetGrain(GrainId grainId);

        IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType);

        IAddressable GetGrain(Type interfaceType, IdSpan grainKey);

        IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string grainClassNamePrefix);
    }

    /// <summary>A connection to the cluster; in a silo's host it is the silo's own.</summary>
    public interface IClusterClient : IGrainFactory
    {
        IServiceProvider ServiceProvider { get; }
    }
}
