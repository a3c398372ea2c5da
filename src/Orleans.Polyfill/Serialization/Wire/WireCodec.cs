using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Serialization.Wire;

/// <summary>How values of one type are written. The rules are the copier's: what it refuses to copy is refused here.</summary>
internal abstract class WireCodec(bool isTracked)
{
    private static readonly ConcurrentDictionary<Type, WireCodec> Codecs = new();

    /// <summary>Whether a second occurrence of the same object is written as a reference to the first.</summary>
    public bool IsTracked { get; } = isTracked;

    public abstract void Write(WireWriter writer, object value);

    public static WireCodec For(Type type) => Codecs.TryGetValue(type, out var codec) ? codec : Codecs.GetOrAdd(type, static t => Build(t));

    private static WireCodec Build(Type type)
    {
        _ = CopyPlans.For(type); // refuses what may not travel
        if (WireLeaves.CodecFor(type) is { } leaf)
        {
            return leaf;
        }

        if (type.IsEnum)
        {
            return new EnumCodec(type);
        }

        if (typeof(GrainReference).IsAssignableFrom(type))
        {
            return new GrainCodec();
        }

        if (typeof(Type).IsAssignableFrom(type))
        {
            return new TypeCodec();
        }

        if (CopyPlans.ConverterOf(type) is not null)
        {
            return new SurrogateCodec(type);
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return new WireFailures.Codec(type);
        }

        return CopyPlans.IsMarked(type) ? new ObjectCodec(type) : WireCollections.CodecFor(type);
    }

    private sealed class EnumCodec(Type type) : WireCodec(isTracked: false)
    {
        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.Enumeration);
            writer.Type(type);
            writer.Signed(Type.GetTypeCode(type) == TypeCode.UInt64 ? (long)Convert.ToUInt64(value, null) : Convert.ToInt64(value, null));
        }
    }

    private sealed class GrainCodec() : WireCodec(isTracked: false)
    {
        public override void Write(WireWriter writer, object value)
        {
            var reference = (GrainReference)value;
            writer.Kind(WireKind.Grain);
            WireLeaves.Write(writer, reference.GrainId);
            writer.Bytes(reference.InterfaceType.Value.AsSpan());
        }
    }

    private sealed class TypeCodec() : WireCodec(isTracked: false)
    {
        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.TypeName);
            writer.Type((Type)value);
        }
    }

    private sealed class SurrogateCodec(Type type) : WireCodec(isTracked: !type.IsValueType)
    {
        private readonly Surrogate surrogate = Surrogate.Of(type)!;

        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.Surrogate);
            writer.Type(type);
            writer.Value(surrogate.From(value));
        }
    }

    private sealed class ObjectCodec(Type type) : WireCodec(isTracked: !type.IsValueType)
    {
        private readonly List<MemberCopy.Member> members = MemberCopy.Members(type);

        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.Object);
            writer.Type(type);
            WireMembers.Write(writer, members, value);
        }
    }
}

/// <summary>The members of an object: level of the declaring class from 1 up, id, value; 0 ends them.</summary>
internal static class WireMembers
{
    private static readonly ConcurrentDictionary<Type, Dictionary<(int Level, ulong Key), MemberCopy.Member>> ByKey = new();

    public static void Write(WireWriter writer, List<MemberCopy.Member> members, object owner)
    {
        foreach (var member in members)
        {
            writer.Number(member.Level);
            writer.Number(member.Key);
            writer.Value(member.Read(owner));
        }

        writer.Number(0);
    }

    /// <summary>Fills the owner; says what of it is not known here. Members that the type does not have are read and dropped.</summary>
    public static UnknownValue? Read(WireReader reader, Type? type, object? owner)
    {
        var known = type is null ? null : ByKey.GetOrAdd(type, static t => MemberCopy.Members(t).ToDictionary(m => (m.Level, m.Key)));
        UnknownValue? unknown = null;
        while (reader.Int() is var level && level != 0)
        {
            var key = reader.Number();
            var value = reader.Any();
            if (known is null || !known.TryGetValue((level, key), out var member))
            {
                continue;
            }

            unknown ??= value as UnknownValue;
            if (unknown is null)
            {
                member.Write(owner!, value);
            }
        }

        return unknown;
    }
}

