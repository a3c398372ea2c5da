using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Orleans.Serialization.Wire;

/// <summary>What a value on the wire is. Every value says it of itself, so that a reader can go past what it does not know.</summary>
internal enum WireKind : byte
{
    Null,
    Reference,
    Leaf,
    Enumeration,
    Object,
    Sequence,
    Pairs,
    Tuple,
    Failure,
    Surrogate,
    Grain,
    TypeName,
    Matrix,
}

/// <summary>Writes one message: numbers, texts, and whole graphs of values that keep object identity.</summary>
internal sealed class WireWriter(IBufferWriter<byte> output)
{
    /// <summary>Deeper graphs would end the process with a stack overflow on one side or the other.</summary>
    public const int MaxDepth = 200;

    /// <summary>The mark of values that can be referred to.</summary>
    public const byte Tracked = 0x80;

    private Dictionary<object, int>? seen;
    private Dictionary<Type, int>? types;
    private int depth;
    private byte mark;

    public void Byte(byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }

    public void Number(ulong value)
    {
        var span = output.GetSpan(10);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)(value | 0x80);
        }

        span[length++] = (byte)value;
        output.Advance(length);
    }

    public void Number(int value) => Number((ulong)(uint)value);

    /// <summary>Small numbers of either sign are short.</summary>
    public void Signed(long value) => Number((ulong)((value << 1) ^ (value >> 63)));

    public void Fixed64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    public void Text(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        Number(length);
        Encoding.UTF8.GetBytes(value, output.GetSpan(length));
        output.Advance(length);
    }

    public void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        output.Write(value);
    }

    /// <summary>Begins a value. Values that can be referred to again carry a mark, so that also a reader that does not know their type counts them.</summary>
    public void Kind(WireKind kind)
    {
        Byte((byte)((byte)kind | mark));
        mark = 0;
    }

    /// <summary>The type's name the first time in this message, its number after that.</summary>
    public void Type(Type type)
    {
        types ??= [];
        if (types.TryGetValue(type, out var number))
        {
            Number(number);
            return;
        }

        types[type] = types.Count + 1;
        Number(0);
        Text(WireNames.Of(type));
    }

    public void Value(object? value)
    {
        if (value is null)
        {
            Kind(WireKind.Null);
            return;
        }

        var codec = WireCodec.For(value.GetType());
        if (codec.IsTracked && !IsFirst(value))
        {
            return;
        }

        if (++depth > MaxDepth)
        {
            throw new SerializerException($"A message is nested deeper than {MaxDepth} levels, at {value.GetType()}.");
        }

        mark = codec.IsTracked ? Tracked : (byte)0;
        codec.Write(this, value);
        depth--;
    }

    private bool IsFirst(object value)
    {
        seen ??= new(ReferenceEqualityComparer.Instance);
        if (seen.TryGetValue(value, out var number))
        {
            Kind(WireKind.Reference);
            Number(number);
            return false;
        }

        seen[value] = seen.Count;
        return true;
    }
}
