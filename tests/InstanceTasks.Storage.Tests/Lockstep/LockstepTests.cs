using InstanceTasks.Engine;
using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Storage.Tests.Postgres;
using InstanceTasks.Storage.Tests.Sqlite;

namespace InstanceTasks.Storage.Tests.Lockstep;

/// <summary>The journal that the simulator trusts is the one that is shipped: the same operations give the same answers and rows.</summary>
public sealed class LockstepTests
{
    private const int Operations = 400;

    // How many stories a broken promise may go unnoticed in; the right ones are told as many.
    private const int Tries = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [Trait("Requires", "postgresql")]
    public async Task Story_OnTheSimulatedJournalSqliteAndPostgres_HasOneOutcome(int seed)
    {
        await using var simulated = new SimulatedFixture();
        await using var sqlite = await SqliteFixture.CreateAsync();
        await using var postgres = await PostgresFixture.CreateAsync();
        var run = new LockstepRun(seed, simulated, sqlite, postgres);

        AssertNone(await run.FindDifferenceAsync(Operations));

        string[] answers = [.. Enum.GetNames<CommitVerdict>(), nameof(ArgumentException), "True", "False"];
        Assert.All(answers, a => Assert.True(run.Answers.GetValueOrDefault(a) > 0, $"Seed {seed} never led to {a}."));
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    public async Task Story_OnTheSimulatedJournalAndSqlite_HasOneOutcome(int seed)
    {
        await using var simulated = new SimulatedFixture();
        await using var sqlite = await SqliteFixture.CreateAsync();

        AssertNone(await new LockstepRun(seed, simulated, sqlite).FindDifferenceAsync(Operations));
    }

    [Theory]
    [InlineData(nameof(Sabotage.VersionsIgnored))]
    [InlineData(nameof(Sabotage.SequencesIgnored))]
    [InlineData(nameof(Sabotage.ClaimsKept))]
    [InlineData(nameof(Sabotage.CommitsForgotten))]
    [InlineData(nameof(Sabotage.KeysForgotten))]
    [InlineData(nameof(Sabotage.StreamRepeats))]
    [InlineData(nameof(Sabotage.TombstonesIgnored))]
    [InlineData(nameof(Sabotage.CapacityIgnored))]
    public async Task Story_SimulatedJournalThatBreaksAPromise_DiffersFromARightOne(string sabotage)
    {
        var differs = false;
        for (var seed = 1; seed <= Tries && !differs; seed++)
        {
            await using var right = new SimulatedFixture();
            await using var broken = new SimulatedFixture(Enum.Parse<Sabotage>(sabotage));
            differs = await new LockstepRun(seed, right, broken).FindDifferenceAsync(Operations) is not null;
        }

        Assert.True(differs);
    }

    [Theory]
    [InlineData(Wrong.WakesForgotten)]
    [InlineData(Wrong.WakesReadForgotten)]
    [InlineData(Wrong.DueTooEarly)]
    [InlineData(Wrong.LastEventHidden)]
    [InlineData(Wrong.TombstoneDenied)]
    [InlineData(Wrong.QuotaUnexplained)]
    [InlineData(Wrong.OwnersNeverLost)]
    [InlineData(Wrong.QuarantineForgotten)]
    [InlineData(Wrong.AnswerOfKeyForgotten)]
    [InlineData(Wrong.RenewalForgotten)]
    [InlineData(Wrong.LimitsForgotten)]
    [InlineData(Wrong.SecondClaimForgotten)]
    public async Task Story_StoreThatBreaksAPromise_DiffersFromTheSimulatedJournal(Wrong wrong)
    {
        var differs = false;
        for (var seed = 1; seed <= Tries && !differs; seed++)
        {
            await using var simulated = new SimulatedFixture();
            await using var broken = new WrongFixture(await SqliteFixture.CreateAsync(), wrong);
            differs = await new LockstepRun(seed, simulated, broken).FindDifferenceAsync(Operations) is not null;
        }

        Assert.True(differs);
    }

    // Not Assert.Null, which shortens what it shows.
    private static void AssertNone(string? difference) => Assert.True(difference is null, difference);
}
