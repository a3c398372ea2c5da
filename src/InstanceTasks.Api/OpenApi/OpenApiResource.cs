using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Api.OpenApi;

/// <summary><c>GET /openapi.json</c>: what is served here, for people and generators of clients. Needs no token.</summary>
/// <param name="services">Finds the document when it is asked for: that is made of all routes, this one among them.</param>
internal sealed class OpenApiResource(IServiceProvider services) : IApiResource
{
    public IEnumerable<ApiRoute> RootRoutes => [new("GET", "openapi.json", ShowAsync)];

    private Task<ApiAnswer> ShowAsync(ApiCall call) =>
        Task.FromResult(ApiAnswer.Ok(JsonObject.Create(services.GetRequiredService<OpenApiDocument>().Root)!));
}
