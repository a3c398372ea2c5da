using Microsoft.Extensions.Logging;

namespace InstanceTasks.Engine;

/// <summary>
/// One run of retention, batch by batch: reads what is over, writes it into the archive, takes it away. The archive is on disk before anything goes: a process that dies in
/// between leaves a batch in the archive that is archived once more, and loses nothing. Of two that run at once one has the claim.
/// </summary>
public sealed partial class RetentionActor(IRetention store, IArchive archive, RetentionOptions options, TimeProvider time, ILogger<RetentionActor> logger)
{
    // Longer than a batch takes, and renewed for each.
    private static readonly TimeSpan Claim = TimeSpan.FromMinutes(5);

    private readonly Guid _run = Guid.NewGuid();
    private PurgeReport _total = new(0, 0, 0);

    /// <summary>Does one batch.</summary>
    public async Task<RetentionStep> StepAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            var step = await ClaimAndPurgeAsync(cancellationToken);
            RetentionInstruments.OnStep(step);
            return step;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            RetentionInstruments.OnFailure();
            throw;
        }
    }

    private async Task<RetentionStep> ClaimAndPurgeAsync(CancellationToken cancellationToken)
    {
        switch (await store.ClaimPurgeAsync(_run, Claim, cancellationToken))
        {
            case PurgeClaim.Held:
                LogHeld();
                return RetentionStep.Held;
            case PurgeClaim.Busy:
                LogBusy();
                return RetentionStep.Busy;
            default:
                return await PurgeAsync(cancellationToken);
        }
    }

    private async Task<RetentionStep> PurgeAsync(CancellationToken cancellationToken)
    {
        var batch = await store.ReadRipeAsync(options.Longest, options.BatchSize, cancellationToken);
        if (batch.IsEmpty)
        {
            return await EndAsync(cancellationToken);
        }

        RetentionInstruments.OnArchived(await archive.WriteAsync(batch, cancellationToken));
        Failpoints.Hit("archived");
        if (await store.PurgeAsync(_run, options.Longest, batch, cancellationToken) is not { } report)
        {
            LogLost();
            return RetentionStep.Lost;
        }

        Failpoints.Hit("purged");
        RetentionInstruments.OnPurged(report);
        _total = new(_total.Tasks + report.Tasks, _total.Servers + report.Servers, _total.Events + report.Events);
        // What was read and could not be taken away would be read again, and archived again, at once.
        return batch.IsFull && report.Tasks + report.Servers > 0 ? RetentionStep.More : await EndAsync(cancellationToken);
    }

    private async Task<RetentionStep> EndAsync(CancellationToken cancellationToken)
    {
        await store.EndPurgeAsync(_run, cancellationToken);
        RetentionInstruments.OnEnd(time.GetUtcNow());
        if (_total.Tasks + _total.Servers > 0)
        {
            LogEnded(_total.Tasks, _total.Servers, _total.Events);
        }

        _total = new(0, 0, 0);
        return RetentionStep.Done;
    }
}

/// <summary>How a step of retention ended.</summary>
public enum RetentionStep
{
    /// <summary>There is more to do.</summary>
    More = 0,

    /// <summary>Nothing is left to do.</summary>
    Done = 1,

    /// <summary>Another run is doing it.</summary>
    Busy = 2,

    /// <summary>There is a hold on everything.</summary>
    Held = 3,

    /// <summary>The claim was lost, or a hold came, between reading and taking away: nothing went.</summary>
    Lost = 4,
}
