using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace InstanceTasks.TestKit;

/// <summary>Signals of POSIX, by number.</summary>
public enum PosixSignalNumber
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>
/// A process that a test started: keeps its output for failure messages, signals it by its id, and never lets it outlive the test run.
/// </summary>
public sealed class ChildProcess : IDisposable
{
    /// <summary>The exit code of a process that was ended by SIGKILL.</summary>
    public const int KilledExitCode = 128 + (int)PosixSignalNumber.Kill;

    private static readonly ConcurrentDictionary<int, ChildProcess> Living = new();
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _standardOutput = new();

    static ChildProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) => KillAll();

    private ChildProcess(Process process) => _process = process;

    /// <summary>The process id.</summary>
    public int Id { get; private set; }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Whether SIGSTOP has reached every thread: from then on it does nothing until SIGCONT.</summary>
    public bool IsStopped
    {
        get
        {
            try
            {
                return !HasExited && Directory.EnumerateDirectories($"/proc/{Id}/task").All(t => StateOf(t) == 'T');
            }
            catch (IOException)
            {
                return false; // A thread ended between the list and the look, so that not all stood still.
            }
        }
    }

    /// <summary>The exit code, once it has ended; 128 + n after signal n.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Everything that it wrote, both streams in the order in which it came.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>What it wrote to standard output only.</summary>
    public string StandardOutput
    {
        get
        {
            lock (_output)
            {
                return _standardOutput.ToString();
            }
        }
    }

    /// <summary>Starts a program. Variables with a null value are taken out of the environment.</summary>
    public static ChildProcess Start(
        string fileName,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string?>? environment = null,
        string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory ?? Directory.GetCurrentDirectory(),
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        var child = new ChildProcess(new Process { StartInfo = start });
        child.Run();
        return child;
    }

    /// <summary>Sends a signal.</summary>
    public void Signal(PosixSignalNumber signal)
    {
        if (!_process.HasExited && Kill(Id, (int)signal) != 0 && !_process.HasExited)
        {
            throw new InvalidOperationException($"Signal {signal} to process {Id} failed: errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Sends a signal to the process group that it leads (started through <c>setsid</c>), as a terminal does for Ctrl-C.</summary>
    public void SignalGroup(PosixSignalNumber signal)
    {
        if (Kill(-Id, (int)signal) != 0)
        {
            throw new InvalidOperationException($"Signal {signal} to process group {Id} failed: errno {Marshal.GetLastPInvokeError()}.");
        }
    }

    /// <summary>Waits for the end, also of both output streams.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        using var timeout = new CancellationTokenSource(deadline);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"Process {Id} did not end within {deadline.TotalSeconds:0.#} s.{Environment.NewLine}{Output}", e);
        }

        return _process.ExitCode;
    }

    /// <summary>Ends the input: the program reads end-of-file.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    public void Dispose()
    {
        KillQuietly();
        Living.TryRemove(Id, out _);
        _process.Dispose();
    }

    /// <summary>The state follows the name, which is in parentheses and may have some of its own.</summary>
    private static char StateOf(string thread)
    {
        var stat = File.ReadAllText(Path.Combine(thread, "stat"));
        return stat[stat.LastIndexOf(')') + 2];
    }

    private static void KillAll()
    {
        foreach (var child in Living.Values)
        {
            child.KillQuietly();
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);

    private void Run()
    {
        _process.OutputDataReceived += (_, e) => Keep(e.Data, isOutput: true);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data, isOutput: false);
        _process.Start();
        Id = _process.Id;
        Living[Id] = this;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line, bool isOutput)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
            if (isOutput)
            {
                _standardOutput.AppendLine(line);
            }
        }
    }

    private void KillQuietly()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit(TimeSpan.FromSeconds(10));
            }
        }
        catch (InvalidOperationException)
        {
            // It ended between the question and the signal.
        }
    }
}
