using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>What is certain about a submitted task.</summary>
/// <param name="Answer">What the instance said; null when that never became known.</param>
/// <param name="Never">True: the task does not exist and never will; its id is taken by a tombstone.</param>
public sealed record SubmitOutcome(AcceptAnswer? Answer, bool Never)
{
    /// <summary>Nothing is certain: ask about the task's id later.</summary>
    public static SubmitOutcome Unknown { get; } = new(null, false);
}

/// <summary>
/// Asks for a task and leaves nobody in doubt if it can be helped (design §4.6): an ask whose outcome is unknown is repeated under the same id for a
/// while, since the silo that was asked may just be going; then the task is either found, or refused for ever by a tombstone under its id.
/// </summary>
public sealed partial class Submitter(Func<SubmitTask, Task<AcceptAnswer>> ask, IJournal journal, TimeProvider time, ILogger<Submitter> logger)
{
    /// <summary>How long a tombstone is tried for. Default 30 s.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it is asked again before the tombstone. Default: not at all.</summary>
    public TimeSpan AskAgainFor { get; init; } = TimeSpan.Zero;

    /// <summary>The pause between two tries. Default 500 ms.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Submits. Returns once the outcome is certain, or when the time for finding out is over.</summary>
    public async Task<SubmitOutcome> SubmitAsync(SubmitTask request)
    {
        var began = time.GetTimestamp();
        var answer = await TryAskAsync(request);
        if (answer is not null)
        {
            return new(answer, Never: false);
        }

        while (answer is null && time.GetElapsedTime(began) + Pause <= AskAgainFor)
        {
            await Task.Delay(Pause, time, CancellationToken.None);
            answer = await TryAskAsync(request);
        }

        // A refusal may be due to what the first ask did, or has yet to do: only a tombstone makes it certain.
        return answer is { Verdict: not AcceptVerdict.Refused } ? new(answer, Never: false) : await FindOutAsync(request, answer);
    }

    /// <summary>Null: the outcome is unknown.</summary>
    private async Task<AcceptAnswer?> TryAskAsync(SubmitTask request)
    {
        try
        {
            var answer = await ask(request);
            return answer.Verdict == AcceptVerdict.Unknown ? null : answer;
        }
        catch (Exception exception)
        {
            LogUnknown(exception, request.Kind, request.Task, request.Request);
            return null;
        }
    }

    private async Task<SubmitOutcome> FindOutAsync(SubmitTask request, AcceptAnswer? refusal)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await RefuseAsync(request, refusal);
            }
            catch (Exception exception)
            {
                LogStillUnknown(exception, request.Task, request.Request);
            }

            if (time.GetElapsedTime(began) + Pause > GiveUpAfter)
            {
                return SubmitOutcome.Unknown;
            }

            await Task.Delay(Pause, time, CancellationToken.None);
        }
    }

    private async Task<SubmitOutcome> RefuseAsync(SubmitTask request, AcceptAnswer? refusal)
    {
        if (await journal.RefuseAsync(request.Task))
        {
            LogRefused(request.Kind, request.Task, request.Request);
            return new(refusal, Never: refusal is null);
        }

        var stored = await journal.ReadTaskAsync(request.Task) ?? throw new InvalidOperationException($"Task {request.Task} exists and cannot be read.");
        return new(new() { Verdict = AcceptVerdict.Accepted, Task = request.Task, Record = stored.Record }, Never: false);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Whether task {Task} ({Kind}) of request {Request} was accepted is not known")]
    private partial void LogUnknown(Exception exception, TaskKind kind, TaskId task, RequestId request);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "The outcome of task {Task} of request {Request} cannot be found out yet")]
    private partial void LogStillUnknown(Exception exception, TaskId task, RequestId request);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Warning, Message = "Task {Task} ({Kind}) of request {Request} was refused for ever: its accept was never confirmed")]
    private partial void LogRefused(TaskKind kind, TaskId task, RequestId request);
}
