using System.Buffers.Binary;
using System.Text;

namespace Orleans.Serialization.Wire;

/// <summary>Stands for a value that this process cannot make, because the other side is of another version. It may be dropped, never used.</summary>
internal sealed record UnknownValue(string Reason)
{
    public SerializerException Error() => new(Reason);
}

/// <summary>Reads what <see cref="WireWriter"/> wrote. Whatever the bytes are, it ends with a value or with a <see cref="SerializerException"/>.</summary>
internal sealed class WireReader(ReadOnlyMemory<byte> input, GrainFactory? grains = null)
{
    private readonly List<object?> seen = [];
    private readonly List<(string Name, Type? Type)> types = [];
    private int position;
    private int depth;

    /// <summary>Makes the references of the side that reads.</summary>
    public GrainFactory? Grains { get; } = grains;

    public int Left => input.Length - position;

    public ReadOnlyMemory<byte> Rest => input[position..];

    public byte Byte() => Take(1)[0];

    public ulong Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Broken("a number is too long");
    }

    public int Int() => (int)(uint)Number();

    public long Signed()
    {
        var value = Number();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    public ulong Fixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>A number of things to come, each of which takes at least one byte.</summary>
    public int Count()
    {
        var count = Number();
        return count <= (ulong)Left ? (int)count : throw Broken($"{count} items are said to follow in {Left} bytes");
    }

    public string Text() => Encoding.UTF8.GetString(Take(Count()));

    public byte[] Bytes() => Take(Count()).ToArray();

    public (string Name, Type? Type) Type()
    {
        var number = Number();
        if (number > (ulong)types.Count)
        {
            throw Broken($"type {number} of {types.Count} is meant");
        }

        if (number > 0)
        {
            return types[(int)number - 1];
        }

        var name = Text();
        types.Add((name, WireNames.Find(name)));
        return types[^1];
    }

    /// <summary>Notes what can be referred to from now on; without a slot the value cannot be referred to.</summary>
    public T Record<T>(int slot, T value)
        where T : notnull
    {
        if (slot >= 0)
        {
            seen[slot] = value;
        }

        return value;
    }

    /// <summary>A value, or an <see cref="UnknownValue"/>.</summary>
    public object? Any()
    {
        if (++depth > WireWriter.MaxDepth)
        {
            throw Broken("it is nested too deep");
        }

        try
        {
            var kind = Byte();
            var slot = kind < WireWriter.Tracked ? -1 : Reserve();
            return WireDecoder.Read(this, (WireKind)(kind & ~WireWriter.Tracked), slot);
        }
        catch (Exception error) when (error is not (SerializerException or OutOfMemoryException))
        {
            // Constructors and parsers of the framework refuse bad input each in its own way.
            throw new SerializerException($"The message could not be read: {error.Message}", error);
        }
        finally
        {
            depth--;
        }
    }

    public object? Value() => Any() is var value && value is UnknownValue unknown ? throw unknown.Error() : value;

    public object Referred()
    {
        var number = Number();
        return number < (ulong)seen.Count && seen[(int)number] is { } value ? value : throw Broken($"object {number} is referred to before it is there");
    }

    public static SerializerException Broken(string how) => new($"The message is broken: {how}.");

    private int Reserve()
    {
        seen.Add(null);
        return seen.Count - 1;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Left)
        {
            throw Broken("it ends too early");
        }

        position += count;
        return input.Span.Slice(position - count, count);
    }
}
