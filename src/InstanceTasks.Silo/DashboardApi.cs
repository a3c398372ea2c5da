using InstanceTasks.Api;
using InstanceTasks.Dashboard;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>The dashboard's calls go to the API of this process.</summary>
internal sealed class DashboardApi(ApiEntry entry, IOptions<ApiOptions> options) : IDashboardApi
{
    public SignInMode Mode => options.Value.Auth switch
    {
        AuthMode.None => SignInMode.None,
        AuthMode.HttpBasic => SignInMode.Password,
        _ => SignInMode.Token,
    };

    public Uri? Identity => options.Value is { Auth: AuthMode.Keystone, Keystone.Url: { } url } ? new(url) : null;

    public bool BehindTls => options.Value.TlsTerminatedByProxy;

    public Task InvokeAsync(HttpContext http) => entry.InvokeAsync(http);

    public async Task<Identification> IdentifyAsync(HttpContext http) => await entry.IdentifyAsync(http) switch
    {
        { Caller: { } caller } => new(new(caller.User, caller.Project, caller.Role, caller.May("tasks:index"), caller.May("dashboard:counts"), caller.May("dashboard:stored")) { MayReadConsoles = caller.May("os-console-output") }),
        { Status: StatusCodes.Status401Unauthorized } => new(null),
        var refused => new(null, new(refused.Status, refused.Message ?? "", refused.RetryAfter)),
    };
}
