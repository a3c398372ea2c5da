using InstanceTasks.Api.Actions;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Aggregates;
using InstanceTasks.Api.Events;
using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Holds;
using InstanceTasks.Api.Hosts;
using InstanceTasks.Api.Images;
using InstanceTasks.Api.InstanceActions;
using InstanceTasks.Api.KeyPairs;
using InstanceTasks.Api.Limits;
using InstanceTasks.Api.Migrations;
using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Quotas;
using InstanceTasks.Api.ServerGroups;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Usage;
using InstanceTasks.Api.Versions;
using InstanceTasks.Api.Wire;
using InstanceTasks.Api.Zones;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api;

/// <summary>Wires the HTTP API into a host.</summary>
public static class ComputeApi
{
    /// <summary>
    /// Adds the API. The host provides <see cref="IComputeCommands"/>, <see cref="ISecretProtector"/> and the engine's ports
    /// <c>IQueries</c>, <c>ICatalog</c>, <c>IHoldStore</c>, <c>IDocumentStore</c>, <c>IHostControl</c>, <c>IQuotaLimits</c>, <c>IRevokedTokens</c> (for <c>auth: identity</c>),
    /// <c>IEventStream</c>, <c>IConsoles</c> and <c>IJournal</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes of the defaults, or null.</param>
    public static IServiceCollection AddComputeApi(this IServiceCollection services, Action<ApiOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<ApiOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddCallers();
        services.AddSingleton(PolicyTable.Default);
        services.AddSingleton<PolicyCheck>();
        services.AddSingleton<VersionDocuments>();
        services.AddSingleton<DryRunAnswers>();
        services.AddSingleton<TaskSubmitter>();
        services.AddSingleton<IdempotencyKeys>();
        services.AddSingleton<UserData>();
        services.AddSingleton<ServerReader>();
        services.AddSingleton<ImageCatalog>();
        services.AddSingleton<GroupMembers>();
        services.AddSingleton<VisibleFlavors>();
        services.AddSingleton<TaskReader>();
        services.AddSingleton<TaskQueues>();
        services.AddSingleton<EventTail>();
        services.AddSingleton<EventFeeds>();
        services.AddSingleton<ActionParsers>();
        services.AddSingleton<RebuildParser>();
        services.AddSingleton<UnshelveParser>();
        services.AddSingleton<ResizeParser>();
        services.AddSingleton<ConsoleOutput>();
        services.AddSingleton<TaskCommands>();
        services.AddSingleton<Router>();
        services.AddSingleton<ApiPipeline>();
        services.AddSingleton(s => new ApiEntry(s.GetRequiredService<ApiPipeline>(), s.GetRequiredService<IAuthenticator>(), s.GetRequiredService<PolicyTable>()));
        services.AddSingleton<OpenApiDocument>();
        return services.AddResources();
    }

    /// <summary>Serves the API at every path that no other endpoint takes.</summary>
    /// <param name="endpoints">The application.</param>
    public static IEndpointConventionBuilder MapComputeApi(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        endpoints.ServiceProvider.GetRequiredService<PolicyCheck>().CheckComplete(endpoints.ServiceProvider.GetRequiredService<Router>().All);
        var pipeline = endpoints.ServiceProvider.GetRequiredService<ApiPipeline>();
        return endpoints.Map("/{**path}", pipeline.InvokeAsync).WithDisplayName("compute API");
    }

    // What a mode does not use is not made: it may lack its settings.
    private static void AddCallers(this IServiceCollection services)
    {
        services.AddSingleton<UsersFile>();
        services.AddSingleton<PasswordCheck>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<TokenSessions>();
        services.AddSingleton<KeystoneClient>();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton<IAuthenticator>(s => s.GetRequiredService<IOptions<ApiOptions>>().Value.Auth switch
        {
            AuthMode.HttpBasic => ActivatorUtilities.CreateInstance<BasicAuth>(s),
            AuthMode.Identity => ActivatorUtilities.CreateInstance<TokenAuth>(s),
            AuthMode.Keystone => ActivatorUtilities.CreateInstance<KeystoneAuth>(s),
            AuthMode.None => ActivatorUtilities.CreateInstance<NoAuth>(s),
            var other => throw new InvalidOperationException($"There is no authentication '{other}'."),
        });
        services.AddSingleton(OfFacade<IdentityResource>);
        services.AddSingleton(OfFacade<IdentityDirectory>);
    }

    private static IApiResource OfFacade<T>(IServiceProvider services)
        where T : IApiResource =>
        services.GetRequiredService<IOptions<ApiOptions>>().Value.Auth == AuthMode.Identity ? ActivatorUtilities.CreateInstance<T>(services) : new NothingServed();

    private sealed class NothingServed : IApiResource;

    private static IServiceCollection AddResources(this IServiceCollection services) => services
        .AddSingleton<CreateServers>()
        .AddSingleton<IApiResource, CreateServer>()
        .AddSingleton<IApiResource, ServerListing>()
        .AddSingleton<IApiResource, ServerResource>()
        .AddSingleton<IApiResource, ServerMetadata>()
        .AddSingleton<IApiResource, ServerTags>()
        .AddSingleton<IApiResource, ServerParts>()
        .AddSingleton<IApiResource, ServerGroupResource>()
        .AddSingleton<IApiResource, ServiceResource>()
        .AddSingleton<IApiResource, HypervisorResource>()
        .AddSingleton<IApiResource, AggregateResource>()
        .AddSingleton<IApiResource, MigrationResource>()
        .AddSingleton<IApiResource, QuotaResource>()
        .AddSingleton<IApiResource, UsageResource>()
        .AddSingleton<IApiResource, ServerActions>()
        .AddSingleton<IApiResource, InstanceActionResource>()
        .AddSingleton<IApiResource, FlavorResource>()
        .AddSingleton<IApiResource, FlavorExtraSpecs>()
        .AddSingleton<IApiResource, FlavorAccess>()
        .AddSingleton<IApiResource, KeyPairResource>()
        .AddSingleton<IApiResource, ImageResource>()
        .AddSingleton<IApiResource, LimitsResource>()
        .AddSingleton<IApiResource, ZoneResource>()
        .AddSingleton<IApiResource, TaskResource>()
        .AddSingleton<IApiResource, EventResource>()
        .AddSingleton<IApiResource, TaskActions>()
        .AddSingleton<IApiResource, ServerTasks>()
        .AddSingleton<IApiResource, BulkTasks>()
        .AddSingleton<IApiResource, HoldResource>()
        .AddSingleton<IApiResource, OpenApiResource>();
}
