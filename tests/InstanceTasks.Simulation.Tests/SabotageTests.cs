using InstanceTasks.Simulation.Kernel;
using InstanceTasks.Simulation.Running;

namespace InstanceTasks.Simulation.Tests;

/// <summary>The checks see it when the store or the machines break a promise: a check that cannot fail would prove nothing.</summary>
public sealed class SabotageTests
{
    private const int Seeds = 500;

    public static TheoryData<string> All()
    {
        var data = new TheoryData<string>();
        foreach (var name in Enum.GetNames<Sabotage>().Skip(1))
        {
            data.Add(name);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Run_WithABrokenPromise_IsFound(string sabotage)
    {
        var found = Enumerable.Range(1, Seeds).Select(s => Simulator.Run(new RunOptions(s) { Sabotage = Enum.Parse<Sabotage>(sabotage) })).FirstOrDefault(r => r.Failed);

        Assert.True(found is not null, $"{sabotage} was not seen within {Seeds} seeds.");
    }
}
