using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// Accepts a project's parents: parent, first create and the quota of all creates in one commit. Remembers nothing.
/// </summary>
public sealed partial class ProjectActor(ProjectId id, IJournal journal, IPeers peers, IOwnership ownership, TimeProvider time, ILogger<ProjectActor> logger, IAdmission? admission = null)
{
    /// <summary>Accepts a parent, or says why not.</summary>
    public async Task<AcceptAnswer> SubmitAsync(SubmitTask request)
    {
        if ((ParentComposer.Refusal(request) ?? admission?.Refuse(host: null)) is { } refusal)
        {
            return new() { Verdict = AcceptVerdict.Refused, Refusal = refusal };
        }

        try
        {
            var commit = ParentComposer.Accept(request, ownership.Generation, time.GetUtcNow());
            var result = await journal.CommitAsync(commit);
            return result.Applied ? Accepted(commit) : await ExplainAsync(result, request);
        }
        catch (CommitOutcomeUnknownException e)
        {
            LogUnknown(e, id, request.Task);
            return new() { Verdict = AcceptVerdict.Unknown, Task = request.Task };
        }
        catch (CommitFailedException e)
        {
            LogRefusedByStore(e, id, request.Task);
            return AcceptAnswers.NotStored(e);
        }
    }

    private AcceptAnswer Accepted(Commit commit)
    {
        foreach (var task in commit.Tasks.Select(t => t.After).Where(t => !t.IsEnded))
        {
            peers.Wake(task.Id, new WakeUp { Token = task.Token, Record = task, Cause = "accepted" });
        }

        return new() { Verdict = AcceptVerdict.Accepted, Task = commit.Tasks[0].After.Id, Record = commit.Tasks[0].After };
    }

    private async Task<AcceptAnswer> ExplainAsync(CommitResult result, SubmitTask request) => result switch
    {
        { Verdict: CommitVerdict.QuotaExceeded } => AcceptAnswers.OverQuota(result),
        { Verdict: CommitVerdict.KeyExists, Stored: { } stored } => AcceptAnswers.KeyExists(stored, request.Idempotency!),
        // Only its own id can be in its way. Should that have gone again, nothing was accepted.
        _ => AcceptAnswers.Existing(await journal.ReadTaskAsync(request.Task), request.Task)
            ?? AcceptAnswers.Refused(RefusalKind.NotNow, $"Task {request.Task} was given up by its caller before it was accepted."),
    };

    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning, Message = "Project {Project}: whether parent task {Task} was accepted is not known")]
    private partial void LogUnknown(Exception exception, ProjectId project, TaskId task);

    [LoggerMessage(EventId = 1402, Level = LogLevel.Warning, Message = "Project {Project}: the store refused parent task {Task}")]
    private partial void LogRefusedByStore(Exception exception, ProjectId project, TaskId task);
}
