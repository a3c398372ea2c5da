using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary>The body of <c>resize</c> (nova-api §3.2).</summary>
internal sealed class ResizeParser(ICatalog catalog)
{
    /// <summary>Reads it. Whether the flavor is another than the server's is the engine's to say.</summary>
    public async Task<ParsedAction> ParseAsync(ApiCall call, JsonInput body)
    {
        var input = body.Object("resize").Only("flavorRef", "OS-DCF:diskConfig");
        var id = CreateServerSchema.FlavorRef(input);
        var change = new InstanceChange { DiskConfig = input.Text("OS-DCF:diskConfig", Lexical.DiskConfig) };
        var flavor = await catalog.GetFlavorAsync(id, call.Aborted);
        return flavor is not null && (flavor.IsPublic || call.IsAdmin)
            ? new(TaskKinds.Resize) { Change = change with { Flavor = flavor.ToSnapshot() } }
            : throw ApiFault.BadRequest($"Flavor {id} could not be found.");
    }
}
