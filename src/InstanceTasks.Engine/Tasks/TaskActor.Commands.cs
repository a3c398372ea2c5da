namespace InstanceTasks.Engine;

/// <content>Commands: each is one commit that carries the command's id, so that a repeat is recognised.</content>
public sealed partial class TaskActor
{
    /// <summary>Carries a command out, or says why not.</summary>
    public async Task<CommandAnswer> CommandAsync(TaskCommand command)
    {
        await LoadAsync();
        for (var attempt = 0; attempt < Tries && !_dropped; attempt++)
        {
            if (_task is null || _task.Outcome == TaskOutcome.Refused)
            {
                return Refuse(RefusalKind.NotFound, $"Task {id} could not be found.");
            }

            if (_task.Commands.Exists(c => c.Id == command.Id))
            {
                return Accept("recorded before");
            }

            var rule = CommandRules.Decide(_task, PlanRegistry.Of(_task), command, time.GetUtcNow());
            if (rule.Events.Count == 0)
            {
                return rule.Refusal is null ? Accept(rule.Effect) : new() { Accepted = false, Refusal = rule.Refusal, Record = _task };
            }

            if (await CarryOutAsync(rule, "command") is { } answer)
            {
                await ReorderAsync();
                await DriveAsync();
                return answer;
            }
        }

        return new() { Accepted = false, Unknown = true, Record = _task };
    }

    /// <summary>An attempt that waits in a host's queue waits with the task's priority.</summary>
    private async Task ReorderAsync()
    {
        if (_flight is { BegunBy: null } flight && flight.Attempt.Priority != TaskPriorities.Of(_task!))
        {
            flight.Attempt = flight.Attempt with { Priority = TaskPriorities.Of(_task!) };
            await OfferAsync(flight);
        }
    }

    private async Task<CommandAnswer?> CarryOutAsync(CommandRule rule, string name)
    {
        if (rule.Settles)
        {
            return await CarryOutBySettleAsync(rule);
        }

        var move = await CommitAsync(name, rule.Events, []);
        return move == Move.On ? Accept(rule.Effect) : null;
    }

    private async Task<CommandAnswer?> CarryOutBySettleAsync(CommandRule rule)
    {
        var answer = await AskInstanceAsync([.. rule.Events]);
        switch (answer.Verdict)
        {
            case SettleVerdict.Settled:
                (_task, _due) = (answer.Record, default);
                _owned = false;
                return Accept(rule.Effect);
            case SettleVerdict.Refused or SettleVerdict.Failed:
                return new() { Accepted = false, Refusal = answer.Refusal, Record = _task };
            case SettleVerdict.Stale:
                await LoadAsync();
                return null;
            default:
                Drop("whether the command was recorded is not known", wakeAgain: true);
                return null;
        }
    }

    private CommandAnswer Accept(string? effect) => new() { Accepted = true, Effect = effect, Record = _task };

    private CommandAnswer Refuse(RefusalKind kind, string message) => new() { Accepted = false, Refusal = new(kind, message), Record = _task };
}
