namespace Orleans.Polyfill.Tests.Contract;

/// <summary>
/// Types of Orleans 10.4 that live in assemblies a feed may lack: there the names are all that can be checked (and, of what the other real assemblies
/// mention, the members). Where the feed has the assembly, a test looks whether the type is in it. The value is the assembly.
/// </summary>
internal static class KnownElsewhere
{
    private static readonly Dictionary<string, string> ByAssembly = new(StringComparer.Ordinal)
    {
        ["Orleans.Serialization.Abstractions"] = """
            Orleans.GenerateSerializerAttribute Orleans.GenerateFieldIds Orleans.IdAttribute Orleans.AliasAttribute Orleans.ImmutableAttribute Orleans.RegisterConverterAttribute
            Orleans.RegisterSerializerAttribute Orleans.RegisterCopierAttribute Orleans.RegisterActivatorAttribute Orleans.IConverter`2 Orleans.IPopulator`2
            Orleans.SerializationCallbacksAttribute Orleans.SuppressReferenceTrackingAttribute Orleans.UseActivatorAttribute Orleans.ResponseTimeoutAttribute
            Orleans.GeneratedActivatorConstructorAttribute
            """,
        ["Orleans.Serialization"] = """
            Orleans.Serialization.Serializer Orleans.Serialization.DeepCopier Orleans.Serialization.CodecNotFoundException Orleans.Serialization.SerializerException
            Orleans.Serialization.ISerializerBuilder Orleans.Serialization.ServiceCollectionExtensions Orleans.Serialization.ExceptionSerializationOptions
            Orleans.Serialization.Configuration.TypeManifestOptions Orleans.Serialization.Invocation.IInvokable Orleans.Serialization.Invocation.Response
            Orleans.Serialization.Invocation.ITargetHolder
            """,
        ["Orleans.Core"] = """
            Orleans.IClusterClient Orleans.IGrainState`1 Orleans.GrainState`1 Orleans.IMembershipTable Orleans.MembershipEntry Orleans.MembershipTableData Orleans.TableVersion
            Orleans.ServiceLifecycleStage Orleans.CollectionAgeLimitAttribute Orleans.KeepAliveAttribute
            Orleans.Storage.IGrainStorage Orleans.Storage.InconsistentStateException Orleans.Storage.IGrainStorageSerializer Orleans.Storage.BadProviderConfigException
            Orleans.Runtime.ILocalSiloDetails Orleans.Runtime.IManagementGrain Orleans.Runtime.SiloStatus Orleans.Runtime.SiloRuntimeStatistics Orleans.Runtime.SimpleGrainStatistic
            Orleans.Configuration.ClusterOptions Orleans.Configuration.ClusterMembershipOptions Orleans.Configuration.MessagingOptions
            Orleans.Configuration.ClientMessagingOptions Orleans.Configuration.GatewayOptions Orleans.Configuration.ConnectionOptions Orleans.Hosting.IClientBuilder Orleans.Hosting.ClientBuilderExtensions
            Microsoft.Extensions.Hosting.OrleansClientGenericHostExtensions
            """,
        ["Orleans.Runtime"] = """
            Orleans.Runtime.IPersistentState`1 Orleans.Runtime.PersistentStateAttribute Orleans.Runtime.IPersistentStateConfiguration Orleans.IFacetMetadata Orleans.Runtime.ISiloLifecycle
            Orleans.Runtime.ISiloStatusOracle Orleans.Runtime.ISiloStatusListener Orleans.Runtime.IClusterMembershipService Orleans.Runtime.ClusterMember
            Orleans.Runtime.ClusterMembershipSnapshot Orleans.Runtime.IStartupTask Orleans.Runtime.GrainService Orleans.Runtime.Silo Orleans.Runtime.Services.GrainServiceClient`1
            Orleans.Hosting.ISiloBuilder Orleans.Hosting.SiloBuilderExtensions Orleans.Hosting.CoreHostingExtensions Orleans.Hosting.GrainCallFilterSiloBuilderExtensions
            Orleans.Hosting.SiloBuilderStartupExtensions Orleans.Hosting.EndpointOptionsExtensions Orleans.Configuration.SiloOptions Orleans.Configuration.SiloMessagingOptions Orleans.Configuration.GrainCollectionOptions
            Orleans.Configuration.EndpointOptions Orleans.Configuration.SchedulingOptions Orleans.Configuration.StatelessWorkerOptions
            Orleans.Runtime.Hosting.StorageProviderExtensions Orleans.Runtime.MembershipService.SiloMetadata.SiloMetadataHostingExtensions
            Microsoft.Extensions.Hosting.OrleansSiloGenericHostExtensions
            """,
        ["Orleans.Persistence.Memory"] = "Orleans.Hosting.MemoryGrainStorageSiloBuilderExtensions Orleans.Configuration.MemoryGrainStorageOptions",
        ["Orleans.Reminders"] = """
            Orleans.IRemindable Orleans.IReminderTable Orleans.ReminderEntry Orleans.ReminderTableData Orleans.GrainReminderExtensions Orleans.Runtime.IGrainReminder
            Orleans.Runtime.TickStatus Orleans.Runtime.ReminderException Orleans.Hosting.ReminderOptions Orleans.Hosting.SiloBuilderReminderExtensions
            Orleans.Hosting.SiloBuilderReminderMemoryExtensions Orleans.Timers.IReminderRegistry
            """,
    };

    /// <summary>Names that two assemblies use, one of which may be here: static classes of extension methods. What one lacks the other may have.</summary>
    public static IReadOnlySet<string> Shared { get; } = new HashSet<string>(StringComparer.Ordinal) { "Orleans.Hosting.SiloBuilderReminderExtensions" };

    /// <summary>Assembly by full name of the type.</summary>
    public static IReadOnlyDictionary<string, string> Types { get; } = ByAssembly
        .SelectMany(entry => entry.Value.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(type => (Type: type, Assembly: entry.Key)))
        .ToDictionary(entry => entry.Type, entry => entry.Assembly, StringComparer.Ordinal);
}
