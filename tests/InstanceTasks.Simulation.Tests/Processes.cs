using System.Diagnostics;

namespace InstanceTasks.Simulation.Tests;

/// <summary>Runs a program to its end.</summary>
internal static class Processes
{
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string program, string[] arguments, string? directory = null)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory ?? "" };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
