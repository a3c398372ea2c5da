using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

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

/// <summary>
/// <c>Idempotency-Key</c> (design §4.6): the same key and request give the same answer for 24 hours. A call that makes a task records its key
/// in the accept's commit; a call that makes none records it in a commit of its own, after its effect.
/// </summary>
internal sealed partial class IdempotencyKeys(IJournal journal, IQueries queries, UserData userData, ISecretProtector secrets, ILogger<IdempotencyKeys> log)
{
    private const string Header = "Idempotency-Key";
    private const string PrivateKey = "private_key";
    private static readonly TaskKind NoTask = new("none");

    /// <summary>The call with its key, or the stored answer; both null when no key was sent. The body must have been read.</summary>
    public async Task<(KeyedCall? Keyed, ApiAnswer? Replay)> LookAsync(ApiCall call)
    {
        if (call.IsDryRun || !call.Http.Request.Headers.TryGetValue(Header, out var values))
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
        return stored is null ? (keyed, null) : Same(stored, keyed) ? (null, await ReplayAsync(call, stored.Answer)) : throw Reused();
    }

    /// <summary>
    /// Runs a call that makes no task, once per key. Of two in flight the row decides: the loser answers from it, also when its own effect
    /// was refused because the winner's was there. A process that dies between effect and row leaves a repeat to be decided anew.
    /// </summary>
    public async Task<ApiAnswer> OnceAsync(ApiCall call, Func<Task<ApiAnswer>> run)
    {
        var (keyed, replay) = await LookAsync(call);
        if (keyed is null)
        {
            return replay ?? await run();
        }

        try
        {
            return await RecordAsync(call, keyed, await run());
        }
        catch (ApiFault fault) when (fault.Status is 404 or 409)
        {
            if ((await LookAsync(call)).Replay is { } winner)
            {
                return winner;
            }

            throw;
        }
    }

    /// <summary>Records the answer of a call that made no task; the stored one instead, when somebody else was first.</summary>
    public async Task<ApiAnswer> RecordAsync(ApiCall call, KeyedCall keyed, ApiAnswer answer)
    {
        var (body, sealedKeys) = WithoutSecrets(answer.Body, IdOf(call, keyed));
        var claim = keyed.Claim(call.Caller, default, answer.Status, body, null);
        claim = claim with { Answer = claim.Answer with { Headers = answer.Headers } };
        try
        {
            // The effect is there: the client going away must not lose the row.
            var result = await journal.CommitAsync(new() { Name = "key", Kind = NoTask, Idempotency = claim, Secrets = sealedKeys }, CancellationToken.None);
            return result.Stored is not { } stored ? answer : Same(stored, keyed) ? await ReplayAsync(call, stored.Answer) : throw Reused();
        }
        catch (Exception exception) when (exception is CommitOutcomeUnknownException or CommitFailedException)
        {
            LogNotRecorded(log, exception, call.Request);
            return answer;
        }
    }

    /// <summary>An id that is the same for every repeat of the call, and for nobody else's: of a command, so that a repeat is recognised.</summary>
    public Guid IdOf(ApiCall call, KeyedCall keyed) =>
        new(secrets.Hash([.. Encoding.UTF8.GetBytes($"{call.Caller.Project}\n{call.Caller.User}\n{keyed.Key}\n"), .. keyed.Hash]).AsSpan(0, 16));

    private (JsonNode? Body, IReadOnlyList<SecretWrite> Secrets) WithoutSecrets(JsonNode? body, Guid owner)
    {
        if (body?["keypair"]?[PrivateKey] is not JsonValue value)
        {
            return (body, []);
        }

        var copy = body.DeepClone();
        copy["keypair"]!.AsObject().Remove(PrivateKey);
        return (copy, [new(owner, PrivateKey, secrets.Protect(owner, PrivateKey, value.GetValue<string>()), DiesWithInstance: false)]);
    }

    private static bool Same(StoredIdempotency stored, KeyedCall keyed) => CryptographicOperations.FixedTimeEquals(stored.BodyHash, keyed.Hash);

    private static ApiFault Reused() => new(422, "The Idempotency-Key was used before with another request.");

    /// <summary>The stored answer again, with the password while that is still kept.</summary>
    public async Task<ApiAnswer> ReplayAsync(ApiCall call, StoredAnswer stored)
    {
        var body = stored.Body is null ? null : JsonNode.Parse(stored.Body);
        await AddPasswordAsync(body, stored.Task, call.Aborted);
        await AddUserDataAsync(body, call.Aborted);

        if (body?["keypair"] is JsonObject pair && await SecretAsync(IdOf(call, new(call.Header(Header)!, HashOf(call))), PrivateKey, call.Aborted) is { } key)
        {
            pair[PrivateKey] = key;
        }

        var answer = new ApiAnswer(stored.Status, body) { Headers = new(stored.Headers) };
        return stored.Task == default ? answer : answer.WithTask(call.Links, stored.Task);
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
        if (await SecretAsync(task.Value, SecretNames.AdminPassword, cancellationToken) is { } password)
        {
            place["adminPass"] = password;
        }
    }

    /// <summary>Into the server of a rebuild, as it is now.</summary>
    private async Task AddUserDataAsync(JsonNode? body, CancellationToken cancellationToken)
    {
        if (body?["server"] is JsonObject server && server.ContainsKey("user_data") && InstanceId.TryParse((string?)server["id"], out var id))
        {
            server["user_data"] = await queries.GetServerAsync(id, cancellationToken) is { } view ? await userData.ReadAsync(view.Instance, cancellationToken) : null;
        }
    }

    private async Task<string?> SecretAsync(Guid owner, string name, CancellationToken cancellationToken) =>
        await queries.ReadSecretAsync(owner, name, cancellationToken) is { } ciphertext ? secrets.Unprotect(owner, name, ciphertext) : null;

    // What the query says is part of the request where there is one: a key pair's user.
    private byte[] HashOf(ApiCall call) =>
        secrets.Hash([.. Encoding.UTF8.GetBytes($"{call.Http.Request.Method} {call.Http.Request.Path}{call.Http.Request.QueryString}\n"), .. call.RawBody.Span]);

    [LoggerMessage(30, LogLevel.Warning, "The idempotency key of request {Request} could not be recorded; a repeat is decided anew")]
    private static partial void LogNotRecorded(ILogger logger, Exception exception, RequestId request);
}
