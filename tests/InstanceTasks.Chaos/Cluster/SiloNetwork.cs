using System.Net;
using System.Net.Sockets;

namespace InstanceTasks.Chaos.Cluster;

/// <summary>
/// A network of namespaces, one for each silo, on one bridge. Between two of them the line can be cut: packets go to a place where nobody is, as when a switch has
/// failed, and neither side is told.
/// </summary>
internal sealed class SiloNetwork : IDisposable
{
    private const string Nowhere = "02:00:00:00:00:ff";
    private const string Device = "eth0";
    private const string Bridge = "bridge0";

    private readonly NetworkNamespace _hub;
    private readonly List<NetworkNamespace> _places = [];

    private SiloNetwork(NetworkNamespace hub) => _hub = hub;

    /// <summary>A network with so many places, numbered from 1; null: this process may not make one.</summary>
    public static async Task<SiloNetwork?> CreateAsync(int places)
    {
        if (!NetworkNamespace.IsPossible)
        {
            return null;
        }

        var network = new SiloNetwork(await NetworkNamespace.CreateAsync());
        network._hub.Execute("ip", "link", "add", Bridge, "type", "bridge");
        network._hub.Execute("ip", "link", "set", Bridge, "up");
        for (var number = 1; number <= places; number++)
        {
            network.Connect(await NetworkNamespace.CreateAsync(), number);
        }

        return network;
    }

    /// <summary>The address of a place.</summary>
    public static IPAddress AddressOf(int number) => IPAddress.Parse($"10.99.0.{number}");

    /// <summary>A place.</summary>
    public NetworkNamespace this[int number] => _places[number - 1];

    /// <summary>From now on nothing passes between two places, in either direction.</summary>
    public void Cut(int one, int other)
    {
        this[one].Execute("ip", "neigh", "replace", $"{AddressOf(other)}", "lladdr", Nowhere, "nud", "permanent", "dev", Device);
        this[other].Execute("ip", "neigh", "replace", $"{AddressOf(one)}", "lladdr", Nowhere, "nud", "permanent", "dev", Device);
    }

    /// <summary>Everything passes between them again.</summary>
    public void Heal(int one, int other)
    {
        this[one].Execute("ip", "neigh", "del", $"{AddressOf(other)}", "dev", Device);
        this[other].Execute("ip", "neigh", "del", $"{AddressOf(one)}", "dev", Device);
    }

    /// <summary>Whether a connection can be made from one place to a port of another.</summary>
    public async Task<bool> ReachesAsync(int from, int to, int port, TimeSpan patience)
    {
        using var socket = this[from].Make(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var late = new CancellationTokenSource(patience);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(AddressOf(to), port), late.Token);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>How many segments of TCP a place has had to send again since it exists.</summary>
    public long SentAgain(int number)
    {
        var lines = this[number].Execute("cat", "/proc/net/snmp").Split('\n').Where(l => l.StartsWith("Tcp:", StringComparison.Ordinal)).Select(l => l.Split(' ')).ToList();
        return long.Parse(lines[1][Array.IndexOf(lines[0], "RetransSegs")]);
    }

    public void Dispose()
    {
        _places.ForEach(p => p.Dispose());
        _hub.Dispose();
    }

    private void Connect(NetworkNamespace place, int number)
    {
        _places.Add(place);
        var port = $"port{number}";
        _hub.Execute("ip", "link", "add", port, "type", "veth", "peer", "name", Device, "netns", $"{place.Holder}");
        _hub.Execute("ip", "link", "set", port, "master", Bridge, "up");
        place.Execute("ip", "addr", "add", $"{AddressOf(number)}/24", "dev", Device);
        place.Execute("ip", "link", "set", Device, "up");
    }
}
