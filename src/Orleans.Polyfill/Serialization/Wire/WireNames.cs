using System.Collections.Concurrent;
using System.Reflection;

namespace Orleans.Serialization.Wire;

/// <summary>
/// The names of types on the wire: the [Alias] or the full name, generic arguments in angle brackets, arrays with their rank. Only types that
/// messages may hold are found by a name, never any type that a message asks for.
/// </summary>
internal static class WireNames
{
    private static readonly ConcurrentDictionary<Type, string> Names = new();
    private static readonly ConcurrentDictionary<string, Type> Known = new(Seed(), StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, Type> Found = new(StringComparer.Ordinal);

    /// <summary>A type of the application that messages may hold.</summary>
    public static void Add(Type type) => Known[SimpleName(type)] = type;

    public static string Of(Type type) => Names.GetOrAdd(type, static t => Build(t));

    public static Type? Find(string name)
    {
        if (Found.TryGetValue(name, out var known))
        {
            return known;
        }

        var rest = name.AsSpan();
        var type = Parse(ref rest);
        if (!rest.IsEmpty)
        {
            throw WireReader.Broken($"'{name}' is no name of a type");
        }

        // What is not found is not kept: the application's types may be loaded later, and names can be invented without end.
        return type is null ? null : Found.GetOrAdd(name, type);
    }

    private static string Build(Type type)
    {
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!)}#{type.GetArrayRank()}";
        }

        return type.IsGenericType
            ? $"{SimpleName(type.GetGenericTypeDefinition())}<{string.Join('|', type.GetGenericArguments().Select(Of))}>"
            : SimpleName(type);
    }

    // Where the full name is not enough to find the type, the assembly's simple name follows it.
    private static string SimpleName(Type type) => type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias
        ?? (CopyPlans.IsMarked(type) || IsOfFramework(type) ? type.FullName! : $"{type.FullName}, {type.Assembly.GetName().Name}");

    private static bool IsOfFramework(Type type) => type.Assembly == typeof(object).Assembly || Known?.GetValueOrDefault(type.FullName!) == type;

    private static Type? Parse(ref ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAny("<|>#");
        var name = (end < 0 ? rest : rest[..end]).ToString();
        rest = end < 0 ? default : rest[end..];
        var type = Lookup(name);
        if (rest.StartsWith("<"))
        {
            type = Close(type, ref rest);
        }

        while (rest.StartsWith("#"))
        {
            var rank = rest.Length > 1 ? rest[1] - '0' : 0;
            if (rank is < 1 or > 9)
            {
                throw WireReader.Broken($"'{name}' is an array of no rank");
            }

            type = rank == 1 ? type?.MakeArrayType() : type?.MakeArrayType(rank);
            rest = rest[2..];
        }

        return type;
    }

    private static Type? Close(Type? definition, ref ReadOnlySpan<char> rest)
    {
        var arguments = new List<Type?>();
        do
        {
            rest = rest[1..];
            arguments.Add(Parse(ref rest));
        }
        while (rest.StartsWith("|"));
        if (!rest.StartsWith(">"))
        {
            throw WireReader.Broken("the name of a generic type does not end");
        }

        rest = rest[1..];
        return definition is { IsGenericTypeDefinition: true } && definition.GetGenericArguments().Length == arguments.Count && arguments.TrueForAll(a => a is not null)
            ? definition.MakeGenericType([.. arguments.Select(a => a!)])
            : null;
    }

    private static Type? Lookup(string name)
    {
        if (Known.TryGetValue(name, out var type))
        {
            return type;
        }

        // Enumerations, exceptions and values of type Type are not registered; the reader checks what it asked for.
        return name.IndexOfAny(['[', ']', '*', '&']) < 0 ? System.Type.GetType(name, throwOnError: false) : null;
    }

    private static IEnumerable<KeyValuePair<string, Type>> Seed() =>
        WireLeaves.Types.Concat(Collections.Definitions).DistinctBy(t => t.FullName).Select(t => KeyValuePair.Create(t.FullName!, t));
}
