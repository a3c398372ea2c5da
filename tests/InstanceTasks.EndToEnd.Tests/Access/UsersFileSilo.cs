using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests.Access;

/// <summary>A silo with a users file, made with the silo's own command: ann and rob of demo (member and reader), eve of elsewhere, root.</summary>
internal static class UsersFileSilo
{
    public const string Password = "open sesame: with a colon";

    public static async Task<SiloProcess> StartAsync(TempDirectory data, string mode, IReadOnlyDictionary<string, string?>? more = null)
    {
        var users = data.Combine("users");
        foreach (var (user, project, role) in new[] { ("ann", "demo", "member"), ("rob", "demo", "reader"), ("eve", "elsewhere", "member"), ("root", "admin", "admin") })
        {
            using var command = ChildProcess.Start("/bin/sh", ["-c", "printf '%s\\n' \"$PASSWORD\" | dotnet \"$@\" >> \"$FILE\"", "sh", RepoRoot.SiloAssembly, "hash-password", "--user", user, "--project", project, "--roles", role],
                new Dictionary<string, string?> { ["PASSWORD"] = Password, ["FILE"] = users });
            Assert.True(await command.WaitForExitAsync(TimeSpan.FromSeconds(60)) == 0, command.Output);
        }

        return await SiloProcess.StartAsync(new()
        {
            DataDirectory = data.Path, Environment = new Dictionary<string, string?>(more ?? new Dictionary<string, string?>()) { ["INSTANCETASKS_Api__Auth"] = mode, ["INSTANCETASKS_Api__UsersFile"] = "users" },
        });
    }

    /// <summary>What a client that asks the silo itself for tokens is told.</summary>
    public static Dictionary<string, string> V3Password(SiloProcess silo, string user, string project, string password = Password) => new()
    {
        ["OS_AUTH_TYPE"] = "v3password", ["OS_AUTH_URL"] = new Uri(silo.Setup.Url, "/identity/v3").ToString(), ["OS_USERNAME"] = user, ["OS_PASSWORD"] = password,
        ["OS_PROJECT_NAME"] = project, ["OS_USER_DOMAIN_ID"] = "default", ["OS_PROJECT_DOMAIN_NAME"] = "Default", ["OS_IDENTITY_API_VERSION"] = "3",
    };

    public static async Task<string> TokenAsync(SiloProcess silo, string user, string project)
    {
        var body = new JsonObject
        {
            ["auth"] = new JsonObject
            {
                ["identity"] = new JsonObject
                {
                    ["methods"] = new JsonArray("password"),
                    ["password"] = new JsonObject { ["user"] = new JsonObject { ["name"] = user, ["password"] = Password, ["domain"] = new JsonObject { ["id"] = "default" } } },
                },
                ["scope"] = new JsonObject { ["project"] = new JsonObject { ["name"] = project, ["domain"] = new JsonObject { ["id"] = "default" } } },
            },
        };
        var answer = (await silo.Api.SendAsync(HttpMethod.Post, "/identity/v3/auth/tokens", body)).Expect(HttpStatusCode.Created);
        return answer.Header("x-subject-token")!;
    }
}
