using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Collections.Specialized;
using System.Net;
using System.Reflection;

namespace Orleans.Serialization;

/// <summary>Copies of the framework's collections and tuples, element by element.</summary>
internal static class Collections
{
    private const BindingFlags Own = BindingFlags.NonPublic | BindingFlags.Static;

    private static readonly FrozenDictionary<Type, string> Generic = new Dictionary<Type, string>
    {
        [typeof(List<>)] = nameof(OfList), [typeof(Dictionary<,>)] = nameof(OfDictionary), [typeof(HashSet<>)] = nameof(OfHashSet),
        [typeof(SortedDictionary<,>)] = nameof(OfSortedDictionary), [typeof(SortedList<,>)] = nameof(OfSortedList), [typeof(SortedSet<>)] = nameof(OfSortedSet),
        [typeof(Queue<>)] = nameof(OfQueue), [typeof(Stack<>)] = nameof(OfStack), [typeof(ConcurrentDictionary<,>)] = nameof(OfConcurrentDictionary),
        [typeof(ConcurrentQueue<>)] = nameof(OfConcurrentQueue), [typeof(ReadOnlyCollection<>)] = nameof(OfReadOnlyCollection),
        [typeof(ReadOnlyDictionary<,>)] = nameof(OfReadOnlyDictionary), [typeof(Collection<>)] = nameof(OfCollection), [typeof(KeyValuePair<,>)] = nameof(OfPair),
        [typeof(ImmutableArray<>)] = nameof(OfImmutableArray), [typeof(ImmutableList<>)] = nameof(OfImmutableList), [typeof(ImmutableDictionary<,>)] = nameof(OfImmutableDictionary),
        [typeof(ImmutableHashSet<>)] = nameof(OfImmutableHashSet), [typeof(ImmutableSortedDictionary<,>)] = nameof(OfImmutableSortedDictionary),
        [typeof(ImmutableSortedSet<>)] = nameof(OfImmutableSortedSet), [typeof(ImmutableQueue<>)] = nameof(OfImmutableQueue), [typeof(ImmutableStack<>)] = nameof(OfImmutableStack),
        [typeof(FrozenDictionary<,>)] = nameof(OfFrozenDictionary), [typeof(FrozenSet<>)] = nameof(OfFrozenSet),
    }.ToFrozenDictionary();

    private static readonly FrozenSet<Type> Plain =
        new[] { typeof(ArrayList), typeof(NameValueCollection), typeof(IPEndPoint), typeof(ArraySegment<byte>), typeof(Memory<byte>), typeof(ReadOnlyMemory<byte>) }.ToFrozenSet();

    public static IEnumerable<Type> Definitions => Generic.Keys.Concat(Plain);

    public static bool MayTravel(Type type) => type.IsArray
        ? CopyPlans.MayTravel(type.GetElementType()!)
        : Plain.Contains(type) || (Definition(type) is { } found && found.GetGenericArguments().All(CopyPlans.MayTravel));

    public static CopyPlan? PlanFor(Type type)
    {
        if (Plain.Contains(type))
        {
            return new(CopyPlain);
        }

        if (!type.IsArray && Definition(type) is null)
        {
            return null;
        }

        if (CopyPlans.Offender(type) is { } offender)
        {
            throw CopyPlans.NotFound(offender);
        }

        return type.IsArray ? ArrayPlan(type) : GenericPlan(Definition(type)!);
    }

    /// <summary>The known generic type that the type is; frozen collections are subclasses of theirs.</summary>
    public static Type? Definition(Type type)
    {
        for (var candidate = type; candidate is not null; candidate = candidate.BaseType)
        {
            if (candidate.IsGenericType && (candidate == type || candidate.Namespace == "System.Collections.Frozen")
                && (Generic.ContainsKey(candidate.GetGenericTypeDefinition()) || IsTuple(candidate)))
            {
                return candidate;
            }
        }

        return null;
    }

