using System.Net;
using System.Net.Sockets;

namespace InstanceTasks.TestKit;

/// <summary>Chooses ports below the range that the kernel gives to outgoing connections, so that a port stays free between two starts of a silo.</summary>
public static class FreePort
{
    private static int _next = 20_000 + (Environment.ProcessId % 10_000);

    /// <summary>A port on which nothing listens; never the same twice in a test run.</summary>
    public static int Next()
    {
        while (true)
        {
            var port = 20_000 + ((Interlocked.Increment(ref _next) - 20_000) % 12_000);
            if (IsFree(port))
            {
                return port;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
