using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Specialized;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Finds, builds and keeps the copy plan of each type. What has no plan may not travel.</summary>
internal static class CopyPlans
{
    private static readonly ConcurrentDictionary<Type, CopyPlan> Plans = new();
    private static readonly ConcurrentDictionary<Type, Type> Converters = new();

    private static readonly FrozenSet<Type> Leaves = new[]
    {
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong), typeof(nint), typeof(nuint),
        typeof(float), typeof(double), typeof(decimal), typeof(Half), typeof(char), typeof(string), typeof(Guid), typeof(DateTime), typeof(DateTimeOffset), typeof(DateOnly),
        typeof(TimeOnly), typeof(TimeSpan), typeof(Uri), typeof(Version), typeof(BigInteger), typeof(Int128), typeof(UInt128), typeof(IPAddress), typeof(BitVector32),
        typeof(GrainId), typeof(GrainType), typeof(GrainInterfaceType), typeof(IdSpan), typeof(SiloAddress), typeof(ActivationId), typeof(GrainAddress), typeof(object),
    }.ToFrozenSet();

    public static CopyPlan For(Type type) => Plans.TryGetValue(type, out var plan) ? plan : Plans.GetOrAdd(type, Build);

    public static CodecNotFoundException NotFound(Type type) => new($"Could not find a copier for type {type}. " +
        "Mark it with [GenerateSerializer] and each of its members with [Id], or register a converter.");

    /// <summary>Whether values of this static type may travel: abstract types, interfaces and object are judged by each value.</summary>
    public static bool MayTravel(Type type) =>
        type.IsInterface || type.IsGenericParameter || (type.IsAbstract && type.IsClass) || type == typeof(ValueType) || IsLeaf(type) || IsMarked(type)
        || typeof(Exception).IsAssignableFrom(type) || Collections.MayTravel(type) || Converters.ContainsKey(type);

    public static bool IsMarked(Type type) => type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is not null;

    /// <summary>The first part of the type that may not travel, if any.</summary>
    public static Type? Offender(Type type)
    {
        if (MayTravel(type))
        {
            return null;
        }

        var part = type.IsArray ? type.GetElementType()! : type.IsGenericType ? type.GetGenericArguments().FirstOrDefault(a => !MayTravel(a)) ?? type : type;
        return part == type ? type : Offender(part) ?? type;
    }

    public static void AddConverter(Type converter)
    {
        foreach (var contract in converter.GetInterfaces().Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IConverter<,>)))
        {
            if (!converter.ContainsGenericParameters)
            {
                Converters[contract.GetGenericArguments()[0]] = converter;
            }
        }
    }

    public static Type? ConverterOf(Type type) => Converters.GetValueOrDefault(type);

    private static bool IsLeaf(Type type) =>
        Leaves.Contains(type) || type.IsEnum || typeof(GrainReference).IsAssignableFrom(type) || typeof(Type).IsAssignableFrom(type)
        || typeof(IPAddress).IsAssignableFrom(type) // the well-known addresses are of a class of their own
        || typeof(CultureInfo).IsAssignableFrom(type) || typeof(CompareInfo).IsAssignableFrom(type);

    private static CopyPlan Build(Type type)
    {
        if (IsLeaf(type))
        {
            return CopyPlan.ByReference;
        }

        if (Converters.TryGetValue(type, out var converter))
        {
            return ByConverter(type, converter);
        }

        if (typeof(Exception).IsAssignableFrom(type))
        {
            return ExceptionCopy.PlanFor(type);
        }

        if (IsMarked(type))
        {
            return type.GetCustomAttribute<ImmutableAttribute>(inherit: false) is not null ? CopyPlan.ByReference : MemberCopy.PlanFor(type);
        }

        return Collections.PlanFor(type) ?? throw NotFound(type);
    }

    private static CopyPlan ByConverter(Type type, Type converter)
    {
        var contract = converter.GetInterfaces().First(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IConverter<,>) && i.GetGenericArguments()[0] == type);
        var instance = Activator.CreateInstance(converter, nonPublic: true);
        var method = typeof(CopyPlans).GetMethod(nameof(Convert), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(contract.GetGenericArguments());
        return (CopyPlan)method.Invoke(null, [instance])!;
    }

    private static CopyPlan Convert<TValue, TSurrogate>(object converter)
        where TSurrogate : struct
    {
        var typed = (IConverter<TValue, TSurrogate>)converter;
        return new((value, context) =>
        {
            var surrogate = context.Copy(typed.ConvertToSurrogate((TValue)value));
            var copy = (object)typed.ConvertFromSurrogate(in surrogate)!;
            context.Record(value, copy);
            return copy;
        });
    }
}
