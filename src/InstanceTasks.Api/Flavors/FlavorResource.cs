using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary><c>/flavors</c> (nova-api §6.1).</summary>
internal sealed class FlavorResource(ICatalog catalog, VisibleFlavors flavors) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "flavors", call => ListAsync(call, FlavorBody.Brief)),
        new("GET", "flavors/detail", call => ListAsync(call, FlavorBody.Full)),
        new("GET", "flavors/{flavor}", ShowAsync),
        new("POST", "flavors", CreateAsync) { RecordsKey = true },
        new("PUT", "flavors/{flavor}", UpdateAsync, From: 55) { RecordsKey = true },
        new("DELETE", "flavors/{flavor}", DeleteAsync) { RecordsKey = true },
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call, Func<ApiCall, Flavor, JsonObject> shape)
    {
        var found = FlavorQuery.Apply(call, await flavors.ListAsync(call));
        var body = new JsonObject { ["flavors"] = new JsonArray([.. found.Select(f => shape(call, f))]) };
        Paging.AddNext(body, "flavors_links", call, found.Count, call.Query.Limit(), found.Count == 0 ? "" : found[^1].Id);
        return ApiAnswer.Ok(body);
    }

    private async Task<ApiAnswer> ShowAsync(ApiCall call) => Answer(call, await flavors.NeedAsync(call));

    private static ApiAnswer Answer(ApiCall call, Flavor flavor) => ApiAnswer.Ok(new JsonObject { ["flavor"] = FlavorBody.Full(call, flavor) });

    private async Task<ApiAnswer> CreateAsync(ApiCall call)
    {
        var flavor = Parse(call.Version, await call.BodyAsync());
        if (!await catalog.AddFlavorAsync(flavor, call.Aborted))
        {
            throw ApiFault.Conflict($"Flavor with name {flavor.Name} or ID {flavor.Id} already exists.");
        }

        return Answer(call, flavor);
    }

    private static Flavor Parse(ApiVersion version, JsonInput body)
    {
        string[] since55 = version.AtLeast(55) ? ["description"] : [];
        var input = body.Only("flavor").Object("flavor").Only(
            ["name", "ram", "vcpus", "disk", "id", "OS-FLV-EXT-DATA:ephemeral", "swap", "rxtx_factor", "os-flavor-access:is_public", .. since55]);
        return new()
        {
            Name = input.NeedText("name", Lexical.Name),
            RamMb = input.NeedInt("ram", 1),
            Vcpus = input.NeedInt("vcpus", 1),
            DiskGb = input.NeedInt("disk", 0),
            Id = IdOf(input),
            EphemeralGb = input.Int("OS-FLV-EXT-DATA:ephemeral", 0) ?? 0,
            SwapMb = input.Int("swap", 0) ?? 0,
            RxtxFactor = Rxtx(input),
            IsPublic = input.Bool("os-flavor-access:is_public") ?? true,
            Description = input.NullableText("description", Lexical.Description),
        };
    }

    /// <summary>A text or number; null, <c>auto</c> and nothing mean a new uuid.</summary>
    private static string IdOf(JsonInput input)
    {
        if (!input.TryGet("id", out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return Guid.NewGuid().ToString();
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => throw input.Fault("id", value, "It is not of type 'string', 'number', 'null'"),
        };
        return text == "auto" ? Guid.NewGuid().ToString()
            : Lexical.FlavorId(text) is { } problem ? throw input.Fault("id", value, $"It {problem}")
            : text;
    }

    private static double Rxtx(JsonInput input)
    {
        if (!input.TryGet("rxtx_factor", out var value))
        {
            return 1.0;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var factor) && factor > 0 && double.IsFinite(factor)
            ? factor
            : throw input.Fault("rxtx_factor", value, "It is not a number above 0");
    }

    private async Task<ApiAnswer> UpdateAsync(ApiCall call)
    {
        var input = (await call.BodyAsync()).Only("flavor").Object("flavor").Only("description");
        _ = input.Need("description");
        var flavor = await flavors.NeedAsync(call) with { Description = input.NullableText("description", Lexical.Description) };
        return await catalog.UpdateFlavorAsync(flavor, call.Aborted) ? Answer(call, flavor) : throw VisibleFlavors.Unknown(flavor.Id);
    }

    private async Task<ApiAnswer> DeleteAsync(ApiCall call)
    {
        var id = call.Value("flavor");
        if (await catalog.GetFlavorAsync(id, call.Aborted) is null)
        {
            throw VisibleFlavors.Unknown(id);
        }

        // First, and whoever leaves meanwhile: a flavor of the same id that comes later is not for these projects.
        await flavors.ForgetAsync(id, CancellationToken.None);
        return await catalog.DeleteFlavorAsync(id, call.Aborted) ? new ApiAnswer(202) : throw VisibleFlavors.Unknown(id);
    }
}
