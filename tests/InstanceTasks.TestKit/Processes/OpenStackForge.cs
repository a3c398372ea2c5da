using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit;

/// <summary>
/// Runs Debian's command-line clients by their own entry points, each command in a process of its own that is forked from one which has their modules loaded:
/// starting an interpreter for each of hundreds of commands would take longer than the commands.
/// </summary>
internal static class OpenStackForge
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<string>> Started = new(StartAsync);

    /// <summary>Runs a command with these variables and no others.</summary>
    /// <returns>Its exit code, and what it wrote to each stream.</returns>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string program, string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(await Started.Value));
        await using var stream = new NetworkStream(socket);
        var request = JsonSerializer.Serialize(new { program, arguments, environment });
        await stream.WriteAsync(Encoding.UTF8.GetBytes($"{request}\n"));
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var line = await reader.ReadLineAsync() ?? throw new IOException($"The process that runs {program} ended without an answer.");
        var answer = JsonNode.Parse(line)!;
        return (answer["code"]!.GetValue<int>(), answer["out"]!.GetValue<string>(), answer["err"]!.GetValue<string>());
    }

    // It ends with the test run, as every child of one does.
    private static async Task<string> StartAsync()
    {
        var socket = Path.Combine(Directory.CreateTempSubdirectory("forge").FullName, "s");
        var script = Path.Combine(RepoRoot.Path, "tests", "InstanceTasks.TestKit", "Processes", "openstack_forge.py");
        var child = ChildProcess.Start("/usr/bin/python3", ["-B", "-W", "ignore", script, socket]);
        child.CloseInput();
        await Eventually.TrueAsync(
            () => child.HasExited ? throw new InvalidOperationException(child.Output) : child.StandardOutput.Contains("ready", StringComparison.Ordinal),
            StartDeadline,
            "the clients are loaded",
            () => child.Output);
        return socket;
    }
}
