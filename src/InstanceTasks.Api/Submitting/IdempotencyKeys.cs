using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Submitting;

/// <summary>A call with an idempotency key that has not been used before.</summary>
internal sealed record KeyedCall(string Key, byte[] Hash)
{
    public IdempotencyClaim Claim(Caller caller, TaskId task, int status, JsonNode? body, string? location) => new()
    {
        Project = caller.Project,
        User = caller.User,
        Key = Key,
        BodyHash = Hash,
        Answer = new()
        {
            Status = status,
            Body = body is null ? null : ApiAnswer.ToText(body),
            Task = task,
            Headers = location is null ? [] : new() { ["Location"] = location },
        },
    };
}

/// <summary><c>Idempotency-Key</c> (design §4.6): the same key and request give the same answer for 24 hours.</summary>
internal sealed class IdempotencyKeys(IJournal journal, IQueries queries, ISecretProtector secrets)
{
    /// <summary>The call with its key, or the stored answer; both null when no key was sent. The body must have been read.</summary>
    public async Task<(KeyedCall? Keyed, ApiAnswer? Replay)> LookAsync(ApiCall call)
    {
        if (!call.Http.Request.Headers.TryGetValue("Idempotency-Key", out var values))
        {
            return (null, null);
        }

        var key = values.ToString();
        if (key.Length is 0 or > 255)
        {
            throw ApiFault.BadRequest("Idempotency-Key must have 1 to 255 characters.");
        }

        var keyed = new KeyedCall(key, HashOf(call));
        var stored = await journal.ReadIdempotencyAsync(call.Caller.Project, call.Caller.User, key, call.Aborted);
        return stored is null ? (keyed, null)
            : CryptographicOperations.FixedTimeEquals(stored.BodyHash, keyed.Hash) ? (null, await ReplayAsync(call, stored.Answer))
            : throw new ApiFault(422, "The Idempotency-Key was used before with another request.");
    }

    /// <summary>The stored answer again, with the password while that is still kept.</summary>
    public async Task<ApiAnswer> ReplayAsync(ApiCall call, StoredAnswer stored)
    {
        var body = stored.Body is null ? null : JsonNode.Parse(stored.Body);
        await AddPasswordAsync(body, stored.Task, call.Aborted);

        var answer = new ApiAnswer(stored.Status, body) { Headers = new(stored.Headers) };
        return answer.WithTask(call.Links, stored.Task);
    }

    /// <summary>Into the server of a create, or in the place that a rescue has for it; left out when it is not kept any more.</summary>
    private async Task AddPasswordAsync(JsonNode? body, TaskId task, CancellationToken cancellationToken)
    {
        var place = body?["server"] as JsonObject ?? (body is JsonObject whole && whole.ContainsKey("adminPass") ? whole : null);
        if (place is null)
        {
            return;
        }

        place.Remove("adminPass");
        if (await PasswordAsync(task, cancellationToken) is { } password)
        {
            place["adminPass"] = password;
        }
    }

    private async Task<string?> PasswordAsync(TaskId task, CancellationToken cancellationToken) =>
        await queries.ReadSecretAsync(task.Value, SecretNames.AdminPassword, cancellationToken) is { } ciphertext
            ? secrets.Unprotect(task.Value, SecretNames.AdminPassword, ciphertext)
            : null;

    private byte[] HashOf(ApiCall call) =>
        secrets.Hash([.. Encoding.UTF8.GetBytes($"{call.Http.Request.Method} {call.Http.Request.Path}\n"), .. call.RawBody.Span]);
}
