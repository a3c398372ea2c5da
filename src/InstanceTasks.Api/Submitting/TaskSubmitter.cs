using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Submitting;

/// <summary>
/// Asks for tasks and never leaves the caller in doubt if it can be helped (design §4.6): an accept whose outcome is unknown is either
/// found, or refused for ever by a tombstone under its id.
/// </summary>
internal sealed partial class TaskSubmitter(IComputeCommands commands, IJournal journal, TimeProvider time, IOptions<ApiOptions> options, ILogger<TaskSubmitter> log)
{
    /// <summary>Accepted, joined or replayed; anything else is a fault.</summary>
    /// <remarks>Not cancelled when the client goes away: the work may be done already, and its outcome decides about a tombstone.</remarks>
    public async Task<AcceptAnswer> SubmitAsync(ApiCall call, SubmitTask request)
    {
        var answer = await AskAsync(request) ?? await FindOutAsync(call, request);
        return answer.Verdict == AcceptVerdict.Refused
            ? throw Refusals.ToFault(answer.Refusal ?? new(RefusalKind.Invalid, "Refused."), call.Links, $"Instance {request.Instance} could not be found.")
            : answer;
    }

    /// <summary>A request with what every kind needs.</summary>
    public static SubmitTask Request(ApiCall call, TaskKind kind, InstanceId instance) => new()
    {
        Task = TaskId.New(),
        Kind = kind,
        Instance = instance,
        Request = call.Request,
        Caller = call.Caller,
        QueueWhenBusy = string.Equals(call.Header("When-Busy"), "queue", StringComparison.OrdinalIgnoreCase),
    };

    /// <summary>Null: the outcome is not known.</summary>
    private async Task<AcceptAnswer?> AskAsync(SubmitTask request)
    {
        try
        {
            var answer = await commands.SubmitAsync(request, CancellationToken.None);
            return answer.Verdict == AcceptVerdict.Unknown ? null : answer;
        }
        catch (Exception exception)
        {
            LogUnknown(log, exception, request.Kind.Name, request.Task, request.Request);
            return null;
        }
    }

    private async Task<AcceptAnswer> FindOutAsync(ApiCall call, SubmitTask request)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await RefuseAsync(request);
            }
            catch (Exception exception) when (exception is not ApiFault)
            {
                LogStillUnknown(log, exception, request.Task, request.Request);
            }

            if (time.GetElapsedTime(began) + options.Value.UnknownOutcomePause > options.Value.UnknownOutcomeTimeout)
            {
                throw new ApiFault(503, $"The outcome is unknown: ask for task {request.Task} before you repeat the request.") { Headers = ApiAnswer.TaskHeaders(call.Links, request.Task) };
            }

            await Task.Delay(options.Value.UnknownOutcomePause, time, CancellationToken.None);
        }
    }

    private async Task<AcceptAnswer> RefuseAsync(SubmitTask request)
    {
        if (await journal.RefuseAsync(request.Task, CancellationToken.None))
        {
            LogRefused(log, request.Kind.Name, request.Task, request.Request);
            throw new ApiFault(503, "The request could not be accepted in time. Nothing was changed, and nothing will be: it can be repeated.");
        }

        var stored = await journal.ReadTaskAsync(request.Task, CancellationToken.None)
            ?? throw new InvalidOperationException($"task {request.Task} exists and cannot be read");
        return new() { Verdict = AcceptVerdict.Accepted, Task = request.Task, Record = stored.Record };
    }
}
