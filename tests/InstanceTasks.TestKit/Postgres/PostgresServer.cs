using System.Diagnostics;
using Npgsql;

namespace InstanceTasks.TestKit.Postgres;

/// <summary>
/// A PostgreSQL server of a test's own, from Debian's package, on loopback and in a temporary directory. It never runs as root, syncs to disk
/// as in production, and ends with <see cref="Stop"/> or with the process.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string User = "postgres";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<PostgresServer> Suite = new(() => new());
    private static readonly string? Binaries = FindBinaries();

    private readonly TempDirectory _directory = new("postgres");
    private readonly string[] _settings;
    private ChildProcess? _process;
    private int _databases;

    /// <summary>Makes a server and starts it.</summary>
    /// <param name="settings">Further settings, such as <c>max_connections=20</c>.</param>
    public PostgresServer(params string[] settings)
    {
        _settings = settings;
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        Port = FreePort.Next();
        Own(_directory.Path);
        Run("initdb", "-D", Data, "-A", "trust", "-U", User, "-N", "--locale=C", "--encoding=UTF8");
        Start();
    }

    /// <summary>Whether the server's programs are on this machine.</summary>
    public static bool IsInstalled => Binaries is not null;

    /// <summary>Whether a test without it fails instead of being skipped.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("INSTANCETASKS_REQUIRE_CLIENTS") == "1";

    /// <summary>What a skipped test says.</summary>
    public static string Missing => "The Debian package postgresql is not installed (apt-get install postgresql).";

    /// <summary>The one server of this test process.</summary>
    public static PostgresServer Shared => Suite.Value;

    public int Port { get; }

    private string Data => _directory.Combine("data");

    /// <summary>How to reach one of its databases.</summary>
    public string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = Port, Username = User, Database = database }.ConnectionString;

    /// <summary>Makes a database; with a template, a copy of that.</summary>
    public async Task<string> CreateDatabaseAsync(string? template = null)
    {
        var name = $"db{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"CREATE DATABASE {name}{(template is null ? "" : $" TEMPLATE {template}")}");
        return name;
    }

    public Task DropDatabaseAsync(string name) => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    /// <summary>Runs a statement as the administrator.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Backs a database up, as an operator would: one moment of it, while it is worked on.</summary>
    public Task DumpAsync(string database, string file) => Task.Run(() => Run("pg_dump", "-h", "127.0.0.1", "-p", $"{Port}", "-U", User, "-Fc", "-f", file, database));

    /// <summary>Makes a database from a backup.</summary>
    public async Task<string> RestoreAsync(string file)
    {
        var name = await CreateDatabaseAsync();
        await Task.Run(() => Run("pg_restore", "-h", "127.0.0.1", "-p", $"{Port}", "-U", User, "--exit-on-error", "-d", name, file));
        return name;
    }

    /// <summary>A file in a directory that the server's user may write to.</summary>
    public string FileFor(string name) => _directory.Combine(name);

    /// <summary>Starts it and waits until it answers.</summary>
    public void Start()
    {
        string[] settings =
            ["listen_addresses=127.0.0.1", $"port={Port}", "unix_socket_directories=", "shared_buffers=128MB", "max_connections=200", "logging_collector=off", .. _settings];
        _process = AsServerUser("postgres", ["-D", Data, .. settings.SelectMany(s => new[] { "-c", s })]);
        WaitUntilItAnswers(_process);
    }

    /// <summary>Ends it: at once and without saying goodbye (immediate), or after a checkpoint. <see cref="Start"/> starts it again on its data.</summary>
    public void Stop(bool immediate = true)
    {
        if (_process is not { } process)
        {
            return;
        }

        _process = null;
        // The signals that PostgreSQL defines for its ways to shut down.
        process.Signal(immediate ? PosixSignalNumber.Quit : PosixSignalNumber.Interrupt);
        process.WaitForExitAsync(Limit).GetAwaiter().GetResult();
        process.Dispose();
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Stop();
        _directory.Dispose();
    }

    private void OnProcessExit(object? sender, EventArgs e) => Dispose();

    private void WaitUntilItAnswers(ChildProcess process)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false;Timeout=5");
                connection.Open();
                return;
            }
            catch (NpgsqlException e)
            {
                if (clock.Elapsed > Limit || process.HasExited)
                {
                    throw new InvalidOperationException($"PostgreSQL did not start: {process.Output}", e);
                }
            }
        }
    }

    // PostgreSQL refuses to run as root. setpriv becomes the program, so that its process id is the server's.
    private static ChildProcess AsServerUser(string program, string[] arguments)
    {
        var path = Path.Combine(Binaries ?? throw new InvalidOperationException(Missing), program);
        return IsRoot
            ? ChildProcess.Start("setpriv", [$"--reuid={User}", $"--regid={User}", "--clear-groups", path, .. arguments], workingDirectory: "/")
            : ChildProcess.Start(path, arguments, workingDirectory: "/");
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = AsServerUser(program, arguments);
        if (process.WaitForExitAsync(Limit).GetAwaiter().GetResult() != 0)
        {
            throw new InvalidOperationException($"{program} failed: {process.Output}");
        }
    }

    private static void Own(string directory)
    {
        if (IsRoot)
        {
            using var chown = Process.Start("chown", [User, directory]);
            chown.WaitForExit();
        }
    }

    private static bool IsRoot => Environment.UserName == "root";

    private static string? FindBinaries() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").OrderDescending(StringComparer.Ordinal).Select(d => Path.Combine(d, "bin")).FirstOrDefault(d => File.Exists(Path.Combine(d, "initdb")))
        : null;
}
