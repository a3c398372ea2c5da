using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>The first report of the outcome does not arrive.</summary>
internal sealed class ReplyLostFault : OnceFault
{
    public override Task OnEndedAsync(AttemptOutcome outcome, Func<AttemptOutcome, Task> deliver)
    {
        if (!Take())
        {
            return deliver(outcome);
        }

        Strike();
        return Task.FromException(new TimeoutException("Injected: the report got lost."));
    }
}

/// <summary>The report of the outcome arrives twice.</summary>
internal sealed class ReplyTwiceFault : OnceFault
{
    public override async Task OnEndedAsync(AttemptOutcome outcome, Func<AttemptOutcome, Task> deliver)
    {
        await deliver(outcome);
        if (Take())
        {
            await deliver(outcome);
            Strike();
        }
    }
}

/// <summary>A report with an older stamp, which says that the step has failed for good, arrives before the outcome and again after it.</summary>
internal sealed class LateReplyFault : OnceFault
{
    public override async Task OnEndedAsync(AttemptOutcome outcome, Func<AttemptOutcome, Task> deliver)
    {
        if (!Take())
        {
            await deliver(outcome);
            return;
        }

        var late = outcome with
        {
            Stamp = outcome.Stamp with { Attempt = outcome.Stamp.Attempt - 1 },
            Result = AttemptResult.Failed,
            Failure = new Failure(FailureKinds.Hypervisor, "Injected: an older attempt failed."),
        };
        await deliver(late);
        await deliver(outcome);
        await deliver(late);
        Strike();
    }
}

/// <summary>The store refuses the first commit for certain.</summary>
internal sealed class StoreFailureFault : OnceFault
{
    public override Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        if (!Take())
        {
            return run();
        }

        Strike();
        return Task.FromException<CommitResult>(new CommitFailedException("Injected: the store is full.") { StoreUnavailable = true });
    }
}

/// <summary>The store takes the commit, and whoever sent it does not hear of it.</summary>
internal sealed class StoreUnknownFault : OnceFault
{
    public override async Task<CommitResult> OnCommitAsync(TaskRecord after, Func<Task<CommitResult>> run)
    {
        var result = await run();
        if (!result.Applied || !Take())
        {
            return result;
        }

        Strike();
        throw new CommitOutcomeUnknownException("Injected: the acknowledgement got lost.");
    }
}

/// <summary>The answer to the request does not arrive.</summary>
internal sealed class AnswerLostFault : PointFault
{
    public async Task<AcceptAnswer> LoseAsync(Func<Task<AcceptAnswer>> ask)
    {
        await ask();
        Strike();
        throw new TimeoutException("Injected: the answer got lost.");
    }
}

/// <summary>The request arrives twice.</summary>
internal sealed class RequestTwiceFault : PointFault
{
    public async Task<AcceptAnswer> RepeatAsync(Func<Task<AcceptAnswer>> ask)
    {
        var answers = await Task.WhenAll(ask(), ask());
        Strike();
        return answers[0] == answers[1] || answers[0].Verdict == answers[1].Verdict
            ? answers[1]
            : throw new InvalidOperationException($"The same request was answered {answers[0].Verdict} and {answers[1].Verdict}.");
    }
}
