using System.Reflection;
using InstanceTasks.Architecture.Tests.Metadata;

namespace InstanceTasks.Architecture.Tests;

/// <summary>Only the step runner reaches a hypervisor, through one entry.</summary>
public sealed class HypervisorReachTests
{
    private const string Hypervisor = "InstanceTasks.Hypervisors.IHypervisor";
    private const string Runner = "InstanceTasks.Grains.Workers.StepRunner";

    // The interface, and each driver: calling a driver directly would be the way around the rule.
    private static readonly IReadOnlyList<string> Hypervisors = [.. Drivers().Select(driver => driver.FullName!).Append(Hypervisor)];

    [Fact]
    public void Calls_OfAHypervisor_ComeFromTheStepRunnerAlone() => Assert.Equal([Runner], Callers(Product.Uses));

    [Fact]
    public void Mentions_OfAHypervisor_ComeFromTheStepRunnerAndTheWiring()
    {
        var mentioning = Product.Uses
            .Where(uses => uses.Assembly is not ("InstanceTasks.Hypervisors" or "instancetasks-silo"))
            .SelectMany(uses => uses.All)
            .Where(use => Hypervisors.Contains(use.Type))
            .Select(use => use.User)
            .Distinct(StringComparer.Ordinal);
        Assert.Equal([Runner], mentioning);
    }

    [Fact]
    public void StepRunner_PublicEntries_AreOne()
    {
        var runner = Product.Load("InstanceTasks.Grains").GetType(Runner, throwOnError: true)!;
        Assert.Equal(["ExecuteTaskOnInstance"], Entries(runner));
    }

    [Fact]
    public void Drivers_AreFound() => Assert.NotEmpty(Drivers());

    [Fact]
    public void Callers_OfAPlantedHypervisor_AreAllFound()
    {
        var planted = AssemblyUses.Read(typeof(HypervisorReachTests).Assembly.Location);
        var callers = CallersOf(planted.All, [typeof(Planted.IMachine).FullName!]);
        Assert.Equal(
            [typeof(Planted.AwaitsInALambda).FullName, typeof(Planted.CallsDirectly).FullName, typeof(Planted.PassesAMethodGroup).FullName],
            callers);
    }

    [Fact]
    public void Entries_OfAPlantedRunner_AreItsPublicMethods() => Assert.Equal(["One", "Two"], Entries(typeof(Planted.HasTwoEntries)));

    private static IEnumerable<string> Callers(IEnumerable<AssemblyUses> assemblies) =>
        CallersOf(assemblies.Where(uses => uses.Assembly != "InstanceTasks.Hypervisors").SelectMany(uses => uses.All), Hypervisors);

    private static IOrderedEnumerable<string> CallersOf(IEnumerable<Use> uses, IReadOnlyList<string> targets) =>
        uses.Where(use => targets.Contains(use.Type) && use.Member is not (null or ".ctor")).Select(use => use.User).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static IEnumerable<Type> Drivers() =>
        Product.Load("InstanceTasks.Hypervisors").GetTypes().Where(type => !type.IsInterface && type.GetInterface(Hypervisor) is not null);

    private static IOrderedEnumerable<string> Entries(Type type) => type
        .GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(method => !method.IsSpecialName && method.Name is not ("Dispose" or "DisposeAsync"))
        .Select(method => method.Name)
        .Order(StringComparer.Ordinal);
}
