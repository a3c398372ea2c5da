using System.Net.Http.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Client.Wire;

namespace InstanceTasks.Client;

/// <summary>
/// A client of the Tasks API, and of as much of the compute API as tasks need. Every call that changes something carries an <c>Idempotency-Key</c>, so that it
/// can be repeated by itself when its answer is lost. Thread-safe.
/// </summary>
public sealed class ComputeClient : IDisposable
{
    private readonly Transport _transport;

    /// <summary>Creates a client; nothing is sent before the first call.</summary>
    public ComputeClient(ClientSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.Endpoint is null && settings.Auth is not PasswordAuth)
        {
            throw new ArgumentException("Set Endpoint: only a password comes with a catalogue that has it.", nameof(settings));
        }

        _transport = new(settings);
        Tasks = new(_transport);
        Servers = new(_transport);
    }

    /// <summary>A client of a service that asks nobody who he is.</summary>
    public ComputeClient(Uri endpoint)
        : this(new ClientSettings { Endpoint = endpoint })
    {
    }

    /// <summary>Tasks: list, look, wait, command, follow.</summary>
    public TaskClient Tasks { get; }

    /// <summary>Servers, as far as tasks begin with them.</summary>
    public ServerClient Servers { get; }

    /// <summary>A GET of anything else below the version: <c>os-hypervisors/detail</c>.</summary>
    public Task<JsonObject> GetAsync(string path, CancellationToken cancellationToken = default) => _transport.GetAsync<JsonObject>(path, cancellationToken);

    /// <summary>Any other call that changes something; the body of its answer, empty when it has none.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonObject? body = null, CallTerms? terms = null, CancellationToken cancellationToken = default)
    {
        using var answer = await _transport.SendAsync(ApiRequest.Change(method, path, body, terms), cancellationToken);
        return answer.Content.Headers.ContentLength is > 0 ? await answer.Content.ReadFromJsonAsync<JsonObject>(cancellationToken) ?? [] : [];
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();
}
