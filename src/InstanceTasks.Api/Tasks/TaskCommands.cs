using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Tasks;

/// <summary>
/// Commands on tasks. A command has an id of its own, so that one whose outcome is unknown is asked again until it is known (design §4.6).
/// </summary>
internal sealed partial class TaskCommands(IComputeCommands commands, TimeProvider time, IOptions<ApiOptions> options, ILogger<TaskCommands> log)
{
    public async Task<CommandAnswer> SendAsync(ApiCall call, TaskId task, TaskCommand command)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            if (await AskAsync(task, command) is { Unknown: false } answer)
            {
                return answer.Accepted ? answer : throw Refusals.ToFault(Explain(call, answer), call.Links, TaskReader.UnknownText(task));
            }

            if (time.GetElapsedTime(began) + options.Value.UnknownOutcomePause > options.Value.UnknownOutcomeTimeout)
            {
                throw ApiFault.Unavailable("The outcome is unknown: look at the task before you repeat the command.", ApiAnswer.TaskHeaders(call.Links, task));
            }

            await Task.Delay(options.Value.UnknownOutcomePause, time, CancellationToken.None);
        }
    }

    /// <summary>The refusal with the commands that would be accepted now.</summary>
    private Refusal Explain(ApiCall call, CommandAnswer answer)
    {
        var refusal = answer.Refusal ?? new(RefusalKind.NotNow, "Refused.");
        return answer.Record is { } task && refusal.Kind is RefusalKind.NotNow or RefusalKind.Busy
            ? refusal with { Accepted = [.. CommandOffers.Of(task, call.Caller, time.GetUtcNow()).Where(o => o.Allowed).Select(o => CommandNames.Of(o.Kind))] }
            : refusal;
    }

    private async Task<CommandAnswer?> AskAsync(TaskId task, TaskCommand command)
    {
        try
        {
            return await commands.CommandAsync(task, command, CancellationToken.None);
        }
        catch (Exception exception)
        {
            LogUnknown(log, exception, command.Kind, task, command.Id);
            return null;
        }
    }
}
