using System.Diagnostics;
using System.Net;

namespace InstanceTasks.TestKit;

/// <summary>How a silo is started.</summary>
public sealed record SiloSetup
{
    /// <summary>The data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>The port on loopback.</summary>
    public int Port { get; init; } = FreePort.Next();

    /// <summary>A configuration file, or null.</summary>
    public string? ConfigFile { get; init; }

    /// <summary>Further arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The value of <c>INSTANCETASKS_FAILPOINT</c>, or null for none.</summary>
    public string? Failpoint { get; init; }

    /// <summary>Further environment variables.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>A program with arguments that becomes the silo, such as <c>nsenter --net=…</c>; empty: none.</summary>
    public IReadOnlyList<string> Launcher { get; init; } = [];

    /// <summary>How long the start may take.</summary>
    public TimeSpan StartDeadline { get; init; } = SiloProcess.StartDeadline;

    /// <summary>How its API is reached where loopback is not this process's own; null: as usual.</summary>
    public Func<CancellationToken, ValueTask<Stream>>? Connect { get; init; }

    /// <summary>The API's root.</summary>
    public Uri Url => new($"http://127.0.0.1:{Port}");
}

/// <summary>
/// The silo that was built with these tests, as a process of its own: started, killed, stopped and started again, on one data directory and port.
/// </summary>
public sealed class SiloProcess : IAsyncDisposable
{
    /// <summary>How long a start may take on a loaded machine.</summary>
    public static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly ChildProcess _child;

    private SiloProcess(SiloSetup setup, ChildProcess child)
    {
        Setup = setup;
        _child = child;
        Api = new ApiClient(setup.Url, setup.Connect);
    }

    /// <summary>How it was started.</summary>
    public SiloSetup Setup { get; }

    /// <summary>A client of its API.</summary>
    public ApiClient Api { get; }

    /// <summary>From the start of the process to the first 200 of <c>GET /</c>.</summary>
    public TimeSpan TimeToFirstAnswer { get; private set; }

    /// <summary>The process id.</summary>
    public int ProcessId => _child.Id;

    /// <summary>Whether the process has ended.</summary>
    public bool HasExited => _child.HasExited;

    /// <summary>Everything that it wrote.</summary>
    public string Output => _child.Output;

    /// <summary>Starts a silo and waits until <c>GET /</c> answers 200.</summary>
    /// <exception cref="SiloStartException">It ended before, or did not answer in time.</exception>
    public static async Task<SiloProcess> StartAsync(SiloSetup setup)
    {
        var silo = new SiloProcess(setup, Launch(setup));
        try
        {
            await silo.WaitUntilReadyAsync();
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a silo without waiting for it: for starts that are expected to fail.</summary>
    public static ChildProcess Launch(SiloSetup setup)
    {
        if (!File.Exists(RepoRoot.SiloAssembly))
        {
            throw new SiloStartException($"The silo is not built: {RepoRoot.SiloAssembly} does not exist.");
        }

        return Start(setup, ["--urls", setup.Url.ToString().TrimEnd('/'), "--data", setup.DataDirectory, .. setup.Arguments]);
    }

    /// <summary>Runs one of its commands to the end, on the setup's data: its exit code, and what it said.</summary>
    public static async Task<(int Code, string Output)> RunCommandAsync(SiloSetup setup, params string[] command)
    {
        using var child = Start(setup, [.. command, "--data", setup.DataDirectory]);
        return (await child.WaitForExitAsync(StartDeadline), child.Output);
    }

    private static ChildProcess Start(SiloSetup setup, IEnumerable<string> words)
    {
        List<string> arguments = [RepoRoot.SiloAssembly, .. words];
        if (setup.ConfigFile is not null)
        {
            arguments.AddRange(["--config", setup.ConfigFile]);
        }

        var environment = new Dictionary<string, string?>(setup.Environment) { ["INSTANCETASKS_FAILPOINT"] = setup.Failpoint, ["DOTNET_TieredPGO"] = "0" };
        List<string> command = [.. setup.Launcher, "dotnet", .. arguments];
        return ChildProcess.Start(command[0], command.Skip(1), environment, RepoRoot.Path);
    }

    /// <summary>SIGKILL, as an out-of-memory killer or a power cut would: returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        _child.Signal(PosixSignalNumber.Kill);
        var code = await _child.WaitForExitAsync(TimeSpan.FromSeconds(20));
        if (code != ChildProcess.KilledExitCode)
        {
            throw new InvalidOperationException($"The silo was to be killed but ended by itself with {code}.{Environment.NewLine}{Output}");
        }
    }

    /// <summary>
    /// SIGSTOP: returns when no thread runs any more. What is under way then stays as it is until <see cref="Thaw"/> or <see cref="KillAsync"/>, except
    /// that the world and the lease go on by the clock: look quickly.
    /// </summary>
    public async Task FreezeAsync()
    {
        _child.Signal(PosixSignalNumber.Stop);
        await Eventually.TrueAsync(() => _child.IsStopped, TimeSpan.FromSeconds(20), "every thread of the silo stands still", () => Output);
    }

    /// <summary>SIGCONT: it goes on after <see cref="FreezeAsync"/>.</summary>
    public void Thaw() => _child.Signal(PosixSignalNumber.Continue);

    /// <summary>Waits until the process has ended by itself (a failpoint) and returns its exit code.</summary>
    public Task<int> WaitForExitAsync(TimeSpan deadline) => _child.WaitForExitAsync(deadline);

    /// <summary>Asks it to stop and returns its exit code.</summary>
    public async Task<int> StopAsync(PosixSignalNumber signal = PosixSignalNumber.Terminate, TimeSpan? deadline = null)
    {
        _child.Signal(signal);
        return await _child.WaitForExitAsync(deadline ?? TimeSpan.FromSeconds(40));
    }

    /// <summary>Starts the next process on the same data directory and port; this one must have ended.</summary>
    public async Task<SiloProcess> RestartAsync(Func<SiloSetup, SiloSetup>? change = null)
    {
        if (!HasExited)
        {
            throw new InvalidOperationException("The silo still runs.");
        }

        await DisposeAsync();
        return await StartAsync(change is null ? Setup : change(Setup));
    }

    public ValueTask DisposeAsync()
    {
        Api.Dispose();
        _child.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task WaitUntilReadyAsync()
    {
        var watch = Stopwatch.StartNew();
        while (!await AnswersAsync())
        {
            if (_child.HasExited)
            {
                await _child.WaitForExitAsync(TimeSpan.FromSeconds(5));
                throw new SiloStartException($"The silo ended with {_child.ExitCode} before it answered.{Environment.NewLine}{Output}") { ExitCode = _child.ExitCode };
            }

            if (watch.Elapsed > Setup.StartDeadline)
            {
                throw new SiloStartException($"The silo did not answer within {Setup.StartDeadline.TotalSeconds:0} s.{Environment.NewLine}{Output}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20));
        }

        TimeToFirstAnswer = watch.Elapsed;
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return await Api.StatusAsync("/") == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (TaskCanceledException)
        {
            return false;
        }
    }
}

/// <summary>A silo did not start.</summary>
public sealed class SiloStartException : Exception
{
    public SiloStartException()
    {
    }

    public SiloStartException(string message)
        : base(message)
    {
    }

    public SiloStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>With which code it ended; null: it did not end.</summary>
    public int? ExitCode { get; init; }
}
