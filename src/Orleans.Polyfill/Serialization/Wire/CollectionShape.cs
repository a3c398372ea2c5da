using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;

namespace Orleans.Serialization.Wire;

/// <summary>How one kind of collection is taken apart and put together.</summary>
internal abstract class CollectionShape
{
    /// <summary>An immutable array that was never made.</summary>
    protected const byte Absent = 255;

    public abstract WireKind Kind { get; }

    public static CollectionShape? Find(Type type)
    {
        if (type == typeof(ArrayList))
        {
            return new Sequence<object>();
        }

        if (type.IsSZArray)
        {
            return CopyPlans.MayTravel(type.GetElementType()!) ? Make(typeof(Sequence<>), type.GetElementType()!) : null;
        }

        if (!type.IsGenericType || Collections.Definition(type) != type || !type.GetGenericArguments().All(CopyPlans.MayTravel))
        {
            return null;
        }

        var definition = type.GetGenericTypeDefinition();
        return Builders.IsSequence(definition) ? Make(typeof(Sequence<>), type.GetGenericArguments())
            : Builders.IsPairs(definition) ? Make(typeof(Pairs<,>), type.GetGenericArguments())
            : null;
    }

    /// <summary>The comparer's code: 0 the default, 1 ordinal, 2 ordinal ignoring case.</summary>
    public abstract byte ComparerOf(object value);

    public abstract void WriteItems(WireWriter writer, object value);

    public abstract object Read(WireReader reader, Type type, byte comparer, int count, int slot);

    protected static T Typed<T>(object? item) => item is T typed ? typed
        : item is null && default(T) is null ? default!
        : throw new SerializerException($"The message holds {item?.GetType().ToString() ?? "nothing"} where {typeof(T)} belongs.");

    private static CollectionShape Make(Type shape, params Type[] arguments) => (CollectionShape)Activator.CreateInstance(shape.MakeGenericType(arguments))!;

    private sealed class Sequence<T> : CollectionShape
    {
        public override WireKind Kind => WireKind.Sequence;

        public override byte ComparerOf(object value) => value switch
        {
            ImmutableArray<T> { IsDefault: true } => Absent,
            HashSet<T> set => Comparers.Code(set.Comparer, EqualityComparer<T>.Default),
            SortedSet<T> set => Comparers.Code(set.Comparer, Comparer<T>.Default),
            ImmutableHashSet<T> set => Comparers.Code(set.KeyComparer, EqualityComparer<T>.Default),
            ImmutableSortedSet<T> set => Comparers.Code(set.KeyComparer, Comparer<T>.Default),
            FrozenSet<T> set => Comparers.Code(set.Comparer, EqualityComparer<T>.Default),
            _ => 0,
        };

        public override void WriteItems(WireWriter writer, object value)
        {
            if (value is ImmutableArray<T> { IsDefault: true })
            {
                writer.Number(0);
                return;
            }

            // A list gives its number of items without being enumerated; others are enumerated once.
            var items = value is IReadOnlyCollection<T> or ICollection ? (IEnumerable)value : ((IEnumerable<T>)value).ToList();
            writer.Number(items is ICollection counted ? counted.Count : ((IReadOnlyCollection<T>)items).Count);
            foreach (var item in items)
            {
                writer.Value(item);
            }
        }

        public override object Read(WireReader reader, Type type, byte comparer, int count, int slot)
        {
            // What can be filled later is noted before its items are read, since they may refer back to it.
            var list = new List<T>(Math.Min(count, 1024));
            var array = type.IsSZArray ? reader.Record(slot, new T[count]) : null;
            if (type == typeof(List<T>))
            {
                reader.Record(slot, list);
            }

            UnknownValue? unknown = null;
            for (var i = 0; i < count; i++)
            {
                var item = reader.Any();
                unknown ??= item as UnknownValue;
                if (unknown is not null)
                {
                    continue;
                }

                if (array is not null)
                {
                    array[i] = Typed<T>(item);
                }
                else
                {
                    list.Add(Typed<T>(item));
                }
            }

            return unknown ?? (object?)array ?? (comparer == Absent ? default(ImmutableArray<T>) : Builders.Sequence(type, list, comparer));
        }
    }

