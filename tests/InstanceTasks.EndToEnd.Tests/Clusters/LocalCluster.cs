using System.Globalization;
using System.Text;
using InstanceTasks.TestKit;
using Npgsql;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>The cluster of <c>deploy/local-cluster.sh</c>, for one class of tests: up before the first of them, down after the last.</summary>
public sealed class LocalCluster : IAsyncLifetime, IDisposable
{
    // The script takes this port and up to 43 behind it.
    private const int Ports = 44;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TempDirectory _state = new("local-cluster");
    private readonly TimeSpan _lease;

    public LocalCluster()
        : this(TimeSpan.FromSeconds(3))
    {
    }

    internal LocalCluster(TimeSpan lease) => _lease = lease;

    /// <summary>When processes were killed, for the audit.</summary>
    public List<DateTimeOffset> Kills { get; } = [];

    /// <summary>Where HAProxy listens.</summary>
    public int Port { get; } = FreeBlock();

    public Uri Url => new($"http://127.0.0.1:{Port}");

    /// <summary>What all silos share, as readers of a data directory want it.</summary>
    public string SharedDirectory => _state.Combine("shared");

    public string ConnectionString => File.ReadAllText(_state.Combine("connection"));

    public async Task InitializeAsync()
    {
        if (!ClusterFactAttribute.CanRun)
        {
            return;
        }

        var (code, said) = await RunAsync("up");
        if (code != 0)
        {
            throw new InvalidOperationException($"The cluster did not come up: {said}");
        }

        StoreReader.PointTo(SharedDirectory, ConnectionString);
    }

    public async Task DisposeAsync()
    {
        if (!ClusterFactAttribute.CanRun)
        {
            return;
        }

        var (code, said) = await RunAsync("down");
        var (_, after) = await RunAsync("status");
        Dispose();
        if (code != 0 || after.Split('\n').Count(l => l.Contains(" down ", StringComparison.Ordinal)) != 7)
        {
            throw new InvalidOperationException($"Not all of the cluster went down: {said}{after}");
        }
    }

    public void Dispose() => _state.Dispose();

    /// <summary>Runs a command of the script.</summary>
    /// <param name="command">The command with its argument.</param>
    /// <param name="silo">Another build of the silo, or null for the one that was built with these tests.</param>
    public async Task<(int Code, string Said)> RunAsync(string command, string? silo = null)
    {
        var environment = new Dictionary<string, string?>
        {
            ["INSTANCETASKS_SILO"] = silo ?? RepoRoot.SiloAssembly, ["INSTANCETASKS_Stop__DrainTime"] = "00:00:03", ["INSTANCETASKS_Lease__Length"] = $"{_lease}",
            ["DOTNET_TieredPGO"] = "0",
        };
        using var script = ChildProcess.Start(
            Path.Combine(RepoRoot.Path, "deploy", "local-cluster.sh"), ["--state", _state.Path, "--port", $"{Port}", .. command.Split(' ')], environment, RepoRoot.Path);
        var code = await script.WaitForExitAsync(Patience);
        return (code, script.Output);
    }

    /// <summary>The ends of all logs, for messages.</summary>
    public string Logs()
    {
        var text = new StringBuilder();
        foreach (var file in Directory.EnumerateFiles(_state.Path, "*-?.log").Order(StringComparer.Ordinal))
        {
            var lines = File.ReadAllLines(file);
            text.AppendLine(file).AppendJoin(Environment.NewLine, lines.Where(l => !l.Contains("info:", StringComparison.Ordinal)).TakeLast(40)).AppendLine();
        }

        return text.ToString();
    }

    /// <summary>How many silos the membership table has as active.</summary>
    public async Task<long> ActiveSilosAsync() => (long)(await ScalarAsync("SELECT count(*) FROM OrleansMembershipTable WHERE Status = 3"))!;

    /// <summary>What HAProxy has of a frontend: whether it is up, and how many connections it was given.</summary>
    public async Task<(string Status, long Sessions)> ReadProxyAsync(string frontend)
    {
        using var http = new HttpClient();
        var lines = (await http.GetStringAsync(new Uri($"http://127.0.0.1:{Port + 2}/;csv"))).Split('\n').Select(l => l.Split(',')).ToList();
        var (names, row) = (lines[0], lines.Single(l => l is ["frontends", var name, ..] && name == frontend));
        return (row[Array.IndexOf(names, "status")], long.Parse(row[Array.IndexOf(names, "stot")], CultureInfo.InvariantCulture));
    }

    /// <summary>A number from the database.</summary>
    public async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // a constant of the tests
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync();
    }

    private static int FreeBlock()
    {
        // Each port is asked for, so that what is in use is stepped over and no other test of this run gets one of them.
        var first = FreePort.Next();
        for (var next = first; next - first < Ports;)
        {
            var port = FreePort.Next();
            (first, next) = port == next + 1 ? (first, port) : (port, port);
        }

        return first;
    }
}

/// <summary>
/// As the other, with leases so long that a hand-over that is lost cannot hide: whatever was to be given back and is not stays with the process that is gone for half a minute.
/// </summary>
public sealed class LongLeaseCluster : IAsyncLifetime, IDisposable
{
    /// <summary>How long leases last.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>The cluster.</summary>
    public LocalCluster Cluster { get; } = new(Lease);

    public Task InitializeAsync() => Cluster.InitializeAsync();

    public Task DisposeAsync() => Cluster.DisposeAsync();

    public void Dispose() => Cluster.Dispose();
}

/// <summary>A test of the whole cluster: needs what <c>deploy/local-cluster.sh</c> needs, as <see cref="PostgresFactAttribute"/> does.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute()
    {
        if (!CanRun)
        {
            Skip = "The Debian packages postgresql, haproxy and curl are needed (apt-get install postgresql haproxy curl).";
        }
    }

    /// <summary>Whether it can, or must and then fails.</summary>
    public static bool CanRun { get; } =
        TestKit.Postgres.PostgresServer.IsRequired || (TestKit.Postgres.PostgresServer.IsInstalled && File.Exists("/usr/sbin/haproxy") && File.Exists("/usr/bin/curl"));
}
