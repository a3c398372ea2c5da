using InstanceTasks.Api.Flavors;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary>The body of <c>resize</c> (nova-api §3.2).</summary>
internal sealed class ResizeParser(VisibleFlavors flavors)
{
    /// <summary>Reads it. Whether the flavor is another than the server's is the engine's to say.</summary>
    public async Task<ParsedAction> ParseAsync(ApiCall call, JsonInput body)
    {
        var input = body.Object("resize").Only("flavorRef", "OS-DCF:diskConfig");
        var id = CreateServerSchema.FlavorRef(input);
        var change = new InstanceChange { DiskConfig = input.Text("OS-DCF:diskConfig", Lexical.DiskConfig) };
        return await flavors.FindAsync(call, id) is { } flavor
            ? new(TaskKinds.Resize) { Change = change with { Flavor = flavor.ToSnapshot() } }
            : throw ApiFault.BadRequest($"Flavor {id} could not be found.");
    }
}
