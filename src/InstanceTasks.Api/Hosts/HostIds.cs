using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks.Api.Hosts;

/// <summary>
/// What Nova calls a service and a hypervisor is one host here: both have ids that follow from its name. A number up to 2.52, a uuid from then on (nova-api §6.3).
/// </summary>
internal static class HostIds
{
    public static Guid Service(HostName host) => new(Hash("service", host.Value).AsSpan(0, 16));

    public static Guid Hypervisor(HostName host) => new(Hash("hypervisor", host.Value).AsSpan(0, 16));

    /// <summary>A positive number of 31 bits.</summary>
    public static int Number(Guid id) => BinaryPrimitives.ReadInt32LittleEndian(id.ToByteArray()) & int.MaxValue;

    /// <summary>The same for what has a name of any form.</summary>
    public static int NumberOf(string name) => Number(new Guid(Hash("number", name).AsSpan(0, 16)));

    private static byte[] Hash(string what, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{what}/{name}"));
        // A uuid of version 8 (RFC 9562): made by a rule of one's own.
        hash[7] = (byte)((hash[7] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return hash;
    }
}
