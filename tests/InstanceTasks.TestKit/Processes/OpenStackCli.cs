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

    /// <summary>Which of Debian's commands: <c>openstack</c>, or the older <c>nova</c>.</summary>
    public string Name { get; init; } = "openstack";

    /// <summary>Whether the package is installed.</summary>
    public static bool IsInstalled => File.Exists(Program);

    /// <summary>Whether its absence is a failure and not a reason to skip.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("INSTANCETASKS_REQUIRE_CLIENTS") == "1";

    /// <summary>Another with the same access and a record of its own.</summary>
    public OpenStackCli(OpenStackCli other)
        : this(other.Url, other.Access)
    {
    }

    /// <summary>What every command answered.</summary>
    public List<CliAnswer> Answers { get; } = [];

    private Uri Url { get; } = url;

    private IReadOnlyDictionary<string, string> Access { get; } =
        access ?? new Dictionary<string, string> { ["OS_AUTH_TYPE"] = "none", ["OS_ENDPOINT"] = new Uri(url, "/v2.1").ToString() };

    /// <summary>Every command that was run, with its exit code and time: for failure messages and the record of a test.</summary>
    public List<string> Log { get; } = [];

    /// <summary>Runs a command, whatever its exit code.</summary>
    public async Task<CliAnswer> TryAsync(params string[] arguments)
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var (code, output, errors) = await OpenStackForge.RunAsync(Name, arguments, Variables());
        var answer = new CliAnswer(arguments, code, output, output + errors);
        Answers.Add(answer);
        Log.Add($"{watch.Elapsed.TotalSeconds,5:0.0} s  {code,3}  {Name} {answer.Command}");
        return answer;
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<CliAnswer> RunAsync(params string[] arguments)
    {
        var answer = await TryAsync(arguments);
        return answer.ExitCode == 0
            ? answer
            : throw new InvalidOperationException($"{Name} {answer.Command} ended with {answer.ExitCode}:{Environment.NewLine}{answer.AllOutput}");
    }

    /// <summary>Runs a command that must succeed and reads its JSON.</summary>
    public async Task<JsonNode> JsonAsync(params string[] arguments)
    {
        var answer = await RunAsync([.. arguments, "-f", "json"]);
        return answer.Json();
    }

    private Dictionary<string, string> Variables()
    {
        var variables = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(v => !v.Key.ToString()!.StartsWith("OS_", StringComparison.Ordinal))
            .ToDictionary(v => v.Key.ToString()!, v => v.Value?.ToString() ?? "");
        foreach (var (name, value) in Access)
        {
            variables[name] = value;
        }

        variables["NO_PROXY"] = "127.0.0.1";
        variables["no_proxy"] = "127.0.0.1";
        return variables;
    }
}

/// <summary>What a command answered.</summary>
/// <param name="Arguments">Its arguments.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="AllOutput">Both streams.</param>
public sealed record CliAnswer(IReadOnlyList<string> Arguments, int ExitCode, string Output, string AllOutput)
{
    /// <summary>The arguments as they are typed.</summary>
    public string Command => string.Join(' ', Arguments);

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
