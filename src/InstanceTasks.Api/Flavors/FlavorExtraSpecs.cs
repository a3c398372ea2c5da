using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary><c>/flavors/{id}/os-extra_specs</c> (nova-api §6.1).</summary>
internal sealed class FlavorExtraSpecs(ICatalog catalog, VisibleFlavors flavors) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "flavors/{flavor}/os-extra_specs", ListAsync),
        new("POST", "flavors/{flavor}/os-extra_specs", CreateAsync) { RecordsKey = true },
        new("GET", "flavors/{flavor}/os-extra_specs/{key}", ShowAsync),
        new("PUT", "flavors/{flavor}/os-extra_specs/{key}", UpdateAsync) { RecordsKey = true },
        new("DELETE", "flavors/{flavor}/os-extra_specs/{key}", DeleteAsync) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call)
    {
        var flavor = await flavors.NeedAsync(call);
        return ApiAnswer.Ok(new JsonObject { ["extra_specs"] = ServerBody.MapOf(flavor.ExtraSpecs) });
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call)
    {
        var flavor = await flavors.NeedAsync(call);
        var key = call.Value("key");
        return flavor.ExtraSpecs.TryGetValue(key, out var value) ? ApiAnswer.Ok(new JsonObject { [key] = value }) : throw NoKey(flavor, key);
    }

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var body = (await call.BodyAsync()).Only("extra_specs");
        _ = body.Need("extra_specs");
        var specs = body.Map("extra_specs", TextOf)!;
        await ChangeAsync(await flavors.NeedAsync(call), map => Merge(map, specs), call.Aborted);
        return ApiAnswer.Ok(new JsonObject { ["extra_specs"] = ServerBody.MapOf(specs) });
    }

    private async Task<ApiAnswer> UpdateAsync(ApiCall call)
    {
        var body = await call.BodyAsync();
        var key = call.Value("key");
        var properties = body.Properties.ToList();
        if (properties.Count != 1 || properties[0].Name != key)
        {
            throw ApiFault.BadRequest("Request body and URI mismatch");
        }

        if (Lexical.MetadataKey(key) is { } problem)
        {
            throw JsonInput.Invalid(key, properties[0].Value, problem);
        }

        var text = TextOf(properties[0].Value) ?? throw JsonInput.Invalid(key, properties[0].Value, "It is not of type 'string'");
        if (Lexical.UpTo255(text) is { } tooLong)
        {
            throw JsonInput.Invalid(key, properties[0].Value, tooLong);
        }

        await ChangeAsync(await flavors.NeedAsync(call), map => map[key] = text, call.Aborted);
        return ApiAnswer.Ok(new JsonObject { [key] = text });
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var flavor = await flavors.NeedAsync(call);
        var key = call.Value("key");
        if (!flavor.ExtraSpecs.ContainsKey(key))
        {
            throw NoKey(flavor, key);
        }

        await ChangeAsync(flavor, map => map.Remove(key), call.Aborted);
        return new ApiAnswer(200);
    }

    private async Task ChangeAsync(Flavor flavor, Action<Dictionary<string, string>> change, CancellationToken cancellationToken)
    {
        var specs = new Dictionary<string, string>(flavor.ExtraSpecs, StringComparer.Ordinal);
        change(specs);
        if (!await catalog.UpdateFlavorAsync(flavor with { ExtraSpecs = specs }, cancellationToken))
        {
            throw VisibleFlavors.Unknown(flavor.Id);
        }
    }

    private static void Merge(Dictionary<string, string> map, Dictionary<string, string> added)
    {
        foreach (var (key, value) in added)
        {
            map[key] = value;
        }
    }

    /// <summary>Texts, and numbers as texts.</summary>
    private static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static ApiFault NoKey(Flavor flavor, string key) => ApiFault.NotFound($"Flavor {flavor.Id} has no extra specs with key {key}.");
}
