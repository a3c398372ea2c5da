using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// A data directory with two running and two stopped servers, on which every kind has been done once without a crash: copied for each
/// series of crashes, and the source of what a task of a kind commits.
/// </summary>
public sealed class PreparedDirectory : IAsyncLifetime, IDisposable
{
    /// <summary>How long each operation takes in this world, so that a hundred crashes do not wait for it.</summary>
    public static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(10);

    private readonly TempDirectory _data = new("prepared");
    private readonly Dictionary<string, TaskId> _samples = [];

    /// <summary>The directory; nothing uses it.</summary>
    public string Path => _data.Path;

    public async Task InitializeAsync()
    {
        await using var silo = await SiloProcess.StartAsync(new SiloSetup { DataDirectory = Path });
        new WorldControl(Path).SetLatency(null, Brief);
        var servers = new List<Guid>();
        for (var n = 0; n < 4; n++)
        {
            servers.Add(await silo.Api.CreateAndWaitAsync($"prepared-{n}"));
        }

        await SampleAsync(silo.Api);
        foreach (var server in servers.Take(2))
        {
            await silo.Api.SucceedAsync(await ServerRequests.SendAsync(silo.Api, "stop", server));
        }

        var code = await silo.StopAsync();
        Assert.True(code == 0, $"exit code {code}: {silo.Output}");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _data.Dispose();

    /// <summary>How many commits a task of the kind makes between its accept and its settle.</summary>
    public int StepCommits(string kind)
    {
        var rows = new StoreReader(Path).ReadEvents(_samples[kind]);
        return rows.Count(r => !r.Any(e => e is TaskAccepted or TaskClaimed or TaskEnded));
    }

    private async Task SampleAsync(ApiClient api)
    {
        var made = await ServerRequests.CreateAsync(api, "sample");
        var server = ServerRequests.ServerOf(made);
        await KeepAsync(api, "create", made);
        foreach (var kind in new[] { "lock", "unlock", "reboot", "hard-reboot", "pause", "unpause", "suspend", "resume", "rescue", "unrescue", "change-password", "create-image", "rebuild", "shelve", "shelve-offload", "unshelve", "shelve-and-offload", "unshelve", "resize", "revert-resize", "resize", "confirm-resize", "stop", "start", "force-stop", "delete" })
        {
            await KeepAsync(api, kind, await ServerRequests.SendAsync(api, kind, server));
        }
    }

    private async Task KeepAsync(ApiClient api, string kind, ApiAnswer answer)
    {
        await api.SucceedAsync(answer);
        _samples[kind] = new TaskId(answer.Task!.Value);
    }
}

/// <summary>The request that asks for a task of a kind.</summary>
internal static class ServerRequests
{
    public static async Task<ApiAnswer> CreateAsync(ApiClient api, string name) => await api.CreateServerAsync(name, "1", await api.ReadImageAsync());

    public static Guid ServerOf(ApiAnswer created) => Guid.Parse(created.Expect(HttpStatusCode.Accepted).Json["server"]!["id"]!.GetValue<string>());

    public static Task<ApiAnswer> SendAsync(ApiClient api, string kind, Guid server) => kind switch
    {
        "delete" => api.DeleteServerAsync(server),
        "reboot" => api.ActionAsync(server, new JsonObject { ["reboot"] = new JsonObject { ["type"] = "SOFT" } }),
        "hard-reboot" => api.ActionAsync(server, new JsonObject { ["reboot"] = new JsonObject { ["type"] = "HARD" } }),
        "stop" => api.ActionAsync(server, new JsonObject { ["os-stop"] = null }),
        "start" => api.ActionAsync(server, new JsonObject { ["os-start"] = null }),
        "lock" or "unlock" or "pause" or "unpause" or "suspend" or "resume" or "rescue" or "unrescue" => api.ActionAsync(server, new JsonObject { [kind] = null }),
        "create-image" => api.ActionAsync(server, new JsonObject { ["createImage"] = new JsonObject { ["name"] = "saved" } }),
        "rebuild" => RebuildAsync(api, server),
        "change-password" => api.ActionAsync(server, new JsonObject { ["changePassword"] = new JsonObject { ["adminPass"] = "a-new-one" } }),
        "unshelve" => api.ActionAsync(server, new JsonObject { [kind] = null }),
        "force-stop" or "shelve" or "shelve-and-offload" or "shelve-offload" => api.SendAsync(HttpMethod.Post, $"/v2.1/servers/{server}/tasks", new JsonObject { ["task"] = new JsonObject { ["kind"] = kind } }),
        "resize" => ResizeAsync(api, server),
        "confirm-resize" => api.ActionAsync(server, new JsonObject { ["confirmResize"] = null }),
        "revert-resize" => api.ActionAsync(server, new JsonObject { ["revertResize"] = null }),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of request."),
    };

    /// <summary>The vm_state in which the crash series ask for a task of a kind; for the end of a resize the one before that, by which its steps go.</summary>
    public static VmState StartOf(string kind) => kind switch
    {
        "start" => VmState.Stopped,
        "unpause" => VmState.Paused,
        "resume" => VmState.Suspended,
        "unrescue" => VmState.Rescued,
        "shelve-offload" => VmState.Shelved,
        "unshelve" => VmState.ShelvedOffloaded,
        _ => VmState.Active,
    };

    private static async Task<ApiAnswer> RebuildAsync(ApiClient api, Guid server) =>
        await api.ActionAsync(server, new JsonObject { ["rebuild"] = new JsonObject { ["imageRef"] = await api.ReadImageAsync() } });

    /// <summary>To the other of the two smallest flavors.</summary>
    private static async Task<ApiAnswer> ResizeAsync(ApiClient api, Guid server)
    {
        var flavor = (await api.GetServerAsync(server))["flavor"]!["id"]!.GetValue<string>();
        return await api.ActionAsync(server, new JsonObject { ["resize"] = new JsonObject { ["flavorRef"] = flavor == "1" ? "2" : "1" } });
    }

    /// <summary>The request, or null when the process died before it answered.</summary>
    public static async Task<ApiAnswer?> TryAsync(Func<Task<ApiAnswer>> send)
    {
        try
        {
            return await send();
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
