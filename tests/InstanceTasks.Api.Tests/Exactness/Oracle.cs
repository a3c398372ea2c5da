using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace InstanceTasks.Api.Tests.Exactness;

/// <summary>
/// The process that judges answers: tempest's own clients with their schemas, and our closed schemas. One for a test class; exchanges go in
/// as they are recorded, verdicts come out in the same order.
/// </summary>
public sealed class Oracle : IAsyncLifetime
{
    /// <summary>The Debian package that has the schemas.</summary>
    public const string Package = "python3-tempest";

    private const string Python = "/usr/bin/python3";

    private static readonly JsonSerializerOptions Names = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly StringBuilder _errors = new();
    private Process? _process;

    public static bool IsInstalled => File.Exists(Python) && Directory.Exists("/usr/lib/python3/dist-packages/tempest/lib/api_schema");

    private Process Running => _process ?? throw new InvalidOperationException($"The Debian package {Package} is not installed.");

    public Task InitializeAsync()
    {
        if (IsInstalled)
        {
            _process = Start(Path.Combine(AppContext.BaseDirectory, "Exactness", "Oracle"));
        }

        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        if (_process is { } process)
        {
            if (!process.HasExited)
            {
                process.StandardInput.Close();
            }

            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    internal async Task<Verdict> JudgeAsync(Recorded recorded) => (await JudgeAsync(new[] { recorded }.ToAsyncEnumerable()))[0].Verdict;

    /// <summary>Judges while recording goes on.</summary>
    internal async Task<IReadOnlyList<(Recorded Recorded, Verdict Verdict)>> JudgeAsync(IAsyncEnumerable<Recorded> recorded)
    {
        var sent = Channel.CreateUnbounded<Recorded>();
        var verdicts = ReadAsync(sent.Reader);
        try
        {
            await foreach (var exchange in recorded)
            {
                await Running.StandardInput.WriteLineAsync(LineOf(exchange));
                sent.Writer.TryWrite(exchange);
            }
        }
        catch (IOException exception) when (Running.HasExited)
        {
            throw new InvalidOperationException($"The oracle ended:{Environment.NewLine}{Errors()}", exception);
        }
        finally
        {
            sent.Writer.Complete();
        }

        await Running.StandardInput.FlushAsync();
        return await verdicts;
    }

    private async Task<List<(Recorded, Verdict)>> ReadAsync(ChannelReader<Recorded> sent)
    {
        var verdicts = new List<(Recorded, Verdict)>();
        await foreach (var exchange in sent.ReadAllAsync())
        {
            var line = await Running.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The oracle ended at {exchange}{Environment.NewLine}{Errors()}");
            verdicts.Add((exchange, JsonSerializer.Deserialize<Verdict>(line, Names)!));
        }

        return verdicts;
    }

    private static string LineOf(Recorded recorded) => JsonSerializer.Serialize(new Dictionary<string, object?>
    {
        ["call"] = recorded.Row.As ?? recorded.Row.Call,
        ["path"] = recorded.Row.Path,
        ["version"] = recorded.Version,
        ["admin"] = recorded.Admin,
        ["negotiated"] = recorded.Negotiated,
        ["request"] = recorded.Request is { } request ? JsonSerializer.Deserialize<JsonElement>(request) : null,
        ["status"] = recorded.Status,
        ["headers"] = recorded.Headers,
        ["body"] = recorded.Body,
    });

    private Process Start(string folder)
    {
        var start = new ProcessStartInfo(Python, ["-B", Path.Combine(folder, "oracle.py"), Path.Combine(folder, "schemas")])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardInputEncoding = new UTF8Encoding(false), StandardOutputEncoding = new UTF8Encoding(false),
        };
        var process = Process.Start(start)!;
        process.StandardInput.AutoFlush = false;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        process.BeginErrorReadLine();
        return process;
    }

    private string Errors()
    {
        Running.WaitForExit();
        lock (_errors)
        {
            return _errors.ToString();
        }
    }
}

/// <summary>
/// A test that needs the oracle. Where Debian's package is not installed the test is skipped by name, unless
/// <c>INSTANCETASKS_REQUIRE_CLIENTS=1</c> says that its absence is a failure.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OracleTheoryAttribute : TheoryAttribute
{
    public OracleTheoryAttribute()
    {
        if (!Oracle.IsInstalled && Environment.GetEnvironmentVariable("INSTANCETASKS_REQUIRE_CLIENTS") != "1")
        {
            Skip = $"The Debian package {Oracle.Package} is not installed (apt-get install {Oracle.Package}).";
        }
    }
}
