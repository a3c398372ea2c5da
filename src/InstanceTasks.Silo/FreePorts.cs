using System.Net;
using System.Net.Sockets;

namespace InstanceTasks.Silo;

/// <summary>
/// A single silo talks to nobody, but the runtime wants a port to listen on: a free one on loopback, so that several data directories can be
/// served on one machine.
/// </summary>
internal static class FreePorts
{
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
