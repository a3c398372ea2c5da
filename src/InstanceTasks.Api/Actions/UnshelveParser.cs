using System.Text.Json;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary>The body of <c>unshelve</c> (nova-api §3.3): null; since 2.77 a zone; since 2.91 no zone any more, or a host.</summary>
internal sealed class UnshelveParser(ServerReader reader, IQueries queries)
{
    private const string Name = "unshelve";

    public async Task<ParsedAction> ParseAsync(ApiCall call, JsonInput body)
    {
        if (!call.AtLeast(77) || body.Need(Name).ValueKind == JsonValueKind.Null)
        {
            return ActionParsers.OnlyNull(body, Name, TaskKinds.Unshelve);
        }

        string[] allowed = call.AtLeast(91) ? ["availability_zone", "host"] : ["availability_zone"];
        var input = body.Object(Name).Only(allowed);
        var action = WithHost(call, input, WithZone(call, input, new(TaskKinds.Unshelve)));
        if (input.Properties.Any())
        {
            await CheckAsync(call, action);
        }

        return action;
    }

    private static ParsedAction WithZone(ApiCall call, JsonInput input, ParsedAction action)
    {
        if (call.AtLeast(91) && !input.Has("availability_zone"))
        {
            return action;
        }

        var zone = call.AtLeast(91) ? input.NullableText("availability_zone", Lexical.NonEmpty) : input.NeedText("availability_zone", Lexical.NonEmpty);
        var pinned = action with { Change = new() { SetPinnedZone = true, PinnedZone = zone } };
        return zone is null ? pinned : pinned with { Parameters = new(action.Parameters) { [TaskParameters.Zone] = zone } };
    }

    private static ParsedAction WithHost(ApiCall call, JsonInput input, ParsedAction action)
    {
        if (input.Text("host", Lexical.NonEmpty) is not { } host)
        {
            return action;
        }

        call.Need(Rules.UnshelveToHost);
        return action with { Parameters = new(action.Parameters) { [TaskParameters.Host] = host } };
    }

    private async Task CheckAsync(ApiCall call, ParsedAction action)
    {
        var instance = (await reader.GetAsync(call)).Instance;
        if (instance.VmState != VmState.ShelvedOffloaded)
        {
            throw ApiFault.Conflict($"Cannot 'unshelve' instance {instance.Id} to another place while it is in vm_state {ServerStatus.WireName(instance.VmState)}");
        }

        var hosts = await queries.ListHostsAsync(call.Aborted);
        if (action.Parameters.TryGetValue(TaskParameters.Zone, out var zone) && hosts.All(h => h.Zone != zone))
        {
            throw ApiFault.BadRequest("The requested availability zone is not available");
        }

        if (action.Parameters.TryGetValue(TaskParameters.Host, out var host) && hosts.All(h => h.Host.Value != host))
        {
            throw ApiFault.BadRequest($"Compute host {host} could not be found.");
        }
    }
}
