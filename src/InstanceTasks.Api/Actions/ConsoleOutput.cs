using System.Text.Json;
using System.Text.Json.Nodes;
using InstanceTasks.Api.Servers;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Actions;

/// <summary><c>os-getConsoleOutput</c> (nova-api §3.4): the one action that only reads. It makes no task, and neither a running task nor a lock is in its way.</summary>
internal sealed class ConsoleOutput(ServerReader reader, IConsoles consoles)
{
    /// <summary>Its name in a body.</summary>
    public const string Action = "os-getConsoleOutput";

    /// <summary>Answers it; a dry run has nothing to say, and an <c>Idempotency-Key</c> nothing to keep.</summary>
    public async Task<ApiAnswer> ReadAsync(ApiCall call, JsonInput body)
    {
        var lines = LinesOf(body);
        if (call.IsDryRun)
        {
            throw ApiFault.BadRequest($"dry_run is not available for {Action}: it only reads.");
        }

        var view = await reader.GetAsync(call);
        var id = view.Instance.Id;
        var host = EffectiveState.Of(view).Host ?? throw ApiFault.Conflict($"Instance {id} is not ready");
        var answer = await consoles.ReadAsync(host, id, lines, call.Aborted);
        return answer.Verdict switch
        {
            ConsoleVerdict.Read => ApiAnswer.Ok(new JsonObject { ["output"] = Printable(answer.Output!) }),
            ConsoleVerdict.NoMachine => throw ApiFault.NoSuchServer(id.ToString()),
            _ => throw ApiFault.Unavailable($"The console of instance {id} cannot be read now: {answer.Reason}."),
        };
    }

    /// <summary>Null, no length and -1 mean all.</summary>
    private static int? LinesOf(JsonInput body)
    {
        if (body.Need(Action).ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var input = body.Object(Action).Only("length");
        return !input.TryGet("length", out var value) || value.ValueKind == JsonValueKind.Null ? null : input.Int("length", min: -1);
    }

    /// <summary>As Nova: without control characters, but tabs and line feeds.</summary>
    private static string Printable(string output) => string.Concat(output.Where(c => c is '\t' or '\n' or >= ' '));
}
