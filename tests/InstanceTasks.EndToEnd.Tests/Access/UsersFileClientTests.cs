using InstanceTasks.Client;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>Debian's unmodified <c>openstack</c> command with <c>http_basic</c> and with <c>v3password</c> against a silo and nothing else; the users file is made with the silo's own command.</summary>
public sealed class UsersFileClientTests(ITestOutputHelper output) : IDisposable
{
    private const string Password = UsersFileSilo.Password;

    private readonly TempDirectory _data = new("access");

    public void Dispose() => _data.Dispose();

    [OpenStackFact]
    public async Task HttpBasic_EachRole_MayWhatItMay()
    {
        await using var silo = await UsersFileSilo.StartAsync(_data, "http_basic");
        ClientSettings Typed(string password) => new() { Endpoint = new(silo.Setup.Url, "/v2.1"), Auth = ClientAuth.Basic("ann", password) };

        await TypedClientAsync(Typed(Password), Typed("wrong"));
        await TourAsync(silo, (user, _, password) => new()
        {
            ["OS_AUTH_TYPE"] = "http_basic", ["OS_ENDPOINT"] = new Uri(silo.Setup.Url, "/v2.1").ToString(), ["OS_USERNAME"] = user, ["OS_PASSWORD"] = password,
        });
    }

    [OpenStackFact]
    public async Task V3Password_EachRole_MayWhatItMay_AndATokenCanBeTakenBack()
    {
        await using var silo = await UsersFileSilo.StartAsync(_data, "identity");
        Dictionary<string, string> Access(string user, string project, string password) => UsersFileSilo.V3Password(silo, user, project, password);

        ClientSettings Typed(string password) => new() { Auth = ClientAuth.Password(new(silo.Setup.Url, "/identity/v3"), "ann", password, "demo") };

        await TypedClientAsync(Typed(Password), Typed("wrong"));
        await TourAsync(silo, Access);
        await AccountsAsync(new(silo.Setup.Url, Access("root", "admin", Password)), new(silo.Setup.Url, Access("ann", "demo", Password)));

        var cli = new OpenStackCli(silo.Setup.Url, Access("ann", "demo", Password));
        var token = (await cli.JsonAsync("token", "issue"))["id"]!.ToString();
        var withToken = new Dictionary<string, string> { ["X-Auth-Token"] = token };
        Assert.Equal(200, (int)(await silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers", headers: withToken)).Status);
        await cli.RunAsync("token", "revoke", token);
        Assert.Equal(401, (int)(await silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers", headers: withToken)).Status);
        Assert.DoesNotContain(token, silo.Output, StringComparison.Ordinal);
        await ClientTour.FailsAsync(new(silo.Setup.Url, Access("ann", "elsewhere", Password)), "requires authentication", "server", "list");
        Print(cli);
    }

    private async Task TourAsync(SiloProcess silo, Func<string, string, string, Dictionary<string, string>> access)
    {
        var member = new OpenStackCli(silo.Setup.Url, access("ann", "demo", Password));
        var id = await ClientTour.CreateAsync(member);
        await ClientTour.ReadOnlyAsync(new(silo.Setup.Url, access("rob", "demo", Password)), id);
        await ClientTour.UnknownAsync(new(silo.Setup.Url, access("eve", "elsewhere", Password)), id);
        await ClientTour.FailsAsync(member, "os_compute_api:os-admin-actions:reset_state", "server", "set", "--state", "error", "vm1");
        await new OpenStackCli(silo.Setup.Url, access("root", "admin", Password)).RunAsync("server", "set", "--state", "active", id);
        await ClientTour.FailsAsync(new(silo.Setup.Url, access("ann", "demo", "wrong")), "401", "server", "list");
        await ClientTour.DeleteAsync(member, id);
        Assert.DoesNotContain("sesame", silo.Output, StringComparison.Ordinal);
        Print(member);
    }

    /// <summary>The C# client, for whom the same doors are open and shut.</summary>
    private static async Task TypedClientAsync(ClientSettings right, ClientSettings wrong)
    {
        using var client = new ComputeClient(right);
        Assert.Empty(await client.Tasks.ListAsync().ToListAsync());
        Assert.Equal(ProblemKind.Forbidden, (await Assert.ThrowsAsync<ApiException>(() => client.Tasks.ListAsync(new() { AllProjects = true }).ToListAsync().AsTask())).Kind);
        using var stranger = new ComputeClient(wrong);
        Assert.Equal(ProblemKind.Unauthorized, (await Assert.ThrowsAsync<ApiException>(() => stranger.Tasks.ListAsync().ToListAsync().AsTask())).Kind);
    }

    /// <summary>What the client looks projects up for.</summary>
    private static async Task AccountsAsync(OpenStackCli root, OpenStackCli ann)
    {
        await root.RunAsync("quota", "set", "--instances", "7", "demo");
        Assert.Equal("7", (await ann.JsonAsync("quota", "show"))["instances"]!.ToString());
        await ClientTour.FailsAsync(ann, "os_compute_api:os-quota-sets:update", "quota", "set", "--instances", "70", "demo");
        await root.RunAsync("flavor", "create", "--private", "--ram", "64", "--disk", "1", "secret");
        Assert.NotEqual(0, (await ann.TryAsync("flavor", "show", "secret")).ExitCode);
        await root.RunAsync("flavor", "set", "--project", "demo", "secret");
        Assert.Equal("secret", (await ann.JsonAsync("flavor", "show", "secret"))["name"]!.ToString());
        Assert.Contains((await root.JsonAsync("usage", "list")).AsArray(), u => u!["Project"]!.ToString() == "demo");
    }

    private void Print(OpenStackCli cli)
    {
        foreach (var line in cli.Log)
        {
            output.WriteLine(line);
        }
    }
}