    private static bool IsTuple(Type type) =>
        type.Namespace == "System" && type.GetGenericTypeDefinition() is var open
        && (open == typeof(Nullable<>) || open.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal) || open.FullName!.StartsWith("System.Tuple`", StringComparison.Ordinal));

    private static CopyPlan GenericPlan(Type type)
    {
        if (type.GetGenericArguments().All(PassesByReference) && IsUnchanging(type))
        {
            return CopyPlan.ByReference;
        }

        if (!Generic.TryGetValue(type.GetGenericTypeDefinition(), out var name))
        {
            return TuplePlan(type);
        }

        var method = typeof(Collections).GetMethod(name, Own)!.MakeGenericMethod(type.GetGenericArguments());
        return new(method.CreateDelegate<Func<object, CopyContext, object>>());
    }

    private static bool PassesByReference(Type type) => (type.IsValueType || type.IsSealed) && CopyPlans.For(type).Copy is null;

    private static bool IsUnchanging(Type type) =>
        type.IsValueType || type.Namespace is "System.Collections.Immutable" or "System.Collections.Frozen" || type.Name.StartsWith("Tuple`", StringComparison.Ordinal);

    private static CopyPlan TuplePlan(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return CopyPlans.For(underlying); // boxed nullables are boxed values
        }

        var constructor = type.GetConstructors().Single(c => c.GetParameters().Length == type.GetGenericArguments().Length);
        System.Runtime.CompilerServices.ITuple Read(object value) => (System.Runtime.CompilerServices.ITuple)value;
        if (type.GetGenericArguments().Length > 7)
        {
            throw CopyPlans.NotFound(type);
        }

        return new((value, context) =>
        {
            var tuple = Read(value);
            var items = new object?[tuple.Length];
            for (var i = 0; i < items.Length; i++)
            {
                items[i] = context.CopyObject(tuple[i]);
            }

            return constructor.Invoke(items);
        });
    }

    private static CopyPlan ArrayPlan(Type type)
    {
        var element = type.GetElementType()!;
        if (PassesByReference(element))
        {
            return new(static (value, context) => Recorded(value, ((Array)value).Clone(), context));
        }

        return type.IsSZArray
            ? new(typeof(Collections).GetMethod(nameof(OfArray), Own)!.MakeGenericMethod(element).CreateDelegate<Func<object, CopyContext, object>>())
            : new(OfMatrix);
    }

    private static T Recorded<T>(object original, T copy, CopyContext context)
        where T : class
    {
        context.Record(original, copy);
        return copy;
    }

    private static object OfArray<T>(object value, CopyContext context)
    {
        var source = (T[])value;
        var copy = Recorded(value, new T[source.Length], context);
        for (var i = 0; i < source.Length; i++)
        {
            copy[i] = context.Copy(source[i]);
        }

        return copy;
    }

    private static object OfMatrix(object value, CopyContext context)
    {
        var copy = Recorded(value, (Array)((Array)value).Clone(), context);
        var index = new int[copy.Rank];
        foreach (var item in (Array)value)
        {
            copy.SetValue(context.CopyObject(item), index);
            for (var d = copy.Rank - 1; d >= 0 && ++index[d] == copy.GetLength(d); d--)
            {
                index[d] = 0;
            }
        }

        return copy;
    }

    private static object CopyPlain(object value, CopyContext context) => value switch
    {
        IPEndPoint endpoint => new IPEndPoint(endpoint.Address, endpoint.Port),
        NameValueCollection names => new NameValueCollection(names),
        ArrayList list => new ArrayList(list.Cast<object?>().Select(context.CopyObject).ToArray()),
        ArraySegment<byte> segment => new ArraySegment<byte>([.. segment]),
        Memory<byte> memory => new Memory<byte>(memory.ToArray()),
        ReadOnlyMemory<byte> memory => new ReadOnlyMemory<byte>(memory.ToArray()),
        _ => throw CopyPlans.NotFound(value.GetType()),
    };

    private static object OfList<T>(object value, CopyContext context)
    {
        var source = (List<T>)value;
        var copy = Recorded(value, new List<T>(source.Count), context);
        foreach (var item in source)
        {
            copy.Add(context.Copy(item));
        }

        return copy;
    }

    private static object OfDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull
    {
        var source = (Dictionary<TKey, TValue>)value;
        return Fill(source, Recorded(value, new Dictionary<TKey, TValue>(source.Count, source.Comparer), context), context);
    }

    private static object Fill<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> source, IDictionary<TKey, TValue> copy, CopyContext context)
    {
        foreach (var (key, item) in source)
        {
            copy.Add(context.Copy(key), context.Copy(item));
        }

        return copy;
    }

    private static IEnumerable<T> Each<T>(IEnumerable<T> source, CopyContext context) => source.Select(context.Copy);

    private static IEnumerable<KeyValuePair<TKey, TValue>> Pairs<TKey, TValue>(IEnumerable<KeyValuePair<TKey, TValue>> source, CopyContext context) =>
        source.Select(p => KeyValuePair.Create(context.Copy(p.Key), context.Copy(p.Value)));

    private static object OfHashSet<T>(object value, CopyContext context)
    {
        var source = (HashSet<T>)value;
        var copy = Recorded(value, new HashSet<T>(source.Count, source.Comparer), context);
        copy.UnionWith(Each(source, context));
        return copy;
    }

    private static object OfSortedDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull
    {
        var source = (SortedDictionary<TKey, TValue>)value;
        return Fill(source, Recorded(value, new SortedDictionary<TKey, TValue>(source.Comparer), context), context);
    }

    private static object OfSortedList<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull
    {
        var source = (SortedList<TKey, TValue>)value;
        return Fill(source, Recorded(value, new SortedList<TKey, TValue>(source.Count, source.Comparer), context), context);
    }

    private static object OfSortedSet<T>(object value, CopyContext context) => new SortedSet<T>(Each((SortedSet<T>)value, context), ((SortedSet<T>)value).Comparer);

    private static object OfQueue<T>(object value, CopyContext context) => new Queue<T>(Each((Queue<T>)value, context));

    private static object OfStack<T>(object value, CopyContext context) => new Stack<T>(Each((Stack<T>)value, context).Reverse());

    private static object OfConcurrentDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull => new ConcurrentDictionary<TKey, TValue>(Pairs((ConcurrentDictionary<TKey, TValue>)value, context));

    private static object OfConcurrentQueue<T>(object value, CopyContext context) => new ConcurrentQueue<T>(Each((ConcurrentQueue<T>)value, context));

    private static object OfReadOnlyCollection<T>(object value, CopyContext context) => new ReadOnlyCollection<T>([.. Each((ReadOnlyCollection<T>)value, context)]);

    private static object OfReadOnlyDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull => new ReadOnlyDictionary<TKey, TValue>(new Dictionary<TKey, TValue>(Pairs((ReadOnlyDictionary<TKey, TValue>)value, context)));

    private static object OfCollection<T>(object value, CopyContext context) => new Collection<T>([.. Each((Collection<T>)value, context)]);

    private static object OfPair<TKey, TValue>(object value, CopyContext context)
    {
        var pair = (KeyValuePair<TKey, TValue>)value;
        return KeyValuePair.Create(context.Copy(pair.Key), context.Copy(pair.Value));
    }

    private static object OfImmutableArray<T>(object value, CopyContext context) =>
        ((ImmutableArray<T>)value).IsDefault ? value : ImmutableArray.CreateRange(Each((ImmutableArray<T>)value, context));

    private static object OfImmutableList<T>(object value, CopyContext context) => ImmutableList.CreateRange(Each((ImmutableList<T>)value, context));

    private static object OfImmutableDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull => ImmutableDictionary.CreateRange(((ImmutableDictionary<TKey, TValue>)value).KeyComparer, Pairs((ImmutableDictionary<TKey, TValue>)value, context));

    private static object OfImmutableHashSet<T>(object value, CopyContext context) =>
        ImmutableHashSet.CreateRange(((ImmutableHashSet<T>)value).KeyComparer, Each((ImmutableHashSet<T>)value, context));

    private static object OfImmutableSortedDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull =>
        ImmutableSortedDictionary.CreateRange(((ImmutableSortedDictionary<TKey, TValue>)value).KeyComparer, Pairs((ImmutableSortedDictionary<TKey, TValue>)value, context));

    private static object OfImmutableSortedSet<T>(object value, CopyContext context) =>
        ImmutableSortedSet.CreateRange(((ImmutableSortedSet<T>)value).KeyComparer, Each((ImmutableSortedSet<T>)value, context));

    private static object OfImmutableQueue<T>(object value, CopyContext context) => ImmutableQueue.CreateRange(Each((ImmutableQueue<T>)value, context));

    private static object OfImmutableStack<T>(object value, CopyContext context) => ImmutableStack.CreateRange(Each((ImmutableStack<T>)value, context).Reverse());

    private static object OfFrozenDictionary<TKey, TValue>(object value, CopyContext context)
        where TKey : notnull => Pairs((FrozenDictionary<TKey, TValue>)value, context).ToFrozenDictionary(((FrozenDictionary<TKey, TValue>)value).Comparer);

    private static object OfFrozenSet<T>(object value, CopyContext context) => Each((FrozenSet<T>)value, context).ToFrozenSet(((FrozenSet<T>)value).Comparer);
}
