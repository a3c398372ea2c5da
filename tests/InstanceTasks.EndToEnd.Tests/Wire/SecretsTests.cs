using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.EndToEnd.Tests.Access;
using InstanceTasks.TestKit;
using Npgsql;

namespace InstanceTasks.EndToEnd.Tests.Wire;

/// <summary>
/// Marked passwords, user data, keys and tokens are given to a silo in every way that there is, also in calls that fail, with everything logged. Then they are looked for
/// in every file, row, log line and answer.
/// </summary>
public sealed class SecretsTests : IDisposable
{
    private const string Mark = "xMARKx";

    private readonly TempDirectory _data = new("secrets");
    private readonly Dictionary<string, string> _secrets = new() { ["the user's password"] = UsersFileSilo.Password };
    private readonly StringBuilder _answers = new();
    private Dictionary<string, string> _token = [];
    private SiloProcess _silo = null!;

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Secrets_OnSqlite_AreNowhere()
    {
        _silo = await UsersFileSilo.StartAsync(_data, "identity", Everything(new Dictionary<string, string?>()));
        await using var silo = _silo;
        await PlantAsync();
        await LookAsync([]);
    }

    [PostgresFact]
    public async Task Secrets_OnPostgres_AreNowhere()
    {
        using var postgres = new PostgresData();
        var variables = await postgres.UseForAsync(_data.Path);
        _silo = await UsersFileSilo.StartAsync(_data, "identity", Everything(variables));
        await using var silo = _silo;
        await PlantAsync();
        await LookAsync(await RowsAsync(variables["INSTANCETASKS_Storage__ConnectionString"]!));
    }

    private static Dictionary<string, string?> Everything(IReadOnlyDictionary<string, string?> variables) =>
        new(variables) { ["INSTANCETASKS_Logging__LogLevel__Default"] = "Trace", ["INSTANCETASKS_Logging__LogLevel__Microsoft.AspNetCore"] = "Debug", ["INSTANCETASKS_Logging__LogLevel__InstanceTasks"] = "Trace" };

    private string New(string what) => _secrets[what] = $"{Mark}-{Guid.NewGuid():N}";

    private async Task PlantAsync()
    {
        _token = new() { ["X-Auth-Token"] = _secrets["a token"] = await UsersFileSilo.TokenAsync(_silo, "ann", "demo") };
        var image = (await GetAsync("/v2.1/images"))["images"]![0]!["id"]!.GetValue<string>();
        var server = await ServerAsync(image);
        await DoAsync(server, $$$"""{"changePassword": {"adminPass": "{{{New("a changed password")}}}"}}""");
        await DoAsync(server, $$$"""{"rescue": {"adminPass": "{{{New("a rescue password")}}}"}}""");
        await DoAsync(server, """{"unrescue": null}""");
        await DoAsync(server, $$$"""{"rebuild": {"imageRef": "{{{image}}}", "adminPass": "{{{New("a rebuild password")}}}"}}""");
        await FailAsync(server, image);
        _secrets["a private key"] = await KeyAsync();
        await LookAroundAsync(server);
    }

