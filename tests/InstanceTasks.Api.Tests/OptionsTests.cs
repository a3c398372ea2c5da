using InstanceTasks.Api.Auth;

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

        var problem = Record.Exception(() => LoopbackOnly.Check(options, ["http://127.0.0.1:1", url]));

        Assert.Equal(allowed, problem is null);
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
