using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>Who asks, with roles.</summary>
internal sealed record Identity(UserId User, ProjectId Project, IReadOnlyList<string> Roles)
{
    public bool IsAdmin { get; } = Roles.Contains("admin", StringComparer.OrdinalIgnoreCase);

    public Caller Caller => new(User, Project, IsAdmin);
}

/// <summary>Finds out who asks.</summary>
internal interface IAuthenticator
{
    /// <summary>The identity; a fault of 401 when there is none.</summary>
    ValueTask<Identity> AuthenticateAsync(HttpContext http);
}

/// <summary><c>auth: none</c>: everybody is one fixed user. Only for a loopback address (see <see cref="LoopbackOnly"/>).</summary>
internal sealed class NoAuth(IOptions<ApiOptions> options) : IAuthenticator
{
    private readonly Identity _identity = new(new(options.Value.UserId), new(options.Value.ProjectId), [.. options.Value.Roles]);

    public ValueTask<Identity> AuthenticateAsync(HttpContext http) => new(_identity);
}
