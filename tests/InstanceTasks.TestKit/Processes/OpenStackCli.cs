using System.Text.Json;
using System.Text.Json.Nodes;

namespace InstanceTasks.TestKit;

/// <summary>The unmodified <c>openstack</c> command of Debian's package, against one endpoint: without authentication, or with the variables that are given.</summary>
public sealed class OpenStackCli(Uri url, IReadOnlyDictionary<string, string>? access = null)
{
    /// <summary>The Debian package that has the command.</summary>
    public const string Package = "python3-openstackclient";

    /// <summary>The command.</summary>
    public const string Program = "/usr/bin/openstack";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    /// <summary>Whether the package is installed.</summary>
    public static bool IsInstalled => File.Exists(Program);

    /// <summary>Whether its absence is a failure and not a reason to skip.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("INSTANCETASKS_REQUIRE_CLIENTS") == "1";

    /// <summary>Every command that was run, with its exit code and time: for failure messages and the record of a test.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Runs a command, whatever its exit code.</summary>
    public async Task<CliAnswer> TryAsync(params string[] arguments)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        using var child = ChildProcess.Start(Program, arguments, Variables());
        child.CloseInput();
        var code = await child.WaitForExitAsync(Deadline);
        var answer = new CliAnswer(string.Join(' ', arguments), code, child.StandardOutput, child.Output);
        Log.Add($"{watch.Elapsed.TotalSeconds,5:0.0} s  {code,3}  openstack {answer.Command}");
        return answer;
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<CliAnswer> RunAsync(params string[] arguments)
    {
        var answer = await TryAsync(arguments);
        return answer.ExitCode == 0
            ? answer
            : throw new InvalidOperationException($"openstack {answer.Command} ended with {answer.ExitCode}:{Environment.NewLine}{answer.AllOutput}");
    }

    /// <summary>Runs a command that must succeed and reads its JSON.</summary>
    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var answer = await RunAsync([.. arguments, "-f", "json"]);
        return answer.Json();
    }

    private Dictionary<string, string?> Variables()
    {
        var variables = new Dictionary<string, string?>();
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(n => n.StartsWith("OS_", StringComparison.Ordinal)))
        {
            variables[name] = null;
        }

        foreach (var (name, value) in access ?? new Dictionary<string, string> { ["OS_AUTH_TYPE"] = "none", ["OS_ENDPOINT"] = new Uri(url, "/v2.1").ToString() })
        {
            variables[name] = value;
        }

        variables["PYTHONWARNINGS"] = "ignore";
        variables["NO_PROXY"] = "127.0.0.1";
        variables["no_proxy"] = "127.0.0.1";
        return variables;
    }
}

/// <summary>What a command answered.</summary>
/// <param name="Command">Its arguments.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="AllOutput">Both streams.</param>
public sealed record CliAnswer(string Command, int ExitCode, string Output, string AllOutput)
{
    /// <summary>The output as JSON; <c>--wait</c> prints lines of its own before it.</summary>
    public JsonNode Json()
    {
        var start = Output.AsSpan().IndexOfAny('{', '[');
        if (start < 0)
        {
            throw new JsonException($"No JSON from openstack {Command}:{Environment.NewLine}{AllOutput}");
        }

        return JsonNode.Parse(Output[start..]) ?? throw new JsonException($"null from openstack {Command}");
    }
}
