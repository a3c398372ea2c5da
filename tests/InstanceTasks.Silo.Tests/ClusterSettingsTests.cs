using Microsoft.Extensions.Configuration;

namespace InstanceTasks.Silo.Tests;

public sealed class ClusterSettingsTests
{
    /// <summary>Orleans' own connections are plain: whoever reached the port commanded the cluster, and nothing said so.</summary>
    [Theory]
    [InlineData("10.0.0.7")]
    [InlineData("0.0.0.0")]
    [InlineData("fd00::7")]
    public void Of_AnAddressBeyondLoopback_IsRefusedUntilTheNetworkIsSaidToBeTrusted(string address)
    {
        var error = Assert.Throws<SettingsException>(() => ClusterSettings.Of(Configuration(address, trusted: null)));

        Assert.Contains("Cluster:TrustedNetwork", error.Message, StringComparison.Ordinal);
        Assert.Equal(address, ClusterSettings.Of(Configuration(address, trusted: "true")).Address);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public void Of_ALoopbackAddress_NeedsNothingMore(string address) => Assert.Equal(address, ClusterSettings.Of(Configuration(address, trusted: null)).Address);

    private static IConfiguration Configuration(string address, string? trusted) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Storage:Provider"] = "postgres",
        ["Cluster:Id"] = "c",
        ["Cluster:Address"] = address,
        ["Cluster:TrustedNetwork"] = trusted,
    }).Build();
}
