using InstanceTasks.Engine;
using InstanceTasks.Verifier.Model;

namespace InstanceTasks.Verifier.Search;

/// <summary>Tells a violation in plain words: who did what, and how things were after it.</summary>
internal static class Story
{
    public static string Tell(Violation violation)
    {
        var lines = new List<string> { $"BROKEN ({violation.Property}): {violation.How}", $"The shortest way there, {violation.Story.Count} steps:" };
        if (violation.Story.Count > 0)
        {
            lines.Add($"   0. {State(violation.Story[0].Before)}");
        }

        for (var i = 0; i < violation.Story.Count; i++)
        {
            var (step, before, after) = violation.Story[i];
            lines.Add($"{i + 1,4}. {What(step, before)}");
            lines.Add($"      {(after is null ? "There it broke." : State(after))}");
        }

        return string.Join('\n', lines) + "\n";
    }

    private static string What(Move step, Situation before)
    {
        var task = Name(before.Rows[step.Task], step.Task);
        var activation = step.Other ? $"the older activation of {task}" : $"the activation of {task}";
        return step.Kind switch
        {
            MoveKind.Submit => $"Somebody asks for '{step.Request}'{(step.Queue ? ", to be queued if need be" : "")}.",
            MoveKind.WakeArrives => $"The wake-up of the accept reaches {task}.",
            MoveKind.Claim => $"Recovery finds {task}; a new activation claims it.",
            MoveKind.ClaimElsewhere => $"Recovery finds {task}; an activation in another process claims it, while the wake-up of the accept is still on its way.",
            MoveKind.Learn => $"{Capital(activation)} reads its row.",
            MoveKind.LearnOnly => $"{Capital(activation)} reads its row, and does nothing yet: the lease of its process is about to end.",
            MoveKind.Act => $"{Capital(activation)} takes its next step.",
            MoveKind.ChooseHost => $"{Capital(activation)} chooses a host.",
            MoveKind.NoRoom => $"{Capital(activation)} looks for a host, and none has room.",
            MoveKind.ShowDelay => $"It takes so long that {activation} shows why it waits.",
            MoveKind.ShowProgress => $"{Capital(activation)} shows that it goes on.",
            MoveKind.SettleLate => $"{Capital(activation)} asks the instance to settle, hears nothing and is dropped; the request is still on its way.",
            MoveKind.LateSettleArrives => $"The request to settle {task} that its sender has given up reaches the instance.",
            MoveKind.LoseOffer => $"{Capital(activation)} starts an attempt, and the offer to the host is lost.",
            MoveKind.Look => $"{Capital(activation)} asks where its attempt is.",
            MoveKind.Begin => $"A worker takes {Text(step.Work!, before)} and asks {activation} for the grant.",
            MoveKind.Effect => $"{Capital(Text(step.Work!, before))} takes effect at the hypervisor.",
            MoveKind.Fail => $"{Capital(Text(step.Work!, before))} fails without an effect ({(step.Ending == Ending.Final ? "for good" : "it may work next time")}).",
            MoveKind.FailAfterEffect => $"{Capital(Text(step.Work!, before))} takes effect and is reported as failed ({(step.Ending == Ending.Final ? "for good" : "it may work next time")}).",
            MoveKind.TimeOut => $"The worker gives up {Text(step.Work!, before)}; the hypervisor may still do it.",
            MoveKind.NotBegun => $"The worker does not begin {Text(step.Work!, before)} after all.",
            MoveKind.Abort => $"The worker stops {Text(step.Work!, before)} because of a fence, before it had an effect.",
            MoveKind.Report => $"The worker reports to {activation} how {Text(step.Work!, before)} ended ({step.Work!.Ending}).",
            MoveKind.DriftHappens => $"What was left of {Text(step.Work!, before)} takes effect at the hypervisor.",
            MoveKind.DriftVanishes => $"What was left of {Text(step.Work!, before)} ends without an effect.",
            MoveKind.Command => $"Somebody says '{step.Command}' to {task}.",
            MoveKind.ForgetActivation => $"{Capital(activation)} is lost.",
            MoveKind.WorkersDie => "The workers' process dies.",
            MoveKind.QueueLost => "The host's queue is lost.",
            MoveKind.ProcessDies => "The whole process dies: activations, workers and the host's queue.",
            MoveKind.Split => $"The directory loses {activation}, which lives on without knowing it.",
            _ => step.ToString(),
        };
    }

    private static string State(Situation s)
    {
        var parts = new List<string> { Server(s) };
        for (var task = 0; task < 2; task++)
        {
            if (s.Rows[task] is { } row)
            {
                parts.Add(Row(s, row, task));
            }
        }

        parts.AddRange(s.Works.Select(w => $"{Text(w, s)} is {w.Place switch { Place.Queued => "queued", Place.Running => "running", Place.Ended => $"over ({w.Ending})", _ => "adrift" }}"));
        return string.Join("; ", parts) + ".";
    }

    private static string Server(Situation s)
    {
        if (s.Instance is not { } instance)
        {
            return "There is no server";
        }

        var holder = instance.Holder is { } h ? $"held by task {Names.IndexOf(h.Id)}" : "idle";
        var queue = instance.Queue.Count > 0 ? $", queue: {string.Join(", ", instance.Queue.Select(q => $"task {Names.IndexOf(q.Id)}"))}" : "";
        var attention = instance.Attention.Count > 0 ? $", needs attention: {string.Join(", ", instance.Attention.Select(q => $"task {Names.IndexOf(q.Id)}"))}" : "";
        var machine = !s.World.Machine.Exists ? "none" : !s.World.Machine.Defined ? "only a disk" : $"{s.World.Machine.Power}{(s.World.Machine.Rescue ? " with a rescue disk" : "")}{(s.World.Machine.Aside ? ", another set aside" : "")}";
        return $"Server {ServerStatus.WireName(instance.VmState)}, {holder}{queue}{attention}, machine {machine}";
    }

    private static string Row(Situation s, TaskRecord row, int task)
    {
        var step = row.IsEnded || row.Turn == 0 ? "" : $" at step {(row.Step >= 0 && row.Step < PlanRegistry.Of(row).Steps.Count ? PlanRegistry.Of(row).Steps[row.Step].Name : "none")}";
        var text = $"{Name(row, task)} {row.State}{step}";
        for (var slot = task * 2; slot <= (task * 2) + 1; slot++)
        {
            if (s.Activations[slot] is { } a)
            {
                text += $" [{(slot % 2 == 1 ? "older activation" : "activation")}{(a.Old is { } old ? $" believes: {old.State}" : "")}{(a.Flight is { } f ? f.Stopping ? ", stops its attempt" : ", attempt out" : "")}{(a.Outcome == Ending.None ? "" : $", outcome {a.Outcome}")}]";
            }
        }

        return text;
    }

    private static string Text(Work work, Situation s) =>
        $"attempt {work.Stamp} to {(work.Direction == Direction.Do ? "do" : "undo")} {(s.Rows[work.Task] is { } row ? PlanRegistry.Of(row).Steps[work.Step].Name : "a step")} of task {work.Task + 1}";

    private static string Name(TaskRecord? row, int task) => $"task {task + 1}{(row is null ? "" : $" ({row.Kind})")}";

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
