using InstanceTasks.Dashboard.Components;
using InstanceTasks.Dashboard.Hosting;
using InstanceTasks.Dashboard.Live;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Dashboard.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Dashboard;

/// <summary>Wires the dashboard into a host.</summary>
public static class DashboardHosting
{
    /// <summary>Where it is.</summary>
    public const string Path = "/dashboard";

    /// <summary>
    /// Adds the dashboard. The host provides <see cref="IDashboardApi"/>, <see cref="ISiloActivity"/>, an <see cref="IDataProtectionProvider"/> whose keys all processes of the
    /// deployment share, and the engine's ports <c>IQueries</c>, <c>IOverview</c>, <c>IJournal</c>, <c>ILeases</c> and <c>IEventStream</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Changes of the defaults.</param>
    public static IServiceCollection AddDashboard(this IServiceCollection services, Action<DashboardOptions> configure)
    {
        services.AddOptions<DashboardOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<DashboardOptions>, DashboardOptionsValidator>();
        services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddCascadingAuthenticationState();
        services.AddAntiforgery(o => o.Cookie.Name = "instancetasks-form");
        services.AddAuthentication(SessionCookie.Scheme).AddCookie(SessionCookie.Scheme);
        services.AddSingleton<IConfigureOptions<Microsoft.AspNetCore.Authentication.Cookies.CookieAuthenticationOptions>, SessionCookie>();
        LeaveOutKeyRing(services);
        services.AddSingleton<DashboardAssets>();
        services.AddSingleton<ApiCalls>();
        services.AddSingleton<SignIn>();
        services.AddSingleton<ChangeFeed>();
        services.AddSingleton<SharedReads>();
        services.AddScoped<Session>();
        services.AddScoped<ServerNames>();
        services.AddScoped<StoredReads>();
        return services;
    }

    /// <summary>Serves the dashboard below <see cref="Path"/>, and leads browsers there from <c>/</c>.</summary>
    /// <param name="app">The application.</param>
    public static void UseDashboard(this IApplicationBuilder app)
    {
        if (!app.ApplicationServices.GetRequiredService<IOptions<DashboardOptions>>().Value.Enabled)
        {
            return;
        }

        app.UseMiddleware<BrowserEntry>();
        app.Map(Path, Branch);
    }

    // Keys come from the host. The framework's own key ring, which nobody uses then, would be written into somebody's home directory at start.
    private static void LeaveOutKeyRing(IServiceCollection services)
    {
        foreach (var starter in services.Where(s => s.ServiceType == typeof(IHostedService) && s.ImplementationType?.Assembly == typeof(KeyManagementOptions).Assembly).ToList())
        {
            services.Remove(starter);
        }
    }

    private static void Branch(IApplicationBuilder app)
    {
        // The application has chosen the API's endpoint already, which takes every path.
        app.Use((http, next) =>
        {
            http.SetEndpoint(null);
            http.Request.RouteValues.Clear();
            return next(http);
        });
        app.UseMiddleware<SecurityHeaders>();
        app.UseMiddleware<SignInGate>();
        app.UseMiddleware<NotFoundPages>();
        app.UseRouting();
        app.UseAntiforgery();
        app.UseEndpoints(endpoints =>
        {
            endpoints.MapAssets();
            endpoints.MapSignOut();
            endpoints.MapProbe();
            endpoints.MapRazorComponents<App>().AddInteractiveServerRenderMode(o => o.ContentSecurityFrameAncestorsPolicy = null);
        });
    }
}
