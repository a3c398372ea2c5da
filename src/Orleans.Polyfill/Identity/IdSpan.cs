using System.Text;

namespace Orleans.Runtime;

/// <summary>An immutable sequence of bytes used as part of an identity; usually UTF-8 text.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>
{
    private readonly byte[]? bytes;
    private readonly int hash;

    private IdSpan(byte[] value)
    {
        bytes = value;
        hash = (int)StableHash.Compute(value);
    }

    public bool IsDefault => bytes is not { Length: > 0 };

    public ReadOnlyMemory<byte> Value => bytes;

    internal byte[] Bytes => bytes ?? [];

    public static IdSpan Create(string id) => new(Encoding.UTF8.GetBytes(id));

    internal static IdSpan Create(byte[] id) => new(id);

    public ReadOnlySpan<byte> AsSpan() => bytes;

    public uint GetUniformHashCode() => (uint)hash;

    public int CompareTo(IdSpan other) => AsSpan().SequenceCompareTo(other.AsSpan());

    public bool Equals(IdSpan obj) => ReferenceEquals(bytes, obj.bytes) || (hash == obj.hash && AsSpan().SequenceEqual(obj.AsSpan()));

    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    public override int GetHashCode() => hash;

    public override string ToString() => bytes is null ? "" : Encoding.UTF8.GetString(bytes);

    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);
}

/// <summary>A hash that is the same in every process and release, so that silos agree on placement and reminder ranges.</summary>
internal static class StableHash
{
    public static uint Compute(ReadOnlySpan<byte> data) => XxHash32.Hash(data);

    public static uint Combine(uint first, uint second)
    {
        Span<byte> buffer = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(buffer, first);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(buffer[4..], second);
        return XxHash32.Hash(buffer);
    }
}
