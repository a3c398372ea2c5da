using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// The logic of one instance: decides on requests and composes every commit that changes the instance. Must be called one turn at a time.
/// After <see cref="MustDrop"/> it may not be used again.
/// </summary>
public sealed partial class InstanceActor(InstanceId id, IJournal journal, IPeers peers, IOwnership ownership, TimeProvider time, ILogger<InstanceActor> logger, IAdmission? admission = null)
{
    // A race against another activation is decided again this often (design §4.1).
    private const int Tries = 5;

    private InstanceRecord? _instance;
    private bool _loaded;

    /// <summary>The outcome of a commit is unknown: what this object knows may be wrong.</summary>
    public bool MustDrop { get; private set; }

    /// <summary>Accepts a task, or says why not.</summary>
    public async Task<AcceptAnswer> SubmitAsync(SubmitTask request)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            var decision = await DecideAsync(request, fresh: attempt > 0);
            if (decision.Mode is AcceptMode.Refuse or AcceptMode.Join || request.DryRun)
            {
                // A parent that was interrupted asks again for children that are there.
                return (request is { Parent: not null, DryRun: false } ? await ExistingAsync(request) : null) ?? Undecided(decision, request);
            }

            if (await TryAcceptAsync(decision.Mode, request) is { } answer)
            {
                return answer;
            }
        }

        LogGaveUp(id, request.Kind, Tries);
        return AcceptAnswers.Refused(RefusalKind.Busy, $"Instance {id} is being changed too quickly; try again.");
    }

    /// <summary>Ends, holds or returns a task: event, task and instance in one commit.</summary>
    public async Task<SettleAnswer> SettleAsync(SettleRequest request)
    {
        for (var attempt = 0; attempt < Tries; attempt++)
        {
            // Remembering that there is none says nothing: it may have been created since, by a commit that came late.
            await LoadAsync(fresh: attempt > 0 || _instance is null);
            if (_instance is null)
            {
                return new() { Verdict = SettleVerdict.Stale };
            }

            if (await TrySettleAsync(request, fresh: attempt > 0) is { } answer)
            {
                return answer;
            }
        }

        LogGaveUp(id, request.Before.Kind, Tries);
        return new() { Verdict = SettleVerdict.Stale };
    }

    private async Task<AcceptAnswer?> TryAcceptAsync(AcceptMode mode, SubmitTask request)
    {
        // A request that is delivered again must not take over from itself: its commit would write its task twice.
        if (HasTask(request.Task))
        {
            return await ExistingAsync(request);
        }

        // What is one commit adds nothing to what a host has before it.
        if (admission?.Refuse(mode == AcceptMode.OneCommit ? null : _instance?.Host) is { } full)
        {
            // A parent that was interrupted may ask again for a child that is there, and has ended.
            return (request.Parent is null ? null : await ExistingAsync(request)) ?? new() { Verdict = AcceptVerdict.Refused, Refusal = full };
        }

        var commit = await ComposeAcceptAsync(mode, request);
        if (commit is null)
        {
            return null;
        }

        CommitResult? result;
        try
        {
            result = await CommitAsync(commit);
        }
        catch (CommitFailedException e)
        {
            LogRefusedByStore(e, id, request.Kind);
            return AcceptAnswers.NotStored(e);
        }

        if (result is null)
        {
            return new() { Verdict = AcceptVerdict.Unknown, Task = request.Task };
        }

        if (!result.Applied)
        {
            return await ExplainAsync(result, request);
        }

        _instance = commit.Instance!.After;
        Failpoints.Hit("accepted", request.Kind);
        WakeAfterAccept(mode, commit);
        WakeParents(commit);
        return new() { Verdict = AcceptVerdict.Accepted, Task = request.Task, Record = commit.Tasks[0].After, Instance = _instance };
    }

    private async Task<Commit?> ComposeAcceptAsync(AcceptMode mode, SubmitTask request)
    {
        var plan = PlanRegistry.Find(request.Kind)!;
        var now = time.GetUtcNow();
        var instance = _instance ?? AcceptComposer.NewInstance(request, now);
        return mode switch
        {
            AcceptMode.Now => await ClearAttentionAsync(AcceptComposer.Now(instance, request, plan, ownership.Generation, now), request),
            AcceptMode.Queue => AcceptComposer.Queue(instance, request, plan, now),
            AcceptMode.OneCommit => AcceptComposer.OneCommit(instance, request, plan, now),
            _ => await ComposeSupersedeAsync(instance, request, plan, now),
        };
    }

    private async Task<Commit?> ComposeSupersedeAsync(InstanceRecord instance, SubmitTask request, Plan plan, DateTimeOffset now)
    {
        var holder = await journal.ReadTaskAsync(instance.Holder!.Id);
        if (holder is null or { Record.Turn: 0 })
        {
            // It has given the machine back since this object last looked.
            return null;
        }

        var bypassed = await ReadTasksAsync(instance.Queue.Concat(instance.Attention));
        return AcceptComposer.Supersede(instance, request, plan, holder, bypassed, now);
    }

    private async Task<Commit> ClearAttentionAsync(Commit commit, SubmitTask request)
    {
        var takenOver = AcceptComposer.TakenOver(commit.Instance!.After, request);
        return takenOver.Count == 0 ? commit : AcceptComposer.ClearAttention(commit, request, await ReadTasksAsync(takenOver), time.GetUtcNow());
    }

    private async Task<List<StoredTask>> ReadTasksAsync(IEnumerable<TaskRef> refs)
    {
        var tasks = new List<StoredTask>();
        foreach (var item in refs)
        {
            if (await ReadWaitingAsync(item.Id) is { } task)
            {
                tasks.Add(task);
            }
        }

        return tasks;
    }

    private async Task<AcceptAnswer?> ExplainAsync(CommitResult result, SubmitTask request)
    {
        switch (result.Verdict)
        {
            case CommitVerdict.QuotaExceeded:
                return AcceptAnswers.OverQuota(result);
            case CommitVerdict.KeyExists:
                return AcceptAnswers.KeyExists(result.Stored!, request.Idempotency!);
            case CommitVerdict.TaskConflict:
                return await ExistingAsync(request);
            case CommitVerdict.ParentConflict:
                return await ExistingAsync(request) ?? AcceptAnswers.Refused(RefusalKind.ParentMoved, $"Task {request.Parent!.Task} has moved on.");
            default:
                return null;
        }
    }

    // The accept lost on a task's sequence number: either its own id exists (sent twice, or refused by a tombstone), or another task in it moved.
    private async Task<AcceptAnswer?> ExistingAsync(SubmitTask request) =>
        AcceptAnswers.Existing(await journal.ReadTaskAsync(request.Task), request.Task, _instance);

    private void WakeAfterAccept(AcceptMode mode, Commit commit)
    {
        var task = commit.Tasks[0].After;
        if (mode == AcceptMode.Now)
        {
            peers.Wake(task.Id, new WakeUp { Token = task.Token, Record = task, Cause = "accepted" });
        }
        else if (mode == AcceptMode.Supersede)
        {
            peers.Wake(_instance!.Holder!.Id, new WakeUp { Cause = "superseded" });
        }
    }

    private AcceptAnswer Undecided(AcceptDecision decision, SubmitTask request) => decision.Mode switch
    {
        AcceptMode.Refuse => new() { Verdict = AcceptVerdict.Refused, Refusal = AllowedKinds.Explain(_instance, request, decision.Refusal!) },
        AcceptMode.Join => new() { Verdict = AcceptVerdict.Joined, Task = Joined() },
        _ => new() { Verdict = AcceptVerdict.Accepted, Task = request.Task },
    };

    private TaskId Joined() => AllowedKinds.Beside(_instance, AcceptMode.Join)!.Id;

    /// <summary>
    /// Decides; a "no" only from what the journal says now. What is remembered may be old, since another activation may have been at work, and
    /// unlike an accept a refusal has no commit that would find that out: the instance would be shut to everybody for as long as this object lives.
    /// </summary>
    private async Task<AcceptDecision> DecideAsync(SubmitTask request, bool fresh)
    {
        var isFresh = await LoadAsync(fresh);
        var decision = AcceptRules.Decide(_instance, request);
        if (isFresh || (decision.Mode is not (AcceptMode.Refuse or AcceptMode.Join) && !request.DryRun))
        {
            return decision;
        }

        await LoadAsync(fresh: true);
        return AcceptRules.Decide(_instance, request);
    }

    private async Task<bool> LoadAsync(bool fresh)
    {
        if (_loaded && !fresh)
        {
            return false;
        }

        _instance = await journal.ReadInstanceAsync(id);
        _loaded = true;
        return true;
    }

    private bool HasTask(TaskId task) => _instance is { } i && (i.Holder?.Id == task || i.Queue.Concat(i.Attention).Any(t => t.Id == task));

    private async Task<CommitResult?> CommitAsync(Commit commit)
    {
        try
        {
            return await journal.CommitAsync(commit);
        }
        catch (CommitOutcomeUnknownException e)
        {
            MustDrop = true;
            LogUnknown(e, id, commit.Name, commit.Kind);
            return null;
        }
    }
}
