using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Submitting;

/// <summary>Refusals of the engine as faults.</summary>
internal static class Refusals
{
    public static ApiFault ToFault(Refusal refusal, ApiLinks links, string? notFound = null)
    {
        var headers = refusal.RunningTask is { } running ? ApiAnswer.TaskHeaders(links, running) : [];
        if (refusal.Kind == RefusalKind.Unavailable)
        {
            return ApiFault.Unavailable(refusal.Message, headers);
        }

        return new(StatusOf(refusal.Kind), MessageOf(refusal, notFound) + Instead(refusal)) { Headers = headers };
    }

    private static string MessageOf(Refusal refusal, string? notFound) =>
        refusal.Kind == RefusalKind.NotFound && notFound is not null ? notFound
        : refusal.RunningTask is { } running && !refusal.Message.Contains(running.ToString(), StringComparison.OrdinalIgnoreCase) ? $"{refusal.Message} (task {running})"
        : refusal.Message;

    /// <summary>What the caller can do instead, for people and in the one field that clients show.</summary>
    private static string Instead(Refusal refusal)
    {
        var accepted = refusal.Accepted switch
        {
            null => "",
            [] => " (nothing would be accepted now)",
            var kinds => $" (accepted now: {string.Join(", ", kinds)})",
        };
        return accepted + (refusal.CanQueue ? "; with 'When-Busy: queue' it would wait for its turn" : "");
    }

    public static int StatusOf(RefusalKind kind) => kind switch
    {
        RefusalKind.NotFound => 404,
        RefusalKind.WrongState or RefusalKind.Busy or RefusalKind.Locked or RefusalKind.NotNow or RefusalKind.NotReady => 409,
        RefusalKind.Forbidden or RefusalKind.Quota => 403,
        RefusalKind.KeyReused => 422,
        RefusalKind.Invalid => 400,
        RefusalKind.Unavailable => 503,
        _ => 500,
    };
}
