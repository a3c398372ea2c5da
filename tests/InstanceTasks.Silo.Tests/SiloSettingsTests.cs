namespace InstanceTasks.Silo.Tests;

public sealed class SiloSettingsTests
{
    [Fact]
    public void Parse_Nothing_IsVarOnLoopbackPort8774()
    {
        var settings = SiloSettings.Parse([]);

        Assert.Equal(Path.GetFullPath("var"), settings.DataDirectory);
        Assert.Equal(["http://127.0.0.1:8774"], settings.Urls);
        Assert.Null(settings.ConfigFile);
    }

    [Fact]
    public void Parse_SeparateAndJoinedValues_MeanTheSame()
    {
        var separate = SiloSettings.Parse(["--urls", "http://127.0.0.1:1; http://[::1]:2", "--data", "d", "--config", "c.json"]);
        var joined = SiloSettings.Parse(["--urls=http://127.0.0.1:1;http://[::1]:2", "--data=d", "--config=c.json"]);

        Assert.Equal(separate.Urls, joined.Urls);
        Assert.Equal(["http://127.0.0.1:1", "http://[::1]:2"], joined.Urls);
        Assert.Equal((separate.DataDirectory, separate.ConfigFile), (joined.DataDirectory, joined.ConfigFile));
        Assert.Equal(Path.GetFullPath("c.json"), joined.ConfigFile);
    }

    [Theory]
    [InlineData("--data")]
    [InlineData("--data=")]
    [InlineData("--port", "1")]
    [InlineData("serve")]
    public void Parse_WhatItDoesNotKnow_NamesItAndTheOptions(params string[] args)
    {
        var refused = Assert.Throws<SettingsException>(() => SiloSettings.Parse(args));

        Assert.Contains(args[0].Split('=')[0], refused.Message, StringComparison.Ordinal);
        Assert.Contains("--urls URL, --data DIR, --config FILE", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_AreInTheDataDirectory()
    {
        var settings = SiloSettings.Parse(["--data", "/data/one"]);

        Assert.Equal("/data/one/world.db", settings.WorldFile);
        Assert.Contains("/data/one/orleans.db", settings.OrleansConnectionString, StringComparison.Ordinal);
    }
}