    private async Task<string> ServerAsync(string image)
    {
        var body = ApiClient.CreateBody("vm", "1", image);
        (body["server"]!["adminPass"], body["server"]!["user_data"]) = (New("a first password"), Base64(New("user data")));
        var created = (await _silo.Api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, "2.57", _token)).Expect(HttpStatusCode.Accepted);
        await EndedAsync(created.Task!.Value);
        // Several at once: their secrets are the parent's first.
        (body["server"]!["min_count"], body["server"]!["name"]) = (3, "many");
        await EndedAsync((await _silo.Api.SendAsync(HttpMethod.Post, "/v2.1/servers", body, "2.57", _token)).Expect(HttpStatusCode.Accepted).Task!.Value);
        return created.Json["server"]!["id"]!.GetValue<string>();
    }

    // Refused, failed, repeated and asked with somebody else's password: what is wrong is said without the secret.
    private async Task FailAsync(string server, string image)
    {
        string[] refused =
        [
            $$$"""{"changePassword": {"adminPass": "{{{New("a password too much")}}}", "more": 1}}""",
            $$$"""{"changePassword": {"adminPass": ["{{{New("a password in a list")}}}"]}}""",
            $$$$$"""{"rescue": {"adminPass": {"a": "{{{{{New("a password in an object")}}}}}"}}}""",
            $$$"""{"rebuild": {"imageRef": "{{{image}}}", "user_data": "{{{New("user data that is no base64")}}}!"}}""",
            $$$"""{"changePassword": {"adminPass": "{{{New("a password in bad JSON")}}}"}""",
        ];
        foreach (var body in refused)
        {
            Assert.Equal(400, await RawAsync($"/v2.1/servers/{server}/action", body));
        }

        await DoAsync(server, """{"os-stop": null}""");
        await RawAsync($"/v2.1/servers/{server}/action", $$$"""{"changePassword": {"adminPass": "{{{New("a password for a server that is off")}}}"}}""");
        Assert.Equal(401, await RawAsync("/identity/v3/auth/tokens", $$$$$$$"""{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "ann", "domain": {"id": "default"}, "password": "{{{{{{{New("a wrong password")}}}}}}}"}}}}}"""));
        _token = new() { ["X-Auth-Token"] = New("a forged token") };
        Assert.Equal(401, (int)(await _silo.Api.SendAsync(HttpMethod.Get, "/v2.1/servers", headers: _token)).Status);
        _token = new() { ["X-Auth-Token"] = _secrets["a token"] };
    }

    private async Task<string> KeyAsync()
    {
        var made = (await _silo.Api.SendAsync(HttpMethod.Post, "/v2.1/os-keypairs", JsonNode.Parse("""{"keypair": {"name": "key"}}"""), headers: _token)).Expect(HttpStatusCode.OK);
        return made.Json["keypair"]!["private_key"]!.GetValue<string>().Split('\n')[3];
    }

    private async Task LookAroundAsync(string server)
    {
        foreach (var version in new[] { "2.1", "2.96" })
        {
            foreach (var path in new[] { "servers/detail", $"servers/{server}", "tasks", $"servers/{server}/tasks", $"servers/{server}/os-instance-actions", "os-keypairs" })
            {
                var shown = (await _silo.Api.SendAsync(HttpMethod.Get, $"/v2.1/{path}", null, version, _token)).Expect(HttpStatusCode.OK);
                _answers.AppendLine(shown.ToString());
            }
        }

        foreach (var task in (await GetAsync("/v2.1/tasks"))["tasks"]!.AsArray())
        {
            var id = task!["id"]!.GetValue<string>();
            _answers.AppendLine((await GetAsync($"/v2.1/tasks/{id}")).ToJsonString()).AppendLine((await GetAsync($"/v2.1/tasks/{id}/events")).ToJsonString());
        }
    }

    private async Task LookAsync(IReadOnlyList<string> rows)
    {
        // Stopped, so that all of it is written.
        await _silo.StopAsync();
        Assert.Contains("changePassword", _silo.Output + _answers, StringComparison.OrdinalIgnoreCase);
        var places = new List<(string Name, string Text)> { ("the log", _silo.Output), ("answers", _answers.ToString()) };
        places.AddRange(rows.Select((row, i) => ($"row {i}: {row[..Math.Min(80, row.Length)]}", row)));
        foreach (var file in Directory.EnumerateFiles(_data.Path, "*", SearchOption.AllDirectories))
        {
            places.Add((file, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file))));
        }

        Assert.True(places.Count > 4, "there is nothing to look through");
        var found = from secret in _secrets
                    from shape in Shapes(secret.Value)
                    from place in places
                    where place.Text.Contains(shape, StringComparison.OrdinalIgnoreCase)
                    select $"{secret.Key} is in {place.Name}: …{Around(place.Text, shape)}…";
        Assert.Empty(found.Distinct());
    }

    private static string Around(string text, string shape)
    {
        var at = text.IndexOf(shape, StringComparison.OrdinalIgnoreCase);
        return text[Math.Max(0, at - 120)..Math.Min(text.Length, at + shape.Length + 20)];
    }

    // As it is, and as it would be written by what encodes.
    private static string[] Shapes(string secret) => [secret, Base64(secret).TrimEnd('='), Convert.ToHexString(Encoding.UTF8.GetBytes(secret)), Uri.EscapeDataString(secret)];

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static async Task<IReadOnlyList<string>> RowsAsync(string connectionString)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        var tables = await ReadAsync(source, "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')");
        var rows = new List<string>();
        foreach (var table in tables)
        {
            rows.AddRange(await ReadAsync(source, $"SELECT '{table} ' || t::text FROM {table} t"));
        }

        Assert.Contains(rows, r => r.Contains("task_events", StringComparison.Ordinal));
        return rows;
    }

    private static async Task<List<string>> ReadAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<string>();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private async Task DoAsync(string server, string body)
    {
        var answer = await _silo.Api.SendAsync(HttpMethod.Post, $"/v2.1/servers/{server}/action", JsonNode.Parse(body), "2.57", _token);
        Assert.True(answer.IsSuccess, answer.ToString());
        await EndedAsync(answer.Task!.Value);
    }

    private async Task EndedAsync(Guid task) => await Eventually.TrueAsync(
        async () => (await GetAsync($"/v2.1/tasks/{task}"))["task"]!["state"]!.GetValue<string>() is "succeeded" or "failed", TimeSpan.FromSeconds(60), "the task ends");

    private async Task<JsonNode> GetAsync(string path) => (await _silo.Api.SendAsync(HttpMethod.Get, path, headers: _token)).Expect(HttpStatusCode.OK).Json;

    private async Task<int> RawAsync(string path, string body)
    {
        using var http = new HttpClient { BaseAddress = _silo.Setup.Url };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("OpenStack-API-Version", "compute 2.57");
        request.Headers.Add("X-Auth-Token", _token["X-Auth-Token"]);
        using var answer = await http.SendAsync(request);
        _answers.AppendLine($"POST {path}: {await answer.Content.ReadAsStringAsync()}");
        return (int)answer.StatusCode;
    }
}
