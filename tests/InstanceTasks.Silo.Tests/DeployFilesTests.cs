using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using InstanceTasks.Api;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using YamlDotNet.RepresentationModel;

namespace InstanceTasks.Silo.Tests;

/// <summary>What <c>deploy/</c> and <c>silo-config/</c> say is what the settings know, and what of it can be checked without running it is right.</summary>
public sealed partial class DeployFilesTests
{
    private static readonly Dictionary<string, Type> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Api"] = typeof(ApiOptions), ["Hypervisor"] = typeof(SimulatedHypervisorOptions), ["Storage"] = typeof(PostgresStorageOptions), ["Lease"] = typeof(LeaseOptions),
        ["Recovery"] = typeof(RecoveryOptions), ["Workers"] = typeof(WorkerOptions), ["Limits"] = typeof(LimitOptions), ["Cluster"] = typeof(ClusterSettings), ["Stop"] = typeof(StopOptions),
        ["Admission"] = typeof(AdmissionOptions), ["Retention"] = typeof(RetentionOptions),
    };

    private static string Deploy => Path.Combine(RepoRoot.Path, "deploy");

    public static TheoryData<string> ConfigurationFiles => [.. Directory.EnumerateFiles(Path.Combine(RepoRoot.Path, "silo-config"), "*.json").Select(f => Path.GetFileName(f))];

    public static TheoryData<string> DeployFiles => [.. AllDeployFiles];

    private static IEnumerable<string> AllDeployFiles => Directory.EnumerateFiles(Deploy, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Deploy, f));

    [Theory]
    [MemberData(nameof(ConfigurationFiles))]
    public void ReadyConfiguration_EveryKey_IsKnown(string file)
    {
        var keys = KeysOf("", JsonNode.Parse(File.ReadAllText(Path.Combine(RepoRoot.Path, "silo-config", file)))!).ToList();

        Assert.NotEmpty(keys);
        Assert.DoesNotContain(keys, k => !IsKnown(k));
    }

    [Theory]
    [MemberData(nameof(DeployFiles))]
    public void DeployFile_EveryVariable_IsAKnownKey(string file) =>
        Assert.DoesNotContain(Variables(file), v => v is not "SILO" && !IsKnown(v.Replace("__", ":", StringComparison.Ordinal)));

    [Fact]
    public void DeployFiles_NameVariables_SoThatTheCheckIsOne() => Assert.True(AllDeployFiles.Sum(f => Variables(f).Count()) > 20);

    [Theory]
    [InlineData("Cluster:Address", true)]
    [InlineData("Api:Events:HeartBeat", true)]
    [InlineData("Cluster:Adress", false)]
    [InlineData("Api:Events:Heart", false)]
    [InlineData("Rôle", false)]
    public void IsKnown_TellsKeysFromMistakes(string key, bool known) => Assert.Equal(known, IsKnown(key));

    [Fact]
    public void Compose_Services_AreACluster()
    {
        var services = (YamlMappingNode)Load("compose/compose.yaml").Single()["services"];

        Assert.Equal(["frontend-1", "frontend-2", "haproxy", "postgres", "silo-1", "silo-2", "silo-3"], services.Children.Keys.Select(k => k.ToString()).Order(StringComparer.Ordinal));
        foreach (var silo in services.Where(s => s.Key.ToString().StartsWith("silo-", StringComparison.Ordinal)))
        {
            Assert.Equal(silo.Value["environment"]["INSTANCETASKS_Cluster__Address"], silo.Value["networks"]["default"]["ipv4_address"]);
            Assert.Equal(silo.Key, silo.Value["environment"]["INSTANCETASKS_Cluster__Name"]);
        }
    }

    [Fact]
    public void Kubernetes_ProbesPortsAndTimes_FitEachOther()
    {
        var documents = Load("kubernetes/instancetasks.yaml");
        var settings = documents.Single(d => Is(d, "ConfigMap"))["data"];
        var stop = TimeSpan.Parse(settings["INSTANCETASKS_Stop__DrainTime"].ToString()) + TimeSpan.Parse(settings["INSTANCETASKS_Stop__Limit"].ToString());
        var cluster = JsonNode.Parse(File.ReadAllText(Path.Combine(RepoRoot.Path, "silo-config", "cluster.json")))!["Cluster"]!;
        foreach (var workload in documents.Where(d => Is(d, "StatefulSet") || Is(d, "Deployment")))
        {
            var pod = workload["spec"]["template"]["spec"];
            var container = ((YamlSequenceNode)pod["containers"]).Single();
            Assert.True(int.Parse(pod["terminationGracePeriodSeconds"].ToString()) > stop.TotalSeconds);
            Assert.Equal(("/health/ready", "/health/live"), (container["readinessProbe"]["httpGet"]["path"].ToString(), container["livenessProbe"]["httpGet"]["path"].ToString()));
            Assert.Contains(documents, d => Is(d, "PodDisruptionBudget") && d["spec"]["selector"]["matchLabels"].Equals(workload["spec"]["selector"]["matchLabels"]));
            var ports = ((YamlSequenceNode)container["ports"]).ToDictionary(p => p["name"].ToString(), p => p["containerPort"].ToString());
            Assert.Equal("8774", ports["http"]);
            Assert.True(!Is(workload, "StatefulSet") || (ports["silo"], ports["gateway"]) == ($"{cluster["SiloPort"]}", $"{cluster["GatewayPort"]}"));
        }
    }

    [Fact]
    public void SystemdUnit_WaitsAsLongAsTheStopTakes()
    {
        var unit = File.ReadAllLines(Path.Combine(Deploy, "systemd", "instancetasks@.service"));
        var stop = JsonNode.Parse(File.ReadAllText(Path.Combine(RepoRoot.Path, "silo-config", "cluster.json")))!["Stop"]!;

        var seconds = int.Parse(Assert.Single(unit, l => l.StartsWith("TimeoutStopSec=", StringComparison.Ordinal)).Split('=')[1]);

        Assert.True(seconds > (TimeSpan.Parse((string)stop["DrainTime"]!) + new StopOptions().Limit).TotalSeconds);
    }

    [ToolTheory("systemd-analyze")]
    [InlineData("verify", "systemd/instancetasks@.service", "instancetasks@.service")]
    public async Task SystemdUnit_Verify_FindsNothing(string command, string file, string name) =>
        Assert.DoesNotContain(name, await RunAsync("systemd-analyze", [command, Path.Combine(Deploy, file)]), StringComparison.Ordinal);

    [ToolTheory("haproxy")]
    [InlineData("haproxy.cfg")]
    [InlineData("compose/haproxy.cfg")]
    public async Task ProxyConfiguration_Check_IsValid(string file) =>
        Assert.Contains("Configuration file is valid", await RunAsync("haproxy", ["-c", "-f", Path.Combine(Deploy, file)]), StringComparison.Ordinal);

    private static async Task<string> RunAsync(string tool, string[] arguments)
    {
        var ports = new Dictionary<string, string?> { ["CLUSTER_PORT"] = "8774", ["STATISTICS_PORT"] = "8776", ["FRONTEND_1_PORT"] = "8815", ["FRONTEND_2_PORT"] = "8816" };
        using var process = ChildProcess.Start(ToolTheoryAttribute.Find(tool)!, arguments, ports);
        await process.WaitForExitAsync(TimeSpan.FromMinutes(1));
        return process.Output;
    }

    private static List<YamlNode> Load(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(File.ReadAllText(Path.Combine(Deploy, file))));
        return [.. yaml.Documents.Select(d => d.RootNode)];
    }

    private static bool Is(YamlNode document, string kind) => document["kind"].ToString() == kind;

    private static IEnumerable<string> Variables(string file) => Variable().Matches(File.ReadAllText(Path.Combine(Deploy, file))).Select(m => m.Groups["key"].Value);

    private static IEnumerable<string> KeysOf(string prefix, JsonNode node) => node is JsonObject section
        ? section.SelectMany(p => KeysOf(prefix.Length == 0 ? p.Key : $"{prefix}:{p.Key}", p.Value!))
        : [prefix];

    private static bool IsKnown(string key)
    {
        if (key is "Role" or "Storage:Provider" || key.StartsWith("Logging:", StringComparison.Ordinal) || key.StartsWith("Kestrel:", StringComparison.Ordinal))
        {
            return true;
        }

        var parts = key.Split(':');
        return parts.Length > 1 && Sections.TryGetValue(parts[0], out var type) && parts.Skip(1).All(part => (type = type?.GetProperty(part)?.PropertyType) is not null);
    }

    [GeneratedRegex("INSTANCETASKS_(?<key>[A-Za-z_]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Variable();
}

/// <summary>Skipped where a program is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(string tool)
    {
        if (Find(tool) is null)
        {
            Skip = $"{tool} is not installed.";
        }
    }

    /// <summary>Where a program is; null: nowhere.</summary>
    public static string? Find(string tool) => new[] { "/usr/sbin", "/usr/bin" }.Select(d => Path.Combine(d, tool)).FirstOrDefault(File.Exists);
}