    private sealed class Pairs<TKey, TValue> : CollectionShape
        where TKey : notnull
    {
        public override WireKind Kind => WireKind.Pairs;

        public override byte ComparerOf(object value) => value switch
        {
            Dictionary<TKey, TValue> map => Comparers.Code(map.Comparer, EqualityComparer<TKey>.Default),
            SortedDictionary<TKey, TValue> map => Comparers.Code(map.Comparer, Comparer<TKey>.Default),
            SortedList<TKey, TValue> map => Comparers.Code(map.Comparer, Comparer<TKey>.Default),
            ConcurrentDictionary<TKey, TValue> map => Comparers.Code(map.Comparer, EqualityComparer<TKey>.Default),
            ImmutableDictionary<TKey, TValue> map => Comparers.Code(map.KeyComparer, EqualityComparer<TKey>.Default),
            ImmutableSortedDictionary<TKey, TValue> map => Comparers.Code(map.KeyComparer, Comparer<TKey>.Default),
            FrozenDictionary<TKey, TValue> map => Comparers.Code(map.Comparer, EqualityComparer<TKey>.Default),
            _ => 0,
        };

        public override void WriteItems(WireWriter writer, object value)
        {
            var pairs = ((IEnumerable<KeyValuePair<TKey, TValue>>)value).ToArray();
            writer.Number(pairs.Length);
            foreach (var (key, item) in pairs)
            {
                writer.Value(key);
                writer.Value(item);
            }
        }

        public override object Read(WireReader reader, Type type, byte comparer, int count, int slot)
        {
            var target = Builders.Empty<TKey, TValue>(type, comparer);
            reader.Record(slot, target);
            UnknownValue? unknown = null;
            for (var i = 0; i < count; i++)
            {
                var (key, item) = (reader.Any(), reader.Any());
                unknown ??= key as UnknownValue ?? item as UnknownValue;
                if (unknown is null)
                {
                    target.Add(Typed<TKey>(key), Typed<TValue>(item));
                }
            }

            return unknown ?? Builders.Pairs(type, target, comparer);
        }
    }
}

/// <summary>The few comparers that travel.</summary>
internal static class Comparers
{
    public static byte Code(object comparer, object standard) => Equals(comparer, standard) ? (byte)0
        : ReferenceEquals(comparer, StringComparer.Ordinal) ? (byte)1
        : ReferenceEquals(comparer, StringComparer.OrdinalIgnoreCase) ? (byte)2
        : throw new CodecNotFoundException($"A collection is compared by {comparer.GetType()}, which does not travel.");

    public static IEqualityComparer<T> Equality<T>(byte code) => (IEqualityComparer<T>?)Text<T>(code) ?? EqualityComparer<T>.Default;

    public static IComparer<T> Order<T>(byte code) => (IComparer<T>?)Text<T>(code) ?? Comparer<T>.Default;

    private static StringComparer? Text<T>(byte code) => (code, typeof(T) == typeof(string)) switch
    {
        (0, _) => null,
        (1, true) => StringComparer.Ordinal,
        (2, true) => StringComparer.OrdinalIgnoreCase,
        _ => throw WireReader.Broken($"there is no comparer {code} for {typeof(T)}"),
    };
}

/// <summary>Puts collections together.</summary>
internal static class Builders
{
    private static readonly FrozenSet<Type> Sequences = new[]
    {
        typeof(List<>), typeof(HashSet<>), typeof(SortedSet<>), typeof(Queue<>), typeof(Stack<>), typeof(ConcurrentQueue<>), typeof(ReadOnlyCollection<>), typeof(Collection<>),
        typeof(ImmutableArray<>), typeof(ImmutableList<>), typeof(ImmutableHashSet<>), typeof(ImmutableSortedSet<>), typeof(ImmutableQueue<>), typeof(ImmutableStack<>), typeof(FrozenSet<>),
    }.ToFrozenSet();

