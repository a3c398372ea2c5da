using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>Servers, as far as tasks begin with them.</summary>
public sealed class ServerClient
{
    private readonly Transport _transport;

    internal ServerClient(Transport transport) => _transport = transport;

    /// <summary>Asks for a server.</summary>
    public async Task<CreatedServer> CreateAsync(NewServer server, CallTerms? terms = null, CancellationToken cancellationToken = default)
    {
        using var answer = await _transport.SendAsync(ApiRequest.Change(HttpMethod.Post, "servers", new { server }, terms), cancellationToken);
        var body = await answer.Content.ReadFromJsonAsync<JsonObject>(cancellationToken);
        return new((Guid)body!["server"]!["id"]!, TaskOf(answer), (string?)body["server"]!["adminPass"]);
    }

    /// <summary>Asks for its end; the task that brings it about.</summary>
    public Task<Guid> DeleteAsync(Guid server, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        AskAsync(ApiRequest.Change(HttpMethod.Delete, $"servers/{server}", null, terms), cancellationToken);

    /// <summary>Asks for an action of the compute API: <c>{"reboot": {"type": "HARD"}}</c>; the task that does it.</summary>
    public Task<Guid> ActAsync(Guid server, JsonObject action, CallTerms? terms = null, CancellationToken cancellationToken = default) =>
        AskAsync(ApiRequest.Change(HttpMethod.Post, $"servers/{server}/action", action, terms), cancellationToken);

    /// <summary>A server as the compute API shows it.</summary>
    public async Task<JsonObject> GetAsync(Guid server, CancellationToken cancellationToken = default) =>
        (await _transport.GetAsync<JsonObject>($"servers/{server}", cancellationToken))["server"]!.AsObject();

    private async Task<Guid> AskAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        using var answer = await _transport.SendAsync(request, cancellationToken);
        return TaskOf(answer);
    }

    private static Guid TaskOf(HttpResponseMessage answer) => Guid.TryParse(Problems.Header(answer, "OpenStack-Task"), out var task)
        ? task
        : throw new ApiException(ProblemKind.Other, "The answer names no task.") { Status = (int)answer.StatusCode };
}

/// <summary>A server to be made.</summary>
public sealed record NewServer
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The id of its flavor.</summary>
    [JsonPropertyName("flavorRef")]
    public required string FlavorRef { get; init; }

    /// <summary>The id of its image.</summary>
    [JsonPropertyName("imageRef")]
    public required string ImageRef { get; init; }

    /// <summary><c>auto</c> or <c>none</c>, or a list of networks. Default: <c>none</c>.</summary>
    public JsonNode Networks { get; init; } = "none";

    /// <summary>Metadata.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Tags.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>The name of a key pair.</summary>
    public string? KeyName { get; init; }

    /// <summary>Where.</summary>
    public string? AvailabilityZone { get; init; }

    /// <summary>User data in base64.</summary>
    public string? UserData { get; init; }

    /// <summary>How many at least; then <see cref="CreatedServer.Task"/> is their parent.</summary>
    public int? MinCount { get; init; }

    /// <summary>How many at most.</summary>
    public int? MaxCount { get; init; }
}

/// <summary>A server that was accepted.</summary>
/// <param name="Id">Its id; of several the first.</param>
/// <param name="Task">The task that makes it.</param>
/// <param name="AdminPassword">The password that it gets.</param>
public sealed record CreatedServer(Guid Id, Guid Task, string? AdminPassword);
