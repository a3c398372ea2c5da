using System.Collections.Immutable;
using InstanceTasks.Engine;

namespace InstanceTasks.TestKit.Faults;

/// <summary>
/// A journal that does to chosen writes what a database connection can do: lose the acknowledgement, lose the write, deliver it late, or
/// refuse it. Everything else goes through unchanged.
/// </summary>
public sealed class FaultyJournal(IJournal inner) : ForwardingJournal(inner)
{
    private ImmutableList<JournalFaultRule> _rules = [];

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
    public override async Task<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken = default)
    {
        if (_rules.Find(rule => rule.Catches(commit)) is not { } rule)
        {
            return await Inner.CommitAsync(commit, cancellationToken);
        }

        await InjectAsync(rule, async () => (await Inner.CommitAsync(commit, CancellationToken.None)).Applied);
        throw Outcome(rule, $"commit '{commit.Name}' of '{commit.Kind}'");
    }

    /// <inheritdoc/>
    public override async Task<bool> RefuseAsync(TaskId id, CancellationToken cancellationToken = default)
    {
        if (_rules.Find(rule => rule.Catches(null)) is not { } rule)
        {
            return await Inner.RefuseAsync(id, cancellationToken);
        }

        await InjectAsync(rule, () => Inner.RefuseAsync(id, CancellationToken.None));
        throw Outcome(rule, $"tombstone of {id}");
    }

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
