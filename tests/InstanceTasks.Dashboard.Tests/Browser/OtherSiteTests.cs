using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Keystone;
using InstanceTasks.TestKit.Postgres;
using Microsoft.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>The dashboard where one signs in otherwise, and where it is served by a frontend.</summary>
[Collection(SiteGroup.Name)]
public sealed class OtherSiteTests(Site site) : IDisposable
{
    private readonly TempDirectory _data = new("dashboard");

    public void Dispose() => _data.Dispose();

    [BrowserFact]
    public async Task HttpBasic_NameAndPassword_LeadIn_AndNoProjectIsAskedFor()
    {
        await Site.AddUserAsync(_data, "ann", "demo", "member");
        await using var silo = await SiloProcess.StartAsync(new()
        {
            DataDirectory = _data.Path, Environment = new Dictionary<string, string?> { ["INSTANCETASKS_Api__Auth"] = "http_basic", ["INSTANCETASKS_Api__UsersFile"] = "users" },
        });
        await using var window = await site.OpenElsewhereAsync(silo.Setup.Url);
        var page = await window.GotoAsync("instances");
        Assert.Equal(0, await page.GetByLabel("Project").CountAsync());

        await page.GetByLabel("User").FillAsync("ann");
        await page.GetByLabel("Password").FillAsync("guess");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByText("is not right").WaitForAsync();
        await window.SignInAsync("ann");

        await page.GetByText("No instances here").WaitForAsync();
        Assert.Contains("demo · member", await page.Locator(".me").InnerTextAsync(), StringComparison.Ordinal);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await page.GetByText("You are signed out.").WaitForAsync();
        await silo.StopAsync();
    }

    /// <summary>Found in review: a refusal at the first look left a blank page.</summary>
    [KeystoneBrowserFact]
    public async Task Keystone_NamePasswordAndProject_LeadIn_AndAnIdentityServiceThatIsAwayIsSaid()
    {
        await using var keystone = await KeystoneServer.StartAsync();
        var project = await keystone.AddAsync("project", new() { ["name"] = "demo", ["domain_id"] = "default" });
        foreach (var (user, role) in new[] { ("nova", "admin"), ("ann", "member") })
        {
            await keystone.GrantAsync(await keystone.AddAsync("user", new() { ["name"] = user, ["password"] = Site.Password, ["domain_id"] = "default" }), project, role);
        }

        await using var silo = await SiloProcess.StartAsync(new()
        {
            DataDirectory = _data.Path,
            Environment = new Dictionary<string, string?>
            {
                ["INSTANCETASKS_Api__Auth"] = "keystone", ["INSTANCETASKS_Api__Keystone__Url"] = keystone.Url, ["INSTANCETASKS_Api__Keystone__Username"] = "nova",
                ["INSTANCETASKS_Api__Keystone__Project"] = "demo", ["INSTANCETASKS_Api__Keystone__Password"] = Site.Password, ["INSTANCETASKS_Api__Keystone__CacheTime"] = "00:00:01",
            },
        });
        await using var window = await site.OpenElsewhereAsync(silo.Setup.Url);
        var page = await window.GotoAsync("instances");
        await window.SignInAsync("ann", Site.Password, "demo");
        await page.GetByText("No instances here").WaitForAsync();

        await keystone.StopAsync();
        await Eventually.TrueAsync(
            async () =>
            {
                await page.GotoAsync("/dashboard/machines");
                await page.Locator("h1").First.WaitForAsync();
                return await page.GetByText("this page tries again by itself").CountAsync() == 1;
            },
            TimeSpan.FromSeconds(60),
            "the page says that the identity service is away",
            () => silo.Output);
        Assert.Equal(1, await page.GetByRole(AriaRole.Button, new() { Name = "Sign in as somebody else" }).CountAsync());
        await page.ScreenshotAsync(new() { Path = Path.Combine(Site.Pictures, "not-now.png") });

        await keystone.LaunchAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "State machines" }).WaitForAsync();
        await silo.StopAsync();
    }

    [PostgresBrowserFact]
    public async Task Frontend_BesideASilo_ShowsAndDoesTheSame()
    {
        using var postgres = new PostgresServer();
        var shared = new Dictionary<string, string?>
        {
            ["INSTANCETASKS_Storage__Provider"] = "postgres", ["INSTANCETASKS_Storage__ConnectionString"] = postgres.ConnectionString(await postgres.CreateDatabaseAsync()), ["INSTANCETASKS_Cluster__Id"] = "dashboard-test",
        };
        await using var silo = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path, Environment = new Dictionary<string, string?>(shared) { ["INSTANCETASKS_Cluster__GatewayPort"] = $"{FreePort.Next()}" } });
        await using var frontend = await SiloProcess.StartAsync(new() { DataDirectory = _data.Path, Environment = new Dictionary<string, string?>(shared) { ["INSTANCETASKS_Role"] = "frontend" } });
        var server = await frontend.Api.CreateAndWaitAsync("behind-a-frontend");
        await using var window = await site.OpenElsewhereAsync(frontend.Setup.Url);

        foreach (var name in new[] { "", "attention", "tasks", "hosts", "events", "machines", "grains" })
        {
            await window.GotoAsync(name);
            Assert.Equal(0, await window.Page.GetByRole(AriaRole.Alert).CountAsync());
        }

        var page = await window.GotoAsync($"instances/{server}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        await page.GetByText("It would begin now.").WaitForAsync();
        await page.Locator("form.confirm button[type=submit]").ClickAsync();
        await page.Locator(".head .state", new() { HasText = "SHUTOFF" }).WaitForAsync();
        Assert.Empty(window.Complaints);
        await frontend.StopAsync();
        await silo.StopAsync();
    }
}