    private static readonly FrozenSet<Type> Maps = new[]
    {
        typeof(Dictionary<,>), typeof(SortedDictionary<,>), typeof(SortedList<,>), typeof(ConcurrentDictionary<,>), typeof(ReadOnlyDictionary<,>),
        typeof(ImmutableDictionary<,>), typeof(ImmutableSortedDictionary<,>), typeof(FrozenDictionary<,>),
    }.ToFrozenSet();

    public static bool IsSequence(Type definition) => Sequences.Contains(definition);

    public static bool IsPairs(Type definition) => Maps.Contains(definition);

    public static object Sequence<T>(Type type, List<T> items, byte comparer) =>
        type == typeof(List<T>) ? items
        : type == typeof(ArrayList) ? new ArrayList(items)
        : type == typeof(HashSet<T>) ? new HashSet<T>(items, Comparers.Equality<T>(comparer))
        : type == typeof(SortedSet<T>) ? new SortedSet<T>(items, Comparers.Order<T>(comparer))
        : type == typeof(Queue<T>) ? new Queue<T>(items)
        : type == typeof(Stack<T>) ? new Stack<T>(Enumerable.Reverse(items))
        : type == typeof(ConcurrentQueue<T>) ? new ConcurrentQueue<T>(items)
        : type == typeof(ReadOnlyCollection<T>) ? new ReadOnlyCollection<T>(items)
        : type == typeof(Collection<T>) ? new Collection<T>(items)
        : Immutable(type, items, comparer);

    /// <summary>What pairs are gathered in: the collection itself where it can be filled.</summary>
    public static IDictionary<TKey, TValue> Empty<TKey, TValue>(Type type, byte comparer)
        where TKey : notnull =>
        type == typeof(SortedDictionary<TKey, TValue>) ? new SortedDictionary<TKey, TValue>(Comparers.Order<TKey>(comparer))
        : type == typeof(SortedList<TKey, TValue>) ? new SortedList<TKey, TValue>(Comparers.Order<TKey>(comparer))
        : type == typeof(ImmutableSortedDictionary<TKey, TValue>) ? new SortedDictionary<TKey, TValue>(Comparers.Order<TKey>(comparer))
        : type == typeof(ConcurrentDictionary<TKey, TValue>) ? new ConcurrentDictionary<TKey, TValue>(Comparers.Equality<TKey>(comparer))
        : new Dictionary<TKey, TValue>(Comparers.Equality<TKey>(comparer));

    public static object Pairs<TKey, TValue>(Type type, IDictionary<TKey, TValue> filled, byte comparer)
        where TKey : notnull =>
        type == filled.GetType() ? filled
        : type == typeof(ReadOnlyDictionary<TKey, TValue>) ? new ReadOnlyDictionary<TKey, TValue>(filled)
        : type == typeof(ImmutableDictionary<TKey, TValue>) ? ImmutableDictionary.CreateRange(Comparers.Equality<TKey>(comparer), filled)
        : type == typeof(ImmutableSortedDictionary<TKey, TValue>) ? ImmutableSortedDictionary.CreateRange(Comparers.Order<TKey>(comparer), filled)
        : type == typeof(FrozenDictionary<TKey, TValue>) ? filled.ToFrozenDictionary(Comparers.Equality<TKey>(comparer))
        : throw CopyPlans.NotFound(type);

    private static object Immutable<T>(Type type, List<T> items, byte comparer) =>
        type == typeof(ImmutableArray<T>) ? ImmutableArray.CreateRange(items)
        : type == typeof(ImmutableList<T>) ? ImmutableList.CreateRange(items)
        : type == typeof(ImmutableHashSet<T>) ? ImmutableHashSet.CreateRange(Comparers.Equality<T>(comparer), items)
        : type == typeof(ImmutableSortedSet<T>) ? ImmutableSortedSet.CreateRange(Comparers.Order<T>(comparer), items)
        : type == typeof(ImmutableQueue<T>) ? ImmutableQueue.CreateRange(items)
        : type == typeof(ImmutableStack<T>) ? ImmutableStack.CreateRange(Enumerable.Reverse(items))
        : type == typeof(FrozenSet<T>) ? items.ToFrozenSet(Comparers.Equality<T>(comparer))
        : throw CopyPlans.NotFound(type);
}
