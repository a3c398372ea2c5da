using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization.Wire;

/// <summary>Arrays, the framework's collections, and tuples.</summary>
internal static class WireCollections
{
    private static readonly ConcurrentDictionary<Type, CollectionShape?> Shapes = new();

    public static WireCodec CodecFor(Type type)
    {
        var shown = type.IsArray || type == typeof(ArrayList) ? type : Collections.Definition(type) ?? throw CopyPlans.NotFound(type);
        if (type.IsArray && !type.IsSZArray)
        {
            return new MatrixCodec(type);
        }

        return ShapeOf(shown) is { } shape ? new ShapeCodec(shown, shape) : new TupleCodec(shown);
    }

    public static object Read(WireReader reader, WireKind kind, int slot)
    {
        var (name, type) = reader.Type();
        return reader.Record(slot, kind switch
        {
            WireKind.Tuple => ReadTuple(reader, name, type),
            WireKind.Matrix => ReadMatrix(reader, name, type),
            _ => ReadShape(reader, kind, name, type, slot),
        });
    }

    private static object ReadShape(WireReader reader, WireKind kind, string name, Type? type, int slot)
    {
        var shape = type is null ? null : ShapeOf(type);
        var comparer = reader.Byte();
        var count = reader.Count();
        if (shape is not null && shape.Kind == kind)
        {
            return shape.Read(reader, type!, comparer, count, slot);
        }

        Skip(reader, kind == WireKind.Pairs ? count * 2 : count);
        return WireDecoder.NotKnown(name);
    }

    private static void Skip(WireReader reader, int values)
    {
        for (; values > 0; values--)
        {
            reader.Any();
        }
    }

    private static object ReadTuple(WireReader reader, string name, Type? type)
    {
        var items = new object?[reader.Count()];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = reader.Any();
        }

        if (type is null || Collections.Definition(type) != type || ShapeOf(type) is not null)
        {
            return WireDecoder.NotKnown(name);
        }

        return items.OfType<UnknownValue>().FirstOrDefault() ?? ConstructorOf(type).Invoke(items);
    }

    private static ConstructorInfo ConstructorOf(Type type) => type.GetConstructors().Single(c => c.GetParameters().Length == type.GetGenericArguments().Length);

    private static object ReadMatrix(WireReader reader, string name, Type? type)
    {
        var lengths = new int[reader.Count()];
        var total = 1L;
        for (var i = 0; i < lengths.Length; i++)
        {
            lengths[i] = reader.Int();
            total = checked(total * lengths[i]);
        }

        if (lengths.Length == 0 || total < 0 || total > reader.Left || lengths.Any(l => l < 0))
        {
            throw WireReader.Broken("an array has no such size");
        }

        var items = Enumerable.Range(0, (int)total).Select(_ => reader.Any()).ToList();
        if (type is not { IsArray: true } || type.GetArrayRank() != lengths.Length || items.OfType<UnknownValue>().Any() || !CopyPlans.MayTravel(type.GetElementType()!))
        {
            return items.OfType<UnknownValue>().FirstOrDefault() ?? WireDecoder.NotKnown(name);
        }

        return Fill(Array.CreateInstance(type.GetElementType()!, lengths), items);
    }

    private static Array Fill(Array array, List<object?> items)
    {
        var index = new int[array.Rank];
        foreach (var item in items)
        {
            array.SetValue(item, index);
            for (var d = array.Rank - 1; d >= 0 && ++index[d] == array.GetLength(d); d--)
            {
                index[d] = 0;
            }
        }

        return array;
    }

    private static CollectionShape? ShapeOf(Type type) => Shapes.GetOrAdd(type, static t => CollectionShape.Find(t));

    private sealed class ShapeCodec(Type type, CollectionShape shape) : WireCodec(isTracked: !type.IsValueType)
    {
        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(shape.Kind);
            writer.Type(type);
            writer.Byte(shape.ComparerOf(value));
            shape.WriteItems(writer, value);
        }
    }

    private sealed class TupleCodec(Type type) : WireCodec(isTracked: false)
    {
        private readonly PropertyInfo[] pair = typeof(ITuple).IsAssignableFrom(type) ? [] : [type.GetProperty("Key")!, type.GetProperty("Value")!];

        public override void Write(WireWriter writer, object value)
        {
            writer.Kind(WireKind.Tuple);
            writer.Type(type);
            var tuple = value as ITuple;
            writer.Number(tuple?.Length ?? pair.Length);
            for (var i = 0; i < (tuple?.Length ?? pair.Length); i++)
            {
                writer.Value(tuple is null ? pair[i].GetValue(value) : tuple[i]);
            }
        }
    }

    private sealed class MatrixCodec(Type type) : WireCodec(isTracked: true)
    {
        public override void Write(WireWriter writer, object value)
        {
            var array = (Array)value;
            writer.Kind(WireKind.Matrix);
            writer.Type(type);
            writer.Number(array.Rank);
            for (var d = 0; d < array.Rank; d++)
            {
                writer.Number(array.GetLength(d));
            }

            foreach (var item in array)
            {
                writer.Value(item);
            }
        }
    }
}
