using System.Diagnostics;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.Keystone;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>A Keystone with users of each role, and this compute service in its catalogue.</summary>
public sealed class KeystoneFixture : IAsyncLifetime
{
    public const string Password = "user-s3";

    private KeystoneServer? _keystone;

    public KeystoneServer Keystone => _keystone ?? throw new InvalidOperationException("Keystone is not installed.");

    /// <summary>Where the silo is to listen: the catalogue says so.</summary>
    public int SiloPort { get; } = FreePort.Next();

    public async Task InitializeAsync()
    {
        if (!KeystoneServer.IsInstalled)
        {
            return;
        }

        _keystone = await KeystoneServer.StartAsync();
        await UserAsync("nova", "service", "admin");
        await UserAsync("ann", "demo", "member");
        await UserAsync("rob", "demo", "reader");
        await UserAsync("eve", "elsewhere", "member");
        await ServiceAsync("compute", $"http://127.0.0.1:{SiloPort}/v2.1");
        await ServiceAsync("image", $"http://127.0.0.1:{SiloPort}/image");
    }

    public async Task DisposeAsync()
    {
        if (_keystone is not null)
        {
            await _keystone.DisposeAsync();
        }
    }

    private readonly Dictionary<string, string> _projects = [];

    private async Task UserAsync(string name, string project, string role)
    {
        if (!_projects.TryGetValue(project, out var id))
        {
            _projects[project] = id = await Keystone.AddAsync("project", new() { ["name"] = project, ["domain_id"] = "default" });
        }

        await Keystone.GrantAsync(await Keystone.AddAsync("user", new() { ["name"] = name, ["password"] = Password, ["domain_id"] = "default" }), id, role);
    }

    private async Task ServiceAsync(string type, string url)
    {
        var service = await Keystone.AddAsync("service", new() { ["name"] = type, ["type"] = type });
        await Keystone.AddAsync("endpoint", new() { ["service_id"] = service, ["interface"] = "public", ["region_id"] = "RegionOne", ["url"] = url });
    }
}

/// <summary>Debian's unmodified <c>openstack</c> command and Debian's own Keystone, against a silo with <c>auth: keystone</c>.</summary>
public sealed class KeystoneClientTests(KeystoneFixture fixture, ITestOutputHelper output) : IClassFixture<KeystoneFixture>, IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan CacheTime = TimeSpan.FromSeconds(3);

    private readonly TempDirectory _data = new("keystone-silo");
    private SiloProcess? _silo;

    private SiloProcess Silo => _silo!;

    public async Task InitializeAsync()
    {
        if (KeystoneServer.IsInstalled)
        {
            _silo = await SiloProcess.StartAsync(new()
            {
                DataDirectory = _data.Path,
                Port = fixture.SiloPort,
                Environment = new Dictionary<string, string?>
                {
                    ["INSTANCETASKS_Api__Auth"] = "keystone", ["INSTANCETASKS_Api__Keystone__Url"] = fixture.Keystone.Url, ["INSTANCETASKS_Api__Keystone__Username"] = "nova",
                    ["INSTANCETASKS_Api__Keystone__Password"] = KeystoneFixture.Password, ["INSTANCETASKS_Api__Keystone__CacheTime"] = CacheTime.ToString(),
                },
            });
        }
    }

    public async Task DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }
    }

    public void Dispose() => _data.Dispose();

    [KeystoneFact]
    public async Task OpenStack_EachRole_MayWhatItMay()
    {
        var member = Cli("ann", "demo");
        var id = await ClientTour.CreateAsync(member);
        await ClientTour.ReadOnlyAsync(Cli("rob", "demo"), id);
        await ClientTour.UnknownAsync(Cli("eve", "elsewhere"), id);
        await Cli("admin", "admin", KeystoneServer.AdminPassword).RunAsync("server", "set", "--state", "active", id);
        await ClientTour.DeleteAsync(member, id);
        Assert.DoesNotContain(KeystoneFixture.Password, Silo.Output, StringComparison.Ordinal);
        foreach (var line in member.Log)
        {
            output.WriteLine(line);
        }
    }

    [KeystoneFact]
    public async Task Token_TakenBack_IsRefusedAfterTheCacheTimeAtMost()
    {
        var token = await TokenAsync();
        Assert.Equal(200, await UseAsync(token));
        await fixture.Keystone.RevokeAsync(token);
        var since = Stopwatch.StartNew();

        await Eventually.TrueAsync(async () => await UseAsync(token) == 401, TimeSpan.FromSeconds(30), "the token is refused", () => Silo.Output);

        // The look itself may take as long as Keystone does.
        Assert.InRange(since.Elapsed, TimeSpan.Zero, CacheTime + TimeSpan.FromSeconds(5));
        Assert.Equal(401, await UseAsync("gAAAAABmade-up"));
        Assert.DoesNotContain(token, Silo.Output, StringComparison.Ordinal);
    }

    [KeystoneFact]
    public async Task Keystone_Down_Is503AndNot401_AndServesAgainAfterwards()
    {
        var (known, unknown) = (await TokenAsync(), await TokenAsync());
        Assert.Equal(200, await UseAsync(known));
        await fixture.Keystone.StopAsync();

        Assert.Equal(503, await UseAsync(unknown));

        await fixture.Keystone.LaunchAsync();
        Assert.Equal(200, await UseAsync(unknown));
        Assert.Equal(200, await UseAsync(known));
        Assert.Contains("cannot be asked", Silo.Output, StringComparison.Ordinal);
    }

    private Task<string> TokenAsync() => fixture.Keystone.TokenAsync("ann", KeystoneFixture.Password, "demo");

    private async Task<int> UseAsync(string token) =>
        (int)(await Silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers", headers: new Dictionary<string, string> { ["X-Auth-Token"] = token })).Status;

    private OpenStackCli Cli(string user, string project, string password = KeystoneFixture.Password) => new(Silo.Setup.Url, new Dictionary<string, string>
    {
        ["OS_AUTH_TYPE"] = "v3password", ["OS_AUTH_URL"] = fixture.Keystone.Url, ["OS_USERNAME"] = user, ["OS_PASSWORD"] = password, ["OS_PROJECT_NAME"] = project,
        ["OS_USER_DOMAIN_ID"] = "default", ["OS_PROJECT_DOMAIN_ID"] = "default", ["OS_IDENTITY_API_VERSION"] = "3", ["OS_REGION_NAME"] = "RegionOne",
    });
}
