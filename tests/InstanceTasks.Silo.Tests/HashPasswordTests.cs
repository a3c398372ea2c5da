namespace InstanceTasks.Silo.Tests;

/// <summary>The command that makes a line of the users file.</summary>
public sealed class HashPasswordTests
{
    [Fact]
    public async Task Run_PasswordOnStandardInput_PrintsALineWithoutIt()
    {
        var (exit, output, error) = await RunAsync("open sesame\n", "--user", "ann", "--project", "demo", "--roles", "member,reader");

        Assert.Equal((0, ""), (exit, error));
        Assert.Matches("^ann:demo:member,reader:[A-Za-z0-9+/]{80,}={0,2}\n$", output.ReplaceLineEndings("\n"));
        Assert.DoesNotContain("sesame", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x\n", "--user", "ann")]
    [InlineData("x\n", "--user", "ann", "--project")]
    [InlineData("x\n", "--user", "an:n", "--project", "demo")]
    [InlineData("x\n", "--user", "ann", "--project", "demo", "--roles", "king")]
    [InlineData("x\n", "--user", "ann", "--project", "demo", "--password", "secret")]
    [InlineData("\n", "--user", "ann", "--project", "demo")]
    [InlineData("", "--user", "ann", "--project", "demo")]
    public async Task Run_WhatCannotBe_IsRefusedWithHelp(string input, params string[] args)
    {
        var (exit, output, error) = await RunAsync(input, args);

        Assert.Equal((2, ""), (exit, output));
        Assert.Contains("usage: hash-password", error, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(string input, params string[] args)
    {
        using var reader = new StringReader(input);
        await using var output = new StringWriter();
        await using var error = new StringWriter();
        return (await HashPasswordCommand.RunAsync(args, reader, output, error), output.ToString(), error.ToString());
    }
}
