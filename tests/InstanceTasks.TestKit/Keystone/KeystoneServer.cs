using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit.Keystone;

/// <summary>Debian's Keystone in a directory of its own, on a free port of loopback, without any service of the machine; ended by its process id.</summary>
public sealed class KeystoneServer : IAsyncDisposable
{
    /// <summary>The Debian packages that have it.</summary>
    public const string Packages = "keystone uwsgi-core uwsgi-plugin-python3";

    /// <summary>The administrator's password.</summary>
    public const string AdminPassword = "admin-s3";

    private const string Manage = "/usr/bin/keystone-manage";
    private const string Server = "/usr/bin/uwsgi_python3";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly TempDirectory _directory = new("keystone");
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(30) };
    private readonly int _port = FreePort.Next();
    private ChildProcess? _process;

    private KeystoneServer()
    {
    }

    /// <summary>Whether the packages are installed.</summary>
    public static bool IsInstalled => File.Exists(Manage) && File.Exists(Server);

    /// <summary>Whether their absence is a failure and not a reason to skip.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("INSTANCETASKS_REQUIRE_CLIENTS") == "1";

    /// <summary>Where it is, with <c>/v3</c>.</summary>
    public string Url => $"http://127.0.0.1:{_port}/v3";

    /// <summary>What it wrote.</summary>
    public string Output => _process?.Output ?? "";

    /// <summary>An empty one with the administrator <c>admin</c> in the project <c>admin</c>.</summary>
    public static async Task<KeystoneServer> StartAsync()
    {
        var server = new KeystoneServer();
        try
        {
            await server.PrepareAsync();
            await server.LaunchAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops it: nobody answers any more.</summary>
    public async Task StopAsync()
    {
        _process!.Signal(PosixSignalNumber.Kill);
        await _process.WaitForExitAsync(Deadline);
    }

    /// <summary>Starts it again on the same port with the same users.</summary>
    public async Task LaunchAsync()
    {
        _process?.Dispose();
        // One process and no master, so that its id is all there is to end. A connection per answer: its HTTP does not keep them.
        _process = ChildProcess.Start(
            Server,
            [
                "--http-socket", $"127.0.0.1:{_port}", "--wsgi-file", "/usr/bin/keystone-wsgi-public", "--processes", "1", "--threads", "2", "--enable-threads", "--die-on-term",
                "--lazy-apps", "--add-header", "Connection: close", "--buffer-size", "65535", "--socket-timeout", "30",
            ],
            new Dictionary<string, string?> { ["OS_KEYSTONE_CONFIG_DIR"] = _directory.Path, ["OS_KEYSTONE_CONFIG_FILES"] = "keystone.conf" },
            _directory.Path);
        await Eventually.TrueAsync(AnswersAsync, Deadline, "Keystone answers", () => Output);
    }

    /// <summary>A token.</summary>
    public async Task<string> TokenAsync(string user, string password, string project)
    {
        var scope = new JsonObject { ["project"] = Named(project) };
        var identity = new JsonObject { ["methods"] = new JsonArray("password"), ["password"] = new JsonObject { ["user"] = With(Named(user), "password", password) } };
        using var body = Json(new JsonObject { ["auth"] = new JsonObject { ["identity"] = identity, ["scope"] = scope } });
        using var answer = await _http.PostAsync($"{Url}/auth/tokens", body);
        return answer.StatusCode == HttpStatusCode.Created
            ? answer.Headers.GetValues("X-Subject-Token").Single()
            : throw new InvalidOperationException($"Keystone gives {user} no token: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Takes a token back.</summary>
    public async Task RevokeAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, $"{Url}/auth/tokens");
        request.Headers.Add("X-Auth-Token", token);
        request.Headers.Add("X-Subject-Token", token);
        using var answer = await _http.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Makes something as the administrator and returns its id.</summary>
    /// <param name="kind">Such as <c>project</c>; the path is its plural.</param>
    /// <param name="body">Its fields.</param>
    public async Task<string> AddAsync(string kind, JsonObject body)
    {
        var answer = await AdminAsync(HttpMethod.Post, $"{kind}s", new JsonObject { [kind] = body });
        return (string)answer![kind]!["id"]!;
    }

    /// <summary>Gives a user a role in a project.</summary>
    public async Task GrantAsync(string user, string project, string role)
    {
        var roles = await AdminAsync(HttpMethod.Get, $"roles?name={role}", null);
        await AdminAsync(HttpMethod.Put, $"projects/{project}/users/{user}/roles/{roles!["roles"]![0]!["id"]}", null);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await StopAsync();
        }

        _process?.Dispose();
        _http.Dispose();
        _directory.Dispose();
    }

    // With its length said: uWSGI takes a body in chunks for none.
    private static StringContent Json(JsonObject body) => new(body.ToJsonString(), Encoding.UTF8, "application/json");

    private static JsonObject Named(string name) => new() { ["name"] = name, ["domain"] = new JsonObject { ["id"] = "default" } };

    private static JsonObject With(JsonObject body, string name, string value)
    {
        body[name] = value;
        return body;
    }

    private async Task<JsonNode?> AdminAsync(HttpMethod method, string path, JsonObject? body)
    {
        using var request = new HttpRequestMessage(method, $"{Url}/{path}");
        request.Headers.Add("X-Auth-Token", await TokenAsync("admin", AdminPassword, "admin"));
        request.Content = body is null ? null : Json(body);
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text.Length == 0 ? null : JsonNode.Parse(text) : throw new InvalidOperationException($"Keystone answered {answer.StatusCode} to {method} {path}: {text}");
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var answer = await _http.GetAsync(new Uri(Url));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task PrepareAsync()
    {
        var directory = _directory.Path;
        await RunAsync("/bin/mkdir", "-m", "700", Path.Combine(directory, "fernet"), Path.Combine(directory, "credential"));
        await File.WriteAllTextAsync(Path.Combine(directory, "keystone.conf"), $"""
            [DEFAULT]
            log_file = {directory}/keystone.log
            public_endpoint = http://127.0.0.1:{_port}/
            [database]
            connection = sqlite:///{directory}/keystone.db
            [token]
            provider = fernet
            [fernet_tokens]
            key_repository = {directory}/fernet
            [credential]
            key_repository = {directory}/credential
            [identity]
            password_hash_algorithm = bcrypt
            password_hash_rounds = 4
            """);
        string[] owner = ["--keystone-user", Environment.UserName, "--keystone-group", Environment.UserName];
        await ManageAsync("db_sync");
        // A request of Keystone uses two connections at once, which SQLite's usual journal lets wait for each other.
        await RunAsync("/usr/bin/python3", "-c", $"import sqlite3; sqlite3.connect('{directory}/keystone.db').execute('pragma journal_mode=wal').fetchall()");
        await ManageAsync(["fernet_setup", .. owner]);
        await ManageAsync(["credential_setup", .. owner]);
        await ManageAsync(
            "bootstrap", "--bootstrap-password", AdminPassword, "--bootstrap-username", "admin", "--bootstrap-project-name", "admin", "--bootstrap-role-name", "admin",
            "--bootstrap-service-name", "keystone", "--bootstrap-region-id", "RegionOne", "--bootstrap-public-url", Url, "--bootstrap-internal-url", Url, "--bootstrap-admin-url", Url);
    }

    private Task ManageAsync(params string[] arguments) => RunAsync(Manage, ["--config-file", Path.Combine(_directory.Path, "keystone.conf"), .. arguments]);

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var child = ChildProcess.Start(program, arguments, new Dictionary<string, string?>());
        var code = await child.WaitForExitAsync(Deadline);
        if (code != 0)
        {
            throw new InvalidOperationException($"{program} {arguments.FirstOrDefault(a => !a.StartsWith('-'))} ended with {code}:{Environment.NewLine}{child.Output}");
        }
    }
}
