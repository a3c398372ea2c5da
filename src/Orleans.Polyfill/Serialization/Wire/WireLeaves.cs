using System.Collections.Frozen;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using Orleans.Runtime;

namespace Orleans.Serialization.Wire;

/// <summary>Values without parts. Their place in the list is their code on the wire: new ones go to its end.</summary>
internal static class WireLeaves
{
    private static readonly Leaf[] All =
    [
        Of<bool>((w, v) => w.Byte(v ? (byte)1 : (byte)0), r => r.Byte() != 0),
        Of<byte>((w, v) => w.Byte(v), r => r.Byte()),
        Of<sbyte>((w, v) => w.Byte((byte)v), r => (sbyte)r.Byte()),
        Of<short>((w, v) => w.Signed(v), r => checked((short)r.Signed())),
        Of<ushort>((w, v) => w.Number((ulong)v), r => checked((ushort)r.Number())),
        Of<int>((w, v) => w.Signed(v), r => checked((int)r.Signed())),
        Of<uint>((w, v) => w.Number((ulong)v), r => checked((uint)r.Number())),
        Of<long>((w, v) => w.Signed(v), r => r.Signed()),
        Of<ulong>((w, v) => w.Number(v), r => r.Number()),
        Of<nint>((w, v) => w.Signed(v), r => checked((nint)r.Signed())),
        Of<nuint>((w, v) => w.Number(v), r => checked((nuint)r.Number())),
        Of<float>((w, v) => w.Number((ulong)BitConverter.SingleToUInt32Bits(v)), r => BitConverter.UInt32BitsToSingle(checked((uint)r.Number()))),
        Of<double>((w, v) => w.Fixed64(BitConverter.DoubleToUInt64Bits(v)), r => BitConverter.UInt64BitsToDouble(r.Fixed64())),
        Of<decimal>(WriteDecimal, r => new decimal([(int)r.Signed(), (int)r.Signed(), (int)r.Signed(), (int)r.Signed()])),
        Of<Half>((w, v) => w.Number((ulong)BitConverter.HalfToUInt16Bits(v)), r => BitConverter.UInt16BitsToHalf(checked((ushort)r.Number()))),
        Of<char>((w, v) => w.Number((ulong)v), r => checked((char)r.Number())),
        Of<string>((w, v) => w.Text(v), r => r.Text()),
        Of<Guid>((w, v) => w.Bytes(v.ToByteArray()), r => new Guid(r.Bytes())),
        Of<DateTime>((w, v) => w.Fixed64((ulong)v.ToBinary()), r => DateTime.FromBinary((long)r.Fixed64())),
        Of<DateTimeOffset>(WriteOffset, r => new DateTimeOffset(r.Signed(), new TimeSpan(r.Signed()))),
        Of<DateOnly>((w, v) => w.Number(v.DayNumber), r => DateOnly.FromDayNumber(r.Int())),
        Of<TimeOnly>((w, v) => w.Signed(v.Ticks), r => new TimeOnly(r.Signed())),
        Of<TimeSpan>((w, v) => w.Signed(v.Ticks), r => new TimeSpan(r.Signed())),
        Of<Uri>((w, v) => w.Text(v.OriginalString), r => new Uri(r.Text(), UriKind.RelativeOrAbsolute)),
        Of<Version>((w, v) => w.Text(v.ToString()), r => Version.Parse(r.Text())),
        Of<BigInteger>((w, v) => w.Bytes(v.ToByteArray()), r => new BigInteger(r.Bytes())),
        Of<Int128>((w, v) => w.Text(v.ToString(CultureInfo.InvariantCulture)), r => Int128.Parse(r.Text(), CultureInfo.InvariantCulture)),
        Of<UInt128>((w, v) => w.Text(v.ToString(CultureInfo.InvariantCulture)), r => UInt128.Parse(r.Text(), CultureInfo.InvariantCulture)),
        Of<IPAddress>((w, v) => w.Text(v.ToString()), r => IPAddress.Parse(r.Text())),
        Of<BitVector32>((w, v) => w.Signed(v.Data), r => new BitVector32((int)r.Signed())),
        Of<GrainId>(Write, ReadGrainId),
        Of<GrainType>((w, v) => w.Bytes(v.AsSpan()), r => new GrainType(IdSpan.Create(r.Bytes()))),
        Of<GrainInterfaceType>((w, v) => w.Bytes(v.Value.AsSpan()), r => new GrainInterfaceType(IdSpan.Create(r.Bytes()))),
        Of<IdSpan>((w, v) => w.Bytes(v.AsSpan()), r => IdSpan.Create(r.Bytes())),
        Of<SiloAddress>(Write, ReadSilo),
        Of<ActivationId>((w, v) => w.Bytes(v.Key.ToByteArray()), r => new ActivationId(new Guid(r.Bytes()))),
        Of<GrainAddress>(WriteAddress, ReadAddress),
        Of<object>((_, _) => { }, _ => new object()),
        Of<byte[]>((w, v) => w.Bytes(v), r => r.Bytes()),
        Of<CultureInfo>((w, v) => w.Text(v.Name), r => CultureInfo.GetCultureInfo(r.Text())),
        Of<CompareInfo>((w, v) => w.Text(v.Name), r => CompareInfo.GetCompareInfo(r.Text())),
        Of<IPEndPoint>((w, v) => w.Text(v.ToString()), r => IPEndPoint.Parse(r.Text())),
        Of<ArraySegment<byte>>((w, v) => w.Bytes(v), r => new ArraySegment<byte>(r.Bytes())),
        Of<Memory<byte>>((w, v) => w.Bytes(v.Span), r => new Memory<byte>(r.Bytes())),
        Of<ReadOnlyMemory<byte>>((w, v) => w.Bytes(v.Span), r => new ReadOnlyMemory<byte>(r.Bytes())),
        Of<NameValueCollection>(WriteNames, ReadNames),
    ];

