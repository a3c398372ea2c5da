using System.Collections.Immutable;
using InstanceTasks.Engine;

namespace InstanceTasks.TestKit.Faults;

/// <summary>
/// A journal that does to chosen writes what a database connection can do: lose the acknowledgement, lose the write, deliver it late, or
/// refuse it. Everything else goes through unchanged.
/// </summary>
public sealed class FaultyJournal(IJournal inner) : IJournal
{
    private ImmutableList<JournalFaultRule> _rules = [];

    /// <inheritdoc/>
    public int ClusterEpoch => inner.ClusterEpoch;

    /// <summary>The rules so far.</summary>
    public IReadOnlyList<JournalFaultRule> Rules => _rules;

    /// <summary>Injects a fault into the nth commit that matches, and into the following ones up to <paramref name="times"/>.</summary>
    public JournalFaultRule OnCommit(JournalFault fault, Func<Commit, bool> when, int nth = 1, int times = 1) => Add(new(fault, when, nth, times));

    /// <summary>Injects a fault into the nth commit of a name, and of a kind if one is given.</summary>
    public JournalFaultRule OnCommit(JournalFault fault, string name, string? kind = null, int nth = 1, int times = 1) =>
        OnCommit(fault, commit => commit.Name == name && (kind is null || commit.Kind.Name == kind), nth, times);

    /// <summary>Injects a fault into the nth tombstone.</summary>
    public JournalFaultRule OnRefuse(JournalFault fault, int nth = 1, int times = 1) => Add(new(fault, null, nth, times));

    /// <summary>Removes all rules: from now on everything goes through. Late writes can still be released.</summary>
    public void Heal() => _rules = [];

    /// <summary>Fails unless every rule has fired: a fault test that injected nothing proves nothing.</summary>
    public void AssertAllFired()
    {
        if (_rules.FirstOrDefault(rule => rule.Fired == 0) is { } idle)
        {
            throw new InvalidOperationException($"The rule for {idle.Fault} has not fired; it saw {idle.Seen} writes that match.");
        }
    }

    /// <inheritdoc/>
    public async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        if (_rules.Find(rule => rule.Catches(commit)) is not { } rule)
        {
            return await inner.CommitAsync(commit, cancellationToken);
        }

        await InjectAsync(rule, async () => (await inner.CommitAsync(commit, CancellationToken.None)).Applied);
        throw Outcome(rule, $"commit '{commit.Name}' of '{commit.Kind}'");
    }

    /// <inheritdoc/>
    public async Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        if (_rules.Find(rule => rule.Catches(null)) is not { } rule)
        {
            return await inner.RefuseAsync(id, cancellationToken);
        }

        await InjectAsync(rule, () => inner.RefuseAsync(id, CancellationToken.None));
        throw Outcome(rule, $"tombstone of {id}");
    }

    /// <inheritdoc/>
    public Task<StoredTask?> ReadTaskAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadTaskAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<InstanceRecord?> ReadInstanceAsync(InstanceId id, CancellationToken cancellationToken = default) => inner.ReadInstanceAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredEvents>> ReadEventsAsync(TaskId id, CancellationToken cancellationToken = default) => inner.ReadEventsAsync(id, cancellationToken);

    /// <inheritdoc/>
    public Task<StoredIdempotency?> ReadIdempotencyAsync(ProjectId project, UserId user, string key, CancellationToken cancellationToken = default) =>
        inner.ReadIdempotencyAsync(project, user, key, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<DueTask>> ReadDueAsync(int shard, int limit, CancellationToken cancellationToken = default) => inner.ReadDueAsync(shard, limit, cancellationToken);

    /// <inheritdoc/>
    public Task<TimeSpan?> ReadNextDueAsync(int shard, CancellationToken cancellationToken = default) => inner.ReadNextDueAsync(shard, cancellationToken);

    /// <inheritdoc/>
    public Task QuarantineAsync(TaskId id, string reason, CancellationToken cancellationToken = default) => inner.QuarantineAsync(id, reason, cancellationToken);

    private static async Task InjectAsync(JournalFaultRule rule, Func<Task<bool>> apply)
    {
        if (rule.Fault == JournalFault.AcknowledgementLost)
        {
            await apply();
        }
        else if (rule.Fault == JournalFault.AppliedLate)
        {
            rule.Hold(apply);
        }

        rule.Announce();
    }

    private static Exception Outcome(JournalFaultRule rule, string what) => rule.Fault == JournalFault.DefiniteFailure
        ? new CommitFailedException($"Injected: the {what} failed.")
        : new CommitOutcomeUnknownException($"Injected ({rule.Fault}): the outcome of the {what} is not known.");

    private JournalFaultRule Add(JournalFaultRule rule)
    {
        ImmutableInterlocked.Update(ref _rules, (rules, added) => rules.Add(added), rule);
        return rule;
    }
}
