using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>The JSON of what may be done on a server now: one entry per kind, with the mode or the reason.</summary>
internal static class AllowedBody
{
    public static JsonArray Of(ApiCall call, ServerView view) => [.. AllowedKinds.Of(view.Instance, call.Caller).Select(o => Of(Permitted(call, o)))];

    /// <summary>The public name of a mode. A change in one commit is done now, and beside a running task if there is one.</summary>
    public static string? ModeOf(AcceptMode mode, bool busy) => mode switch
    {
        AcceptMode.Now => "now",
        AcceptMode.OneCommit => busy ? "alongside" : "now",
        AcceptMode.Queue => "queue",
        AcceptMode.Supersede => "supersede",
        AcceptMode.Join => "join",
        _ => null,
    };

    // The engine knows administrators only; the other roles are the API's matter.
    private static KindOffer Permitted(ApiCall call, KindOffer offer) => call.May(offer.Kind) || offer.Refusal is { Kind: RefusalKind.Forbidden }
        ? offer
        : new(offer.Kind, AcceptMode.Refuse, new(RefusalKind.Forbidden, ApiFault.Policy(call.RuleOf(offer.Kind)).Message), null, OnlyIfAsked: false);

    private static JsonObject Of(KindOffer offer) => new()
    {
        ["kind"] = offer.Kind.Name,
        ["action"] = PlanRegistry.Find(offer.Kind)?.NovaAction,
        ["allowed"] = offer.Allowed,
        ["mode"] = ModeOf(offer.Mode, offer.Task is not null),
        ["when_busy"] = offer.OnlyIfAsked ? "queue" : null,
        ["task_id"] = (offer.Task?.Id ?? offer.Refusal?.RunningTask)?.ToString(),
        ["reason"] = offer.Refusal?.Message,
    };
}
