using Orleans.Core;
using Orleans.Runtime;

namespace Orleans.Core
{
    /// <summary>Persistent state without its type.</summary>
    public interface IStorage
    {
        string? Etag { get; }

        bool RecordExists { get; }

        Task ClearStateAsync();

        Task WriteStateAsync();

        Task ReadStateAsync();

        Task ClearStateAsync(CancellationToken cancellationToken) => ClearStateAsync();

        Task WriteStateAsync(CancellationToken cancellationToken) => WriteStateAsync();

        Task ReadStateAsync(CancellationToken cancellationToken) => ReadStateAsync();
    }

    /// <summary>Persistent state.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    public interface IStorage<TState> : IStorage
    {
        TState State { get; set; }
    }
}

namespace Orleans
{
    /// <summary>One state as a storage provider sees it.</summary>
    /// <typeparam name="T">The type of the state.</typeparam>
    public interface IGrainState<T>
    {
        T? State { get; set; }

        string? ETag { get; set; }

        bool RecordExists { get; set; }
    }

    /// <summary>One state as a storage provider sees it.</summary>
    /// <typeparam name="T">The type of the state.</typeparam>
    [GenerateSerializer]
    public sealed class GrainState<T> : IGrainState<T>
    {
        public GrainState()
        {
        }

        public GrainState(T? state) : this(state, null)
        {
        }

        public GrainState(T? state, string? eTag)
        {
            State = state;
            ETag = eTag;
        }

        [Id(0)]
        public T? State { get; set; }

        [Id(1)]
        public string? ETag { get; set; }

        [Id(2)]
        public bool RecordExists { get; set; }
    }

    /// <summary>Marks a constructor parameter that the runtime makes.</summary>
    public interface IFacetMetadata;
}

namespace Orleans.Runtime
{
    /// <summary>Persistent state of a grain, read before the grain's OnActivateAsync.</summary>
    /// <typeparam name="TState">The type of the state.</typeparam>
    public interface IPersistentState<TState> : IStorage<TState>;

    /// <summary>Names a state and its storage.</summary>
    public interface IPersistentStateConfiguration
    {
        string StateName { get; }

        string? StorageName { get; }
    }

    /// <summary>The constructor parameter is a state with this name in this storage.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute : Attribute, IFacetMetadata, IPersistentStateConfiguration
    {
        public PersistentStateAttribute(string stateName, string? storageName = null)
        {
            ArgumentNullException.ThrowIfNull(stateName);
            StateName = stateName;
            StorageName = storageName;
        }

        public string StateName { get; }

        public string? StorageName { get; }
    }

    internal interface IStateStorageFactory
    {
        object ForParameter(ActivationData activation, System.Reflection.ParameterInfo parameter, PersistentStateAttribute attribute);

        IStorage<T> ForGrainOfState<T>(IGrainContext context, Type grainClass);
    }
}

namespace Orleans.Storage
{
    /// <summary>Keeps grain state.</summary>
    public interface IGrainStorage
    {
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) => ReadStateAsync(stateName, grainId, grainState);

        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) => WriteStateAsync(stateName, grainId, grainState);

        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState, CancellationToken cancellationToken) => ClearStateAsync(stateName, grainId, grainState);
    }
}