/// <summary>A registered converter, without its types.</summary>
internal abstract class Surrogate
{
    public static Surrogate? Of(Type type)
    {
        if (CopyPlans.ConverterOf(type) is not { } converter)
        {
            return null;
        }

        var contract = converter.GetInterfaces().First(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IConverter<,>) && i.GetGenericArguments()[0] == type);
        return (Surrogate)Activator.CreateInstance(typeof(Typed<,>).MakeGenericType(contract.GetGenericArguments()), Activator.CreateInstance(converter, nonPublic: true))!;
    }

    public abstract object From(object value);

    public abstract object To(object surrogate);

    private sealed class Typed<TValue, TSurrogate>(IConverter<TValue, TSurrogate> converter) : Surrogate
        where TSurrogate : struct
    {
        public override object From(object value) => converter.ConvertToSurrogate((TValue)value);

        public override object To(object surrogate)
        {
            var typed = (TSurrogate)surrogate;
            return converter.ConvertFromSurrogate(in typed)!;
        }
    }
}

/// <summary>Makes values of what was read.</summary>
internal static class WireDecoder
{
    public static object? Read(WireReader reader, WireKind kind, int slot) => kind switch
    {
        WireKind.Null => null,
        WireKind.Reference => reader.Referred(),
        WireKind.Leaf => WireLeaves.Read(reader),
        WireKind.Enumeration => ReadEnum(reader),
        WireKind.Object => ReadObject(reader, slot),
        WireKind.Sequence or WireKind.Pairs or WireKind.Tuple or WireKind.Matrix => WireCollections.Read(reader, kind, slot),
        WireKind.Failure => WireFailures.Read(reader, slot),
        WireKind.Surrogate => ReadSurrogate(reader, slot),
        WireKind.Grain => ReadGrain(reader),
        WireKind.TypeName => reader.Type() is var (name, type) && type is not null ? type : NotKnown(name),
        _ => throw WireReader.Broken($"there is no kind {kind}"),
    };

    public static UnknownValue NotKnown(string name) => new($"Type {name} is not known in this process, or may not travel: it is of another version.");

    private static object ReadEnum(WireReader reader)
    {
        var (name, type) = reader.Type();
        var value = reader.Signed();
        return type is { IsEnum: true } ? Enum.ToObject(type, value) : NotKnown(name);
    }

    private static object ReadObject(WireReader reader, int slot)
    {
        var (name, type) = reader.Type();
        if (type is null || !CopyPlans.IsMarked(type) || type.IsAbstract || type.IsEnum)
        {
            var unknown = reader.Record(slot, NotKnown(name));
            WireMembers.Read(reader, null, null);
            return unknown;
        }

        var made = reader.Record(slot, MemberCopy.Create(type));
        return WireMembers.Read(reader, type, made) is { } part ? reader.Record<object>(slot, part) : made;
    }

    private static object ReadSurrogate(WireReader reader, int slot)
    {
        var (name, type) = reader.Type();
        var value = reader.Any();
        var made = type is null || Surrogate.Of(type) is not { } surrogate ? NotKnown(name) : value is null or UnknownValue ? value ?? NotKnown(name) : surrogate.To(value);
        return reader.Record(slot, made);
    }

    private static object ReadGrain(WireReader reader)
    {
        var id = WireLeaves.ReadGrainId(reader);
        var contract = new GrainInterfaceType(IdSpan.Create(reader.Bytes()));
        return reader.Grains is { } grains
            ? grains.TryReference(id, contract) ?? (object)NotKnown(contract.ToString())
            : throw new SerializerException($"A reference to grain {id} was read where there is no grain factory.");
    }
}
