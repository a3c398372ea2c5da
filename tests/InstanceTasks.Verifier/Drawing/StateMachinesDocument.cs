using System.Text;
using InstanceTasks.Engine;

namespace InstanceTasks.Verifier.Drawing;

/// <summary>Writes docs/state-machines.md from the tables and plans of the code.</summary>
internal static class StateMachinesDocument
{
    public static string Write()
    {
        var text = new StringBuilder();
        text.Append(
            """
            # State machines

            Generated from the code by `dotnet run -c Release --project tests/InstanceTasks.Verifier -- draw`; a test of `InstanceTasks.Verifier.Tests` fails when this file or a drawing
            differs. After a change of the tables or plans draw again and commit the difference. What is shown about them by search is in [verifier.md](verifier.md).

            ## Which kind may start in which vm_state

            A cell is the vm_state after success; in brackets what a failure (whose undo worked) or a cancel leaves where that is not the state before. `–`: refused with 409.


            """.ReplaceLineEndings("\n"));
        InstanceMachineTable(text);
        text.Append("\nThe same as a diagram: the vm_states with the kinds that lead from one to another. Kinds that leave the state as it is are left out.\n\n");
        Show(text, "instance", Mermaid.States);
        text.Append("\n## What becomes of a request while a task has the machine\n\nRows: the task that has the machine. Columns: what is asked for.\n\n");
        Conflicts(text);
        text.Append(
            "\n*QueueIfAsked*: refused with 409 that names the running task, unless the request says `When-Busy: queue`. *Supersede*: the running task is stopped and ends `canceled`, " +
            "the new one takes the machine over. *Alongside*: one commit that does not touch the machine. *Join*: the answer names the running task.\n");
        text.Append("\n## Task states\n\nBy public name; the labels are the transitions of the one table. The shapes behind the names, with every transition, are in `tests/InstanceTasks.Engine.Tests/Tasks/task-transitions.txt`.\n\n");
        Show(text, "task", Mermaid.States);
        text.Append("\n## Plans\n");
        foreach (var plan in PlanRegistry.All)
        {
            PlanOf(text, plan);
        }

        return text.ToString();
    }

    private static void InstanceMachineTable(StringBuilder text)
    {
        var states = Enum.GetValues<VmState>();
        Row(text, ["kind", .. states.Select(ServerStatus.WireName)]);
        Row(text, [.. Enumerable.Repeat("---", states.Length + 1)]);
        foreach (var plan in PlanRegistry.All)
        {
            Row(text, [plan.Kind.Name, .. states.Select(s => Cell(InstanceMachine.Find(s, plan.Kind)))]);
        }
    }

    private static string Cell(InstanceTransition? row)
    {
        if (row is null)
        {
            return "–";
        }

        var notes = new List<string>();
        if (row.Returns)
        {
            notes.Add("or as it was before the resize");
        }

        if (row.Failure is { } failure && failure != row.From)
        {
            notes.Add($"failed: {ServerStatus.WireName(failure)}");
        }

        if (row.Undone is { } undone && undone != row.From)
        {
            notes.Add($"canceled: {ServerStatus.WireName(undone)}");
        }

        return ServerStatus.WireName(row.Success) + (notes.Count == 0 ? "" : $" ({string.Join(", ", notes)})");
    }

    private static void Conflicts(StringBuilder text)
    {
        var kinds = PlanRegistry.All.Select(p => p.Kind).ToList();
        Row(text, ["running", .. kinds.Select(k => k.Name)]);
        Row(text, [.. Enumerable.Repeat("---", kinds.Count + 1)]);
        foreach (var running in kinds.Where(k => !PlanRegistry.Find(k)!.IsOneCommit))
        {
            Row(text, [running.Name, .. kinds.Select(k => ConflictTable.Find(running, k).ToString())]);
        }
    }

    private static void PlanOf(StringBuilder text, Plan plan)
    {
        text.Append($"\n### {plan.Kind} (version {plan.Version})\n\n");
        text.Append($"Nova action: {plan.NovaAction ?? "none"}. ");
        text.Append(plan.RespectsLock ? "Refused on a locked instance. " : "Ignores the lock. ");
        text.Append(plan.NeedsLaunched ? "Needs a server that has run once. " : "");
        text.Append(plan.NeedsHost ? "Needs a host. " : "");
        text.Append(plan.CountsForFault ? "A failure shows as the server's fault.\n" : "A failure never shows as the server's fault.\n");
        if (plan.IsOneCommit)
        {
            text.Append("\nOne commit, no steps.\n");
            return;
        }

        text.Append('\n');
        Row(text, ["step", "does", "undo", "time-out", "attempts", "back-off", "cancel", "used up", "task_state", "Nova event"]);
        Row(text, [.. Enumerable.Repeat("---", 10)]);
        foreach (var step in plan.Steps)
        {
            Row(text, [step.Name + (step.OnlyWithHost ? " (only with a host)" : "") + (step.OnlyFrom is { } from ? $" (only from {string.Join(", ", from.Select(ServerStatus.WireName))})" : ""), step.Do?.ToString() ?? step.Control.ToString(), UndoOf(step), $"{step.Timeout.TotalSeconds} s", $"{step.Retry.MaxAttempts}", $"{step.Retry.First.TotalSeconds}–{step.Retry.Max.TotalSeconds} s", step.Cancel.ToString(), step.OnExhausted.ToString(), step.TaskState ?? plan.TaskState ?? "", step.NovaEvent ?? ""]);
        }

        text.Append('\n');
        Show(text, $"plan-{plan.Kind}", Mermaid.Flow);
    }

    private static void Show(StringBuilder text, string name, Func<Graph, string> mermaid)
    {
        var graph = Diagrams.All.Single(g => g.Name == name);
        text.Append($"![{graph.Title}](state-machines/{graph.Name}.svg)\n\n").Append(mermaid(graph));
    }

    private static string UndoOf(Step step) =>
        step.Undo?.ToString() ?? step.Control switch
    {
        ControlWork.ChooseHost => "releases the claim",
        ControlWork.GrowClaim => "claims the old flavor only",
        _ => $"none: {step.NoUndoBecause}",
    };

    private static void Row(StringBuilder text, IReadOnlyList<string> cells) => text.Append($"| {string.Join(" | ", cells)} |\n");
}
