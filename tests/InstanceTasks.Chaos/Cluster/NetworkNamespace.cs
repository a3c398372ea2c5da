using System.ComponentModel;
using System.Runtime.InteropServices;
using InstanceTasks.TestKit;
using Microsoft.Win32.SafeHandles;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>
/// A network namespace with a loopback of its own, held by a process that ends with this one, so that nothing is left of it. A socket belongs to the namespace in
/// which it was made, whoever uses it later.
/// </summary>
internal sealed class NetworkNamespace : IDisposable
{
    private const int CloneNewNet = 0x40000000;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly ChildProcess _holder;

    private NetworkNamespace(ChildProcess holder) => _holder = holder;

    /// <summary>Whether this process may make one.</summary>
    public static bool IsPossible { get; } = OperatingSystem.IsLinux() && Succeeds("unshare", "--net", "true") && Succeeds("ip", "-V");

    /// <summary>The process that holds it.</summary>
    public int Holder => _holder.Id;

    /// <summary>What starts a program inside.</summary>
    public IReadOnlyList<string> Launcher => ["nsenter", $"--net={Link}"];

    private string Link => $"/proc/{_holder.Id}/ns/net";

    public static async Task<NetworkNamespace> CreateAsync()
    {
        // It waits for the end of its input, which comes when this process is gone.
        var made = new NetworkNamespace(ChildProcess.Start("unshare", ["--net", "cat"]));
        var own = File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name;
        await Eventually.TrueAsync(
            () => File.ResolveLinkTarget(made.Link, returnFinalTarget: false) is { Name: var its } && its != own,
            Deadline,
            "the holder has its namespace",
            () => made._holder.Output);
        made.Execute("ip", "link", "set", "lo", "up");
        return made;
    }

    /// <summary>Runs a program inside to its end.</summary>
    public string Execute(string program, params IEnumerable<string> arguments)
    {
        List<string> command = [.. Launcher, program, .. arguments];
        using var child = ChildProcess.Start(command[0], command.Skip(1));
        return child.WaitForExitAsync(Deadline).GetAwaiter().GetResult() == 0
            ? child.StandardOutput
            : throw new InvalidOperationException($"{string.Join(' ', command)}: {child.Output}");
    }

    /// <summary>Makes something inside, on a thread that ends with it.</summary>
    public T Make<T>(Func<T> make)
    {
        T made = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter();
                made = make();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? made : throw new InvalidOperationException($"Nothing could be made in {Link}.", failure);
    }

    public void Dispose() => _holder.Dispose();

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(SafeFileHandle descriptor, int type);

    private static bool Succeeds(string program, params string[] arguments)
    {
        try
        {
            using var child = ChildProcess.Start(program, arguments);
            return child.WaitForExitAsync(Deadline).GetAwaiter().GetResult() == 0;
        }
        catch (Win32Exception)
        {
            return false; // There is no such program.
        }
    }

    private void Enter()
    {
        using var descriptor = File.OpenHandle(Link);
        if (SetNamespace(descriptor, CloneNewNet) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"setns to {Link}");
        }
    }
}
