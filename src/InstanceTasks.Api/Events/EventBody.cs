using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Events;

/// <summary>The JSON of the events of one commit, for one caller. Hosts and the details of failures are for administrators.</summary>
internal sealed class EventBody(ApiCall call, EventSubject subject)
{
    private readonly Plan? _plan = PlanRegistry.Find(subject.Kind, subject.PlanVersion);

    public static JsonObject Of(ApiCall call, StreamedEvents row) => new()
    {
        ["id"] = row.Stored.StreamId,
        ["at"] = WireTime.Precise(row.Stored.At),
        ["task_id"] = row.Subject.Task.ToString(),
        ["seq"] = row.Stored.Seq,
        ["kind"] = row.Subject.Kind.Name,
        ["server_id"] = row.Subject.Instance.Value == Guid.Empty ? null : row.Subject.Instance.ToString(),
        ["parent_id"] = row.Subject.Parent?.ToString(),
        ["project_id"] = row.Subject.Project.Value,
        ["user_id"] = row.Subject.User.Value,
        ["events"] = new JsonArray([.. row.Stored.Events.Select(new EventBody(call, row.Subject).Of)]),
    };

    private JsonObject Of(TaskEvent e) => e switch
    {
        TaskAccepted x => New("accepted", e, ("state", x.Initial.State), ("priority", TaskPriorities.Of(x.Initial)), ("supersedes", x.Initial.Supersedes?.ToString()), ("retry_of", x.Initial.RetryOf?.ToString())),
        TaskGranted x => WithHost(New("granted", e), x.Host),
        TaskClaimed x => New("claimed", e, ("epoch", x.Epoch)),
        StepDone x => WithHost(New("step_done", e, ("step", StepOf(x.Step)), ("direction", Lower(x.Direction)), ("skipped", x.Skipped), ("note", x.Note), ("failure", FailureOf(x.Failure))), x.Host),
        AttemptFailed x => New("attempt_failed", e, ("step", StepOf(x.Step)), ("direction", Lower(x.Direction)), ("failure", FailureOf(x.Failure)), ("retry_at", WireTime.Precise(x.RetryAt))),
        TaskWaiting x => New("waiting", e, ("reason", HostNames.In(call, x.Reason)), ("until", WireTime.Precise(x.Until))),
        HostRefused x => RefusalOf(x),
        IntentSet x => New("intent_set", e, ("intent", Lower(x.Intent)), ("superseded_by", x.Successor?.ToString()), ("command", CommandOf(x.Command))),
        UndoBegun x => New("undo_begun", e, ("failure", FailureOf(x.Failure))),
        AttentionNeeded x => New("attention_needed", e, ("failure", FailureOf(x.Failure))),
        DeadlinePassed x => New("deadline_passed", e, ("failure", FailureOf(x.Failure))),
        ChildrenMoved x => New("children_moved", e, ("asked", x.Next), ("refused", x.Refused.Count)),
        TaskEnded x => New("ended", e, ("outcome", Lower(x.Outcome)), ("failure", FailureOf(x.Failure)), ("superseded_by", x.SupersededBy?.ToString()), ("command", CommandOf(x.Command))),
        _ => OfCommand(e),
    };

    private static JsonObject OfCommand(TaskEvent e) => e switch
    {
        TaskProceeded => New("proceeded", e),
        TaskPaused => New("paused", e),
        IntentTakenBack x => New("intent_taken_back", e, ("command", CommandOf(x.Command))),
        TaskResumed x => New("resumed", e, ("command", CommandOf(x.Command))),
        AttentionDecided x => New("attention_decided", e, ("command", CommandOf(x.Command))),
        PrioritySet x => New("priority_set", e, ("priority", x.Priority), ("command", CommandOf(x.Command))),
        _ => throw new InvalidOperationException($"No body is known for {e.GetType().Name}."),
    };

    private static JsonObject New(string type, TaskEvent e, params ReadOnlySpan<(string Name, JsonNode? Value)> more)
    {
        var body = new JsonObject { ["type"] = type, ["at"] = WireTime.Precise(e.At) };
        foreach (var (name, value) in more)
        {
            body[name] = value;
        }

        return body;
    }

    // The reason names the host.
    private JsonObject RefusalOf(HostRefused refused)
    {
        var body = WithHost(New("host_refused", refused), refused.Host);
        if (call.May(Rules.TaskHosts))
        {
            body["reason"] = refused.Reason;
        }

        return body;
    }

    private JsonObject WithHost(JsonObject body, HostName? host)
    {
        if (call.May(Rules.TaskHosts))
        {
            body["host"] = host?.Value;
        }

        return body;
    }

    private string? StepOf(int step) => _plan is { } plan && step >= 0 && step < plan.Steps.Count ? plan.Steps[step].Name : null;

    private JsonObject? FailureOf(Failure? failure) => TaskBody.FailureOf(call, failure);

    private static JsonObject? CommandOf(CommandRecord? command) => command is null ? null : TaskBody.CommandOf(command);

    private static string Lower<T>(T value)
        where T : struct, Enum => TaskBody.Lower(value);
}
