using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using Microsoft.Playwright;

namespace InstanceTasks.Dashboard.Tests.Browser;

/// <summary>
/// One silo with users, and one browser, for all flows. The instances: <c>web-1</c> and <c>web-2</c> of demo, and one with a delete that needs attention.
/// </summary>
public sealed class Site : IAsyncLifetime, IDisposable
{
    public const string Password = "open sesame: with a colon";

    private readonly TempDirectory _data = new();
    private readonly Dictionary<string, string> _states = [];
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private SiloProcess? _silo;

    public SiloProcess Silo => _silo ?? throw new InvalidOperationException("The silo has not been started.");

    public WorldControl World { get; private set; } = null!;

    /// <summary>Instances by name.</summary>
    public Dictionary<string, Guid> Instances { get; } = [];

    /// <summary>The delete that cannot go on.</summary>
    public Guid Stuck { get; private set; }

    public static string Pictures { get; } = Path.Combine(RepoRoot.Path, "TestResults", "dashboard");

    public async Task InitializeAsync()
    {
        if (Chromium.Missing is not null)
        {
            return;
        }

        Directory.CreateDirectory(Pictures);
        _silo = await StartSiloAsync();
        World = new(_data.Path);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Chromium.Path, Headless = true, Args = Chromium.Arguments });
        await FillAsync();
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_silo is { HasExited: false })
        {
            await _silo.StopAsync();
        }

        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }
    }

    public void Dispose() => _data.Dispose();

    /// <summary>A window of somebody who is signed in; nobody: one who is not.</summary>
    public async Task<Window> OpenAsync(string? user = "root", Look look = Look.DesktopLight)
    {
        var options = look.Options(Silo.Setup.Url);
        if (user is not null)
        {
            options.StorageState = _states.TryGetValue(user, out var known) ? known : _states[user] = await SignInAsync(user);
        }

        return new(await _browser!.NewContextAsync(options));
    }

    /// <summary>Ends the process as a power cut would, and starts the next one on what it has left.</summary>
    public async Task KillAsync() => await Silo.KillAsync();

    public async Task StartAgainAsync() => _silo = await Silo.RestartAsync();

    /// <summary>A call of the API by somebody.</summary>
    public async Task<ApiAnswer> CallAsync(string user, HttpMethod method, string path, JsonNode? body = null, params (string Name, string Value)[] headers) =>
        await Silo.Api.SendAsync(method, path, body, "2.96", headers.Append((Name: "X-Auth-Token", Value: await TokenAsync(user) ?? "")).ToDictionary(h => h.Name, h => h.Value));

    /// <summary>A task once it has ended or needs attention.</summary>
    public async Task<JsonNode> WaitAsync(string user, Guid task)
    {
        while (true)
        {
            var found = (await CallAsync(user, HttpMethod.Get, $"/v2.1/tasks/{task}?wait=20")).Json["task"]!;
            if ((string)found["state"]! is "succeeded" or "failed" or "canceled" or "needs_attention")
            {
                return found;
            }
        }
    }

    /// <summary>Puts somebody into the users file of a data directory.</summary>
    public static async Task AddUserAsync(TempDirectory data, string user, string project, string role)
    {
        using var command = ChildProcess.Start("/bin/sh", ["-c", "printf '%s\\n' \"$PASSWORD\" | dotnet \"$@\" >> \"$FILE\"", "sh", RepoRoot.SiloAssembly, "hash-password", "--user", user, "--project", project, "--roles", role],
            new Dictionary<string, string?> { ["PASSWORD"] = Password, ["FILE"] = data.Combine("users") });
        Assert.True(await command.WaitForExitAsync(TimeSpan.FromSeconds(60)) == 0, command.Output);
    }

    /// <summary>A window onto another site.</summary>
    public async Task<Window> OpenElsewhereAsync(Uri url, Look look = Look.DesktopLight) => new(await _browser!.NewContextAsync(look.Options(url)));

    /// <summary>Takes somebody out of the users file.</summary>
    public void ForgetUser(string user) => File.WriteAllLines(_data.Combine("users"), [.. File.ReadAllLines(_data.Combine("users")).Where(l => !l.StartsWith($"{user}:", StringComparison.Ordinal))]);

    /// <summary>Whether his password still counts.</summary>
    public async Task<bool> IsKnownAsync(string user) => await TokenAsync(user) is not null;

    public async Task<Guid> CreateAsync(string user, string name)
    {
        var image = (string)(await CallAsync(user, HttpMethod.Get, "/v2.1/v2/images")).Json["images"]![0]!["id"]!;
        var answer = await CallAsync(user, HttpMethod.Post, "/v2.1/servers", ApiClient.CreateBody(name, "1", image));
        await WaitAsync(user, answer.Task!.Value);
        return Instances[name] = Guid.Parse((string)answer.Json["server"]!["id"]!);
    }

    private async Task<string> SignInAsync(string user)
    {
        await using var context = await _browser!.NewContextAsync(Look.DesktopLight.Options(Silo.Setup.Url));
        var page = await context.NewPageAsync();
        await page.GotoAsync("/dashboard/machines");
        await page.GetByLabel("User").FillAsync(user);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.WaitForURLAsync("**/dashboard/machines");
        return await context.StorageStateAsync();
    }

    private async Task<string?> TokenAsync(string user)
    {
        var auth = new JsonObject
        {
            ["identity"] = new JsonObject
            {
                ["methods"] = new JsonArray("password"),
                ["password"] = new JsonObject { ["user"] = new JsonObject { ["id"] = user, ["password"] = Password } },
            },
        };
        var answer = await Silo.Api.SendAsync(HttpMethod.Post, "/identity/v3/auth/tokens", new JsonObject { ["auth"] = auth });
        return answer.Header("x-subject-token");
    }

    private async Task<SiloProcess> StartSiloAsync()
    {
        foreach (var (user, project, role) in new[] { ("ann", "demo", "member"), ("rob", "demo", "reader"), ("eve", "elsewhere", "member"), ("tom", "demo", "member"), ("ada", "admin", "admin"), ("root", "admin", "admin") })
        {
            await AddUserAsync(_data, user, project, role);
        }

        return await SiloProcess.StartAsync(new()
        {
            DataDirectory = _data.Path,
            Environment = new Dictionary<string, string?> { ["INSTANCETASKS_Api__Auth"] = "identity", ["INSTANCETASKS_Api__UsersFile"] = "users", ["INSTANCETASKS_Api__Limits__RequestsPerSecond"] = "0" },
        });
    }

    private async Task FillAsync()
    {
        await CreateAsync("ann", "web-1");
        await CreateAsync("ann", "web-2");
        var stuck = await CreateAsync("ann", "stuck");
        World.Fail(Verb.Undefine, stuck, FailureKinds.Hypervisor, "The hypervisor says no.");
        Stuck = (await CallAsync("ann", HttpMethod.Delete, $"/v2.1/servers/{stuck}")).Task!.Value;
        await CallAsync("ann", HttpMethod.Post, $"/v2.1/servers/{Instances["web-2"]}/action", new JsonObject { ["os-stop"] = null });
        Assert.Equal("needs_attention", (string)(await WaitAsync("ann", Stuck))["state"]!);
        World.ClearFaults();
    }
}

/// <summary>Everybody who needs the site.</summary>
[CollectionDefinition(Name)]
public sealed class SiteGroup : ICollectionFixture<Site>
{
    public const string Name = "site";
}