    private static readonly FrozenDictionary<Type, int> Codes = All.Index().ToFrozenDictionary(l => l.Item.Type, l => l.Index);

    public static IEnumerable<Type> Types => All.Select(l => l.Type);

    public static WireCodec? CodecFor(Type type)
    {
        var key = typeof(CultureInfo).IsAssignableFrom(type) ? typeof(CultureInfo)
            : typeof(IPAddress).IsAssignableFrom(type) ? typeof(IPAddress)
            : type;
        return Codes.TryGetValue(key, out var code) ? new Codec(code, All[code].Write) : null;
    }

    public static object Read(WireReader reader)
    {
        var code = reader.Byte();
        return code < All.Length ? All[code].Read(reader) : throw WireReader.Broken($"there is no kind of value {code}");
    }

    public static void Write(WireWriter writer, GrainId id)
    {
        writer.Bytes(id.Type.AsSpan());
        writer.Bytes(id.Key.AsSpan());
    }

    public static GrainId ReadGrainId(WireReader reader) => new(new GrainType(IdSpan.Create(reader.Bytes())), IdSpan.Create(reader.Bytes()));

    public static void Write(WireWriter writer, SiloAddress silo) => writer.Text(silo.ToParsableString());

    public static SiloAddress ReadSilo(WireReader reader) => SiloAddress.Parse(reader.Text());

    private static void WriteDecimal(WireWriter writer, decimal value)
    {
        foreach (var part in decimal.GetBits(value))
        {
            writer.Signed(part);
        }
    }

    private static void WriteOffset(WireWriter writer, DateTimeOffset value)
    {
        writer.Signed(value.Ticks);
        writer.Signed(value.Offset.Ticks);
    }

    private static void WriteAddress(WireWriter writer, GrainAddress value)
    {
        Write(writer, value.GrainId);
        writer.Bytes(value.ActivationId.Key.ToByteArray());
        writer.Text(value.SiloAddress?.ToParsableString() ?? "");
    }

    private static GrainAddress ReadAddress(WireReader reader) => new()
    {
        GrainId = ReadGrainId(reader),
        ActivationId = new(new Guid(reader.Bytes())),
        SiloAddress = reader.Text() is { Length: > 0 } text ? SiloAddress.Parse(text) : null,
    };

    private static void WriteNames(WireWriter writer, NameValueCollection value)
    {
        writer.Number(value.Count);
        for (var i = 0; i < value.Count; i++)
        {
            writer.Value(value.GetKey(i));
            writer.Value(value.GetValues(i));
        }
    }

    private static NameValueCollection ReadNames(WireReader reader)
    {
        var names = new NameValueCollection();
        for (var left = reader.Count(); left > 0; left--)
        {
            var key = (string?)reader.Value();
            foreach (var value in (string[]?)reader.Value() ?? [])
            {
                names.Add(key, value);
            }
        }

        return names;
    }

    private static Leaf Of<T>(Action<WireWriter, T> write, Func<WireReader, T> read)
        where T : notnull => new(typeof(T), (w, v) => write(w, (T)v), r => read(r));

    private sealed record Leaf(Type Type, Action<WireWriter, object> Write, Func<WireReader, object> Read);

    private sealed class Codec(int code, Action<WireWriter, object> write) : WireCodec(isTracked: false)
    {
        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.Leaf);
            writer.Byte((byte)code);
            write(writer, value);
        }
    }
}
