using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.KeyPairs;

/// <summary><c>/os-keypairs</c> (nova-api §6.2). A key pair belongs to a user; from 2.10 on administrators may name another.</summary>
internal sealed class KeyPairResource(ICatalog catalog, TimeProvider time, IOptions<ApiOptions> options) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "os-keypairs", ListAsync),
        new("POST", "os-keypairs", CreateAsync) { RecordsKey = true },
        new("GET", "os-keypairs/{name}", ShowAsync),
        new("DELETE", "os-keypairs/{name}", DeleteAsync) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        CheckQuery(call, call.AtLeast(35) ? ["limit", "marker"] : []);
        IReadOnlyList<KeyPair> pairs = [.. (await catalog.ListKeyPairsAsync(UserOf(call), call.Aborted)).OrderBy(p => p.Name, StringComparer.Ordinal)];
        var limit = QueryInput.MaxLimit;
        if (call.AtLeast(35))
        {
            limit = call.Query.Limit();
            pairs = [.. After(call, pairs).Take(limit)];
        }

        var body = new JsonObject { ["keypairs"] = new JsonArray([.. pairs.Select(p => new JsonObject { ["keypair"] = Element(call, p) })]) };
        if (call.AtLeast(35))
        {
            Paging.AddNext(body, "keypairs_links", call, pairs.Count, limit, pairs.Count == 0 ? "" : pairs[^1].Name);
        }

        return ApiAnswer.Ok(body);
    }

    private static IEnumerable<KeyPair> After(ApiCall call, IReadOnlyList<KeyPair> pairs)
    {
        if (call.Query.Text("marker") is not { } marker)
        {
            return pairs;
        }

        var index = pairs.ToList().FindIndex(p => p.Name == marker);
        return index >= 0 ? pairs.Skip(index + 1) : throw ApiFault.BadRequest($"marker [{marker}] not found");
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        CheckQuery(call, []);
        var pair = await catalog.GetKeyPairAsync(UserOf(call), call.Value("name"), call.Aborted) ?? throw Unknown(call);
        var body = Element(call, pair);
        body["id"] = 1;
        body["user_id"] = pair.User.Value;
        body["created_at"] = WireTime.Micros(pair.CreatedAt);
        body["updated_at"] = null;
        body["deleted"] = false;
        body["deleted_at"] = null;
        return ApiAnswer.Ok(new JsonObject { ["keypair"] = body });
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        CheckQuery(call, []);
        return await catalog.DeleteKeyPairAsync(UserOf(call), call.Value("name"), call.Aborted)
            ? new ApiAnswer(call.AtLeast(2) ? 204 : 202)
            : throw Unknown(call);
    }

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var (pair, privateKey) = Parse(call, await call.BodyAsync());
        if ((await catalog.ListKeyPairsAsync(pair.User, call.Aborted)).Count >= options.Value.MaxKeyPairs)
        {
            throw new ApiFault(403, "Quota exceeded, too many key pairs.");
        }

        if (!await catalog.AddKeyPairAsync(pair, call.Aborted))
        {
            throw ApiFault.Conflict($"Key pair '{pair.Name}' already exists.");
        }

        var body = Element(call, pair);
        body["user_id"] = pair.User.Value;
        if (privateKey is not null)
        {
            body["private_key"] = privateKey;
        }

        return new(call.AtLeast(2) ? 201 : 200, new JsonObject { ["keypair"] = body });
    }

    private (KeyPair Pair, string? PrivateKey) Parse(ApiCall call, JsonInput body)
    {
        string[] since2 = call.AtLeast(2) ? ["type"] : [];
        string[] since10 = call.AtLeast(10) ? ["user_id"] : [];
        var input = body.Only("keypair").Object("keypair").Only(["name", "public_key", .. since2, .. since10]);
        var name = input.NeedText("name", Lexical.Name);
        if (input.Text("type", t => t is "ssh" or "x509" ? null : "is not one of ['ssh', 'x509']") == "x509")
        {
            throw ApiFault.Unsupported("A key pair of type x509");
        }

        var user = input.Text("user_id", Lexical.NonEmpty) is { } other ? Checked(call, new UserId(other)) : call.Caller.User;
        var (publicKey, privateKey) = Keys(call, input);
        var fingerprint = SshKeys.FingerprintOf(publicKey) ?? throw ApiFault.BadRequest("Keypair data is invalid: failed to generate fingerprint");
        return (new(user, name, publicKey, fingerprint, "ssh", time.GetUtcNow()), privateKey);
    }

    private static (string PublicKey, string? PrivateKey) Keys(ApiCall call, JsonInput input)
    {
        if (call.AtLeast(92))
        {
            return (input.NeedText("public_key", Lexical.Any), null);
        }

        if (input.Text("public_key", Lexical.Any) is { } given)
        {
            return (given, null);
        }

        var (privateKey, publicKey) = SshKeys.Generate();
        return (publicKey, privateKey);
    }

    private static UserId UserOf(ApiCall call) =>
        call.AtLeast(10) && call.Query.Text("user_id") is { } other ? Checked(call, new(other)) : call.Caller.User;

    private static UserId Checked(ApiCall call, UserId user)
    {
        call.NeedUser(user);
        return user;
    }

    private static void CheckQuery(ApiCall call, string[] more)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only(["user_id", .. more]);
        }
    }

    private static JsonObject Element(ApiCall call, KeyPair pair)
    {
        var body = new JsonObject { ["name"] = pair.Name, ["public_key"] = pair.PublicKey, ["fingerprint"] = pair.Fingerprint };
        if (call.AtLeast(2))
        {
            body["type"] = pair.Type;
        }

        return body;
    }

    private static ApiFault Unknown(ApiCall call) => ApiFault.NotFound($"Keypair {call.Value("name")} not found for user {UserOf(call)}");
}
