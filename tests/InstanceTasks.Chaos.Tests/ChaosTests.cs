using InstanceTasks.Chaos.Running;
using Xunit.Abstractions;

namespace InstanceTasks.Chaos.Tests;

/// <summary>Real silos under load, and whatever can happen to them; another seed each time.</summary>
[Trait("Requires", "postgresql")]
public sealed class ChaosTests(ITestOutputHelper output)
{
    private const string GivenSeed = "INSTANCETASKS_CHAOS_SEED";
    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(2.5);

    [ChaosFact]
    public async Task Run_FaultsForMinutes_NothingIsViolated()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable(GivenSeed) ?? $"{Random.Shared.Next(1_000_000)}");
        var result = await new ChaosRun(new() { Seed = seed, Duration = Budget, Say = output.WriteLine }).RunAsync();

        // What begins so is printed by test.sh.
        output.WriteLine($"report: {GivenSeed}={seed} asks for the same again");
        foreach (var line in ChaosReport.Lines(result))
        {
            output.WriteLine($"report: {line}");
        }

        Assert.True(result.Passed, string.Join(Environment.NewLine, result.Problems));
        Assert.NotEmpty(result.Faults);
        Assert.True(result.History.Calls.Count(c => c is { Accepted: true, IsRead: false }) >= 50, "Clients got hardly anything done.");
        Assert.NotEmpty(result.History.Deliveries);
    }
}
