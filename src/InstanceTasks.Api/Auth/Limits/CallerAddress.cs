using System.Net;
using System.Net.Sockets;

namespace InstanceTasks.Api.Auth;

/// <summary>An address as one caller: a network of IPv6 that one has as a whole (/64) counts once, and IPv4 in IPv6 as the IPv4 that it is.</summary>
internal static class CallerAddress
{
    private const int NetworkBytes = 8;

    public static string Of(IPAddress? address) => address switch
    {
        null => "none",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } when !IPAddress.IsLoopback(address) => NetworkOf(address),
        _ => address.ToString(),
    };

    private static string NetworkOf(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        Array.Clear(bytes, NetworkBytes, bytes.Length - NetworkBytes);
        return $"{new IPAddress(bytes)}/64";
    }
}
