using InstanceTasks.Api.Auth;
using Microsoft.Extensions.Configuration;

namespace InstanceTasks.Api.Tests;

public sealed class OptionsTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8774", true)]
    [InlineData("http://127.1.2.3:1", true)]
    [InlineData("http://localhost:8774", true)]
    [InlineData("http://[::1]:8774", true)]
    [InlineData("http://unix:/tmp/x.sock", true)]
    [InlineData("http://0.0.0.0:8774", false)]
    [InlineData("http://[::]:8774", false)]
    [InlineData("http://*:8774", false)]
    [InlineData("http://+:8774", false)]
    [InlineData("http://10.0.0.1:8774", false)]
    [InlineData("http://localhost.evil.example:8774", false)]
    public void Check_WithoutAuthentication_OnlyLoopback(string url, bool allowed)
    {
        var options = new ApiOptions();

        var problem = Record.Exception(() => ListenRules.Check(options, ["http://127.0.0.1:1", url]));

        Assert.Equal(allowed, problem is null);
    }

    [Theory]
    [InlineData(AuthMode.None, "https://0.0.0.0:8774", true, false)]
    [InlineData(AuthMode.None, "https://127.0.0.1:8774", false, true)]
    [InlineData(AuthMode.HttpBasic, "http://127.0.0.1:8774", false, true)]
    [InlineData(AuthMode.HttpBasic, "http://0.0.0.0:8774", false, false)]
    [InlineData(AuthMode.Identity, "http://10.0.0.1:8774", false, false)]
    [InlineData(AuthMode.Keystone, "http://*:8774", false, false)]
    [InlineData(AuthMode.Keystone, "http://*:8774", true, true)]
    [InlineData(AuthMode.Identity, "https://*:8774", false, true)]
    public void Check_WithAuthentication_PlainHttpOnlyOnLoopbackOrBehindAProxyThatIsNamed(AuthMode mode, string url, bool proxy, bool allowed)
    {
        var problem = Record.Exception(() => ListenRules.Check(new ApiOptions { Auth = mode, TlsTerminatedByProxy = proxy }, ["http://127.0.0.1:1", url]));

        Assert.Equal(allowed ? null : typeof(ListenAddressException), problem?.GetType());
    }

    [Theory]
    [InlineData("none", AuthMode.None)]
    [InlineData("http_basic", AuthMode.HttpBasic)]
    [InlineData("Identity", AuthMode.Identity)]
    [InlineData("keystone", AuthMode.Keystone)]
    public void Auth_IsConfiguredByTheNamesThatOpenStackUses(string text, AuthMode mode)
    {
        var options = new ApiOptions();
        new ConfigurationBuilder().AddInMemoryCollection([new("Auth", text)]).Build().Bind(options);

        Assert.Equal(mode, options.Auth);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("7")]
    [InlineData("basic")]
    [InlineData("none,identity")]
    public void Auth_AnythingElse_IsRefusedAndNeverNoAuthentication(string text)
    {
        var options = new ApiOptions { Auth = AuthMode.Keystone };
        new ConfigurationBuilder().AddInMemoryCollection([new("Auth", text)]).Build().Bind(options);

        Assert.NotEqual(AuthMode.None, options.Auth);
        Assert.False(new ApiOptionsValidator().Validate(null, options).Succeeded);
    }

    [Fact]
    public void Validate_ModesWithoutWhatTheyNeed_AreRefused()
    {
        Assert.Single(new ApiOptionsValidator().Validate(null, new() { Auth = AuthMode.HttpBasic }).Failures!);
        Assert.Single(new ApiOptionsValidator().Validate(null, new() { Auth = AuthMode.Identity }).Failures!);
        Assert.Equal(2, new ApiOptionsValidator().Validate(null, new() { Auth = AuthMode.Keystone }).Failures!.Count());
        Assert.Single(new ApiOptionsValidator().Validate(null, new() { Limits = new() { Burst = 0 } }).Failures!);
    }

    [Fact]
    public void Validate_Defaults_Pass() => Assert.True(new ApiOptionsValidator().Validate(null, new()).Succeeded);

    [Fact]
    public void Validate_BadValues_AreAllNamed()
    {
        var result = new ApiOptionsValidator().Validate(null, new() { UserId = "a_b", PublicUrl = "ftp://x", ImageId = "x", MaxTaskWait = TimeSpan.Zero, MaxKeyPairs = 0 });

        Assert.Equal(5, result.Failures!.Count());
    }
}
