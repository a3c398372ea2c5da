using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>Who asks, with roles.</summary>
internal sealed record Identity(UserId User, ProjectId Project, IReadOnlyList<string> Roles)
{
    /// <summary>Nobody in particular: for calls that ask for no identity.</summary>
    public static Identity Anonymous { get; } = new(new(""), new(""), []) { Standing = LeastRole.Anyone };

    /// <summary>The highest of the roles: each has those below it (nova-api §10).</summary>
    public LeastRole Standing { get; private init; } = Roles.Select(StandingOf).Append(LeastRole.User).Max();

    public bool IsAdmin => Standing == LeastRole.Admin;

    public Caller Caller => new(User, Project, IsAdmin);

    private static LeastRole StandingOf(string role) => role.ToUpperInvariant() switch
    {
        "ADMIN" => LeastRole.Admin,
        "MANAGER" => LeastRole.Manager,
        "MEMBER" => LeastRole.Member,
        "READER" => LeastRole.Reader,
        _ => LeastRole.User,
    };
}

/// <summary>Finds out who asks.</summary>
internal interface IAuthenticator
{
    /// <summary>The identity; a fault of 401 when there is none.</summary>
    ValueTask<Identity> AuthenticateAsync(HttpContext http);
}

/// <summary><c>auth: none</c>: everybody is one fixed user. Only for a loopback address (see <see cref="ListenRules"/>).</summary>
internal sealed class NoAuth(IOptions<ApiOptions> options) : IAuthenticator
{
    private readonly Identity _identity = new(new(options.Value.UserId), new(options.Value.ProjectId), [.. options.Value.EffectiveRoles]);

    public ValueTask<Identity> AuthenticateAsync(HttpContext http) => new(_identity);
}
