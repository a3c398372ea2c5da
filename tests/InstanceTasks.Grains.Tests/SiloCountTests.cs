using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests;

/// <summary>On how many silos a test runs that does not say so.</summary>
public sealed class SiloCountTests
{
    [Theory]
    [InlineData(null, 1)]
    [InlineData("", 1)]
    [InlineData("3", 3)]
    public void ParseSilos_ANumber_IsTaken(string? text, int silos) => Assert.Equal(silos, InProcessOptions.ParseSilos(text));

    [Theory]
    [InlineData("0")]
    [InlineData("10")]
    [InlineData("-1")]
    [InlineData("three")]
    public void ParseSilos_AnythingElse_IsRefusedByName(string text) =>
        Assert.Contains("INSTANCETASKS_SILOS", Assert.Throws<InvalidOperationException>(() => InProcessOptions.ParseSilos(text)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Start_WithoutANumber_StartsThatMany()
    {
        await using var silos = await InProcessSilos.StartAsync();

        Assert.Equal(InProcessOptions.DefaultSilos, silos.Silos.Count);
    }
}
