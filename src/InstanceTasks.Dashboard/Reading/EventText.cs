using InstanceTasks.Client;

namespace InstanceTasks.Dashboard.Reading;

/// <summary>What has happened to a task, as a sentence.</summary>
public static class EventText
{
    /// <summary>One event.</summary>
    public static string Of(TaskEventInfo e) => e.Type switch
    {
        "accepted" => $"Accepted, {Wording.Words(e.State)}",
        "granted" => "Got the instance",
        "claimed" => "A process took its steps over",
        "step_done" => StepDone(e),
        "attempt_failed" => $"An attempt of {Step(e)} failed: {e.Failure?.Message}",
        "waiting" => $"Waits: {e.Reason}",
        "proceeded" => "Goes on",
        "host_refused" => $"Host {e.Host} does not do{(e.Reason is null ? "" : $": {e.Reason}")}",
        "intent_set" => $"Was told to {e.Intent}{By(e)}",
        "intent_taken_back" => $"Need not pause any more{By(e)}",
        "paused" => "Paused",
        "resumed" => $"Goes on again{By(e)}",
        "undo_begun" => $"Begins to undo{Because(e)}",
        "attention_needed" => $"Needs attention{Because(e)}",
        "attention_decided" => $"It was decided: {Wording.Words(e.Command?.Command)}{By(e)}",
        "deadline_passed" => "Its deadline has passed",
        "priority_set" => $"Priority {e.Priority}{By(e)}",
        "children_moved" => "Asked for more children",
        "ended" => $"{Wording.Title(e.Outcome)}{Because(e)}",
        var other => Wording.Title(other),
    };

    /// <summary>Which colour it has.</summary>
    public static string Tone(TaskEventInfo e) => e.Type switch
    {
        "ended" => Wording.Tone(e.Outcome ?? ""),
        "attempt_failed" or "undo_begun" or "deadline_passed" => "bad",
        "attention_needed" => "alarm",
        "waiting" or "paused" or "intent_set" => "wait",
        "step_done" => e.Failure is null ? "good" : "bad",
        _ => "calm",
    };

    private static string StepDone(TaskEventInfo e)
    {
        var what = e switch
        {
            { Skipped: true } => $"Left out {Step(e)}",
            { Direction: "undo" } => $"Undone: {Wording.Words(e.Step)}",
            _ => $"Done: {Wording.Words(e.Step)}",
        };
        return $"{what}{(e.Host is null ? "" : $" on {e.Host}")}{(e.Note is null ? "" : $" ({e.Note})")}{Because(e)}";
    }

    private static string Step(TaskEventInfo e) => $"{(e.Direction == "undo" ? "undoing " : "")}{Wording.Words(e.Step)}";

    private static string By(TaskEventInfo e) => e.Command is { } command ? $" by {command.UserId}{(command.Reason is null ? "" : $": {command.Reason}")}" : "";

    private static string Because(TaskEventInfo e) => e.Failure is { } failure ? $": {failure.Message}" : "";
}
