using InstanceTasks.Engine;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;

namespace InstanceTasks.Silo.Tests;

/// <summary>What the person who starts it can mend is said in one line on the error output, with exit code 2.</summary>
public sealed class SiloProgramTests : IDisposable
{
    private readonly TempDirectory _data = new();
    private readonly TextWriter _error = Console.Error;
    private readonly StringWriter _said = new();

    public SiloProgramTests() => Console.SetError(_said);

    public void Dispose()
    {
        Console.SetError(_error);
        _data.Dispose();
        _said.Dispose();
    }

    [Fact]
    public async Task Run_OnADirectoryInUse_IsRefusedAndNamesIt()
    {
        using var other = DirectoryLock.Take(_data.Path);

        var exit = await RunAsync("--urls", "http://127.0.0.1:0");

        Assert.Equal(2, exit);
        Assert.Contains($"The data directory {_data.Path} is in use by process {Environment.ProcessId}", Line(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://*:0")]
    [InlineData("http://127.0.0.1:0;http://[::]:0")]
    public async Task Run_WithoutAuthenticationBeyondLoopback_IsRefusedBeforeAnythingIsOpened(string urls)
    {
        var exit = await RunAsync("--urls", urls);

        Assert.Equal(2, exit);
        Assert.Contains("auth: none is for loopback addresses only", Line(), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_data.Path));
    }

    [Fact]
    public async Task Run_WithAnUnknownOption_IsRefused()
    {
        Assert.Equal(2, await SiloProgram.RunAsync(["--port", "1"]));
        Assert.Contains("--port", Line(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithOptionsThatContradictEachOther_SaysWhatToSet()
    {
        var config = _data.Combine("silo.json");
        await File.WriteAllTextAsync(config, """{ "Lease": { "Length": "00:00:01" }, "Recovery": { "ReminderPeriod": "00:00:02" } }""");

        var exit = await RunAsync("--urls", "http://127.0.0.1:0", "--config", config);

        Assert.Equal(2, exit);
        Assert.Contains("Lease:Length must be at least twice Lease:RenewEvery", _said.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0", """{ "Api": { "Auth": "keystone", "Keystone": { "Url": "https://keystone/v3", "Username": "nova", "Password": "x" } } }""", "without TLS")]
    [InlineData("https://127.0.0.1:0", "{}", "needs a certificate")]
    [InlineData("https://127.0.0.1:0", """{ "Kestrel": { "Certificates": { "Default": { "Path": "/nonexistent.pem" } } } }""", "/nonexistent.pem does not exist")]
    [InlineData("http://127.0.0.1:0", """{ "Kestrel": { "Endpoints": { "Out": { "Url": "https://127.0.0.1:0" } } } }""", "needs a certificate")]
    [InlineData("http://127.0.0.1:0", """{ "Kestrel": { "Endpoints": { "Out": { "Url": "http://0.0.0.0:0" } } } }""", "auth: none is for loopback")]
    [InlineData("http://127.0.0.1:0", """{ "Api": { "Auth": "identity", "UsersFile": "users" } }""", "users cannot be read")]
    [InlineData("http://127.0.0.1:0", """{ "Api": { "Auth": "identity" } }""", "UsersFile must name")]
    [InlineData("http://127.0.0.1:0", """{ "Api": { "Auth": "keystone", "Keystone": { "Username": "nova", "Password": "x" } } }""", "Keystone:Url")]
    public async Task Run_WithAccessThatCannotBe_IsRefused(string urls, string settings, string said)
    {
        var config = _data.Combine("silo.json");
        await File.WriteAllTextAsync(config, settings);

        var exit = await RunAsync("--urls", urls, "--config", config);

        Assert.Equal(2, exit);
        Assert.Contains(said, Line(), StringComparison.Ordinal);
    }

    /// <summary>
    /// In an hour of faults silos ended with a stack trace, since the database went away between its opening and the comparison of stamps: who restarts them must see at a glance that nothing is
    /// wrong with the silo.
    /// </summary>
    [Fact]
    public void Start_DatabaseGoesAwayMeanwhile_IsSaidInOneLine()
    {
        var e = new StoreUnavailableException("The database cannot be read now.", new TimeoutException("Timeout during reading attempt"));

        Assert.True(SiloProgram.IsConfiguration(e));
        Assert.Equal("The database cannot be read now. (Timeout during reading attempt)", SiloProgram.Explain(e));
    }

    private Task<int> RunAsync(params string[] args) => SiloProgram.RunAsync(["--data", _data.Path, .. args]);

    /// <summary>The one line that was said.</summary>
    private string Line()
    {
        var line = Assert.Single(_said.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("instancetasks-silo: ", line, StringComparison.Ordinal);
        return line;
    }
}
