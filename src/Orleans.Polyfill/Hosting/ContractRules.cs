using System.Reflection;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Polyfill;

/// <summary>The rules for grain interfaces, grain classes and messages (orleans-api.md 1.4 to 1.6). Each error names the type and the rule.</summary>
internal static class ContractRules
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static IEnumerable<string> Check(TypeManifest manifest) =>
        manifest.Types.SelectMany(CheckType).Concat(DuplicateAliases(manifest.Types));

    public static IEnumerable<string> CheckType(Type type)
    {
        if (TypeManifest.IsGrainInterface(type))
        {
            return CheckInterface(type);
        }

        if (TypeManifest.IsGrainClass(type))
        {
            return CheckClass(type);
        }

        return CopyPlans.IsMarked(type) && !type.IsEnum ? CheckMessage(type) : [];
    }

    public static IEnumerable<string> DuplicateAliases(IEnumerable<Type> types) =>
        types.SelectMany(t => t.GetCustomAttributes<AliasAttribute>(inherit: false).Select(a => (a.Alias, Type: t))).GroupBy(x => x.Alias)
            .Where(g => g.Select(x => x.Type).Distinct().Count() > 1)
            .Select(g => $"{string.Join(" and ", g.Select(x => x.Type))} have the same [Alias] \"{g.Key}\" (ORLEANS0011)");

    private static IEnumerable<string> CheckInterface(Type type)
    {
        if (IsHidden(type))
        {
            yield return $"{type} is not accessible to generated code (ORLEANS0107)";
        }

        if (type.ContainsGenericParameters)
        {
            yield return $"{type} is generic, which the polyfill does not implement";
        }

        foreach (var property in type.GetProperties(Declared))
        {
            yield return $"{type}.{property.Name} is a property in a grain interface (ORLEANS0008)";
        }

        foreach (var one in type.GetEvents(Declared))
        {
            yield return $"{type}.{one.Name} is an event in a grain interface (CS0535)";
        }

        foreach (var method in type.GetMethods(Declared).Where(m => !m.IsSpecialName))
        {
            foreach (var error in CheckMethod(type, method))
            {
                yield return error;
            }
        }

        foreach (var twice in Duplicates(type.GetMethods(Declared).SelectMany(m => m.GetCustomAttributes<AliasAttribute>().Select(a => a.Alias))))
        {
            yield return $"{type} has several methods with [Alias] \"{twice}\" (ORLEANS0011)";
        }
    }

    private static IEnumerable<string> CheckMethod(Type type, MethodInfo method)
    {
        var name = $"{type}.{method.Name}";
        if (method.IsStatic)
        {
            if (method.IsAbstract)
            {
                yield return $"{name} is a static abstract member of a grain interface (CS0535)";
            }

            yield break;
        }

        if (method.IsGenericMethodDefinition)
        {
            yield return $"{name} is generic, which the polyfill does not implement";
            yield break;
        }

        foreach (var parameter in method.GetParameters().Where(p => p.ParameterType.IsByRef))
        {
            yield return $"{name} has the ref, out or in parameter {parameter.Name} (ORLEANS0002)";
        }

        if (method.GetParameters().Count(p => p.ParameterType == typeof(CancellationToken)) > 1)
        {
            yield return $"{name} has several CancellationToken parameters (ORLEANS0109)";
        }

        if (ReturnError(method.ReturnType) is { } rule)
        {
            yield return $"{name} {rule}";
            yield break;
        }

        var travelling = method.GetParameters().Where(p => !p.ParameterType.IsByRef && p.ParameterType != typeof(CancellationToken)).Select(p => p.ParameterType);
        foreach (var offender in travelling.Concat(method.ReturnType.IsGenericType ? method.ReturnType.GetGenericArguments() : []).Select(CopyPlans.Offender).OfType<Type>())
        {
            yield return $"{name} sends {offender}, which has no serializer: mark it with [GenerateSerializer]";
        }
    }

    private static string? ReturnError(Type type)
    {
        if (type == typeof(void) || type == typeof(Task) || type == typeof(ValueTask))
        {
            return null;
        }

        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        if (open == typeof(IAsyncEnumerable<>))
        {
            return "returns IAsyncEnumerable, which the polyfill does not implement";
        }

        return open == typeof(Task<>) || open == typeof(ValueTask<>) ? null : $"returns {type}, which is not one of Task, Task<T>, ValueTask, ValueTask<T>, void, IAsyncEnumerable<T> (ORLEANS0009)";
    }

    private static IEnumerable<string> CheckClass(Type type)
    {
        if (type.GetCustomAttributes<AliasAttribute>(inherit: false).Any() || CopyPlans.IsMarked(type))
        {
            yield return $"{type} is a grain class with [Alias] or [GenerateSerializer] (ORLEANS0013)";
        }

        if (type.ContainsGenericParameters)
        {
            yield return $"{type} is a generic grain class, which the polyfill does not implement";
        }

        foreach (var method in type.GetMethods(Declared).Where(m => m.GetCustomAttribute<AlwaysInterleaveAttribute>() is not null))
        {
            yield return $"{type}.{method.Name} has [AlwaysInterleave] on the class; it belongs on the interface (ORLEANS0001)";
        }
    }

    private static IEnumerable<string> CheckMessage(Type type)
    {
        if (IsHidden(type))
        {
            yield return $"{type} is not accessible to generated code (ORLEANS0107)";
        }

        var primary = MemberCopy.PrimaryProperties(type);
        var implied = type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false)!.GenerateFieldIds == GenerateFieldIds.PublicProperties;
        foreach (var member in StoredMembers(type).Where(m => !(m is PropertyInfo p && (implied || primary.Contains(p)))))
        {
            if (member.GetCustomAttribute<IdAttribute>() is null && !IsNonSerialized(type, member))
            {
                yield return $"{type}.{member.Name} has neither [Id] nor [NonSerialized] (ORLEANS0004)";
            }
        }

        var marked = type.GetMembers(Declared).Where(m => m is PropertyInfo or FieldInfo && m.GetCustomAttribute<IdAttribute>() is not null).ToList();
        foreach (var twice in Duplicates(marked.Select(m => m.GetCustomAttribute<IdAttribute>()!.Id)))
        {
            yield return $"{type} has several members with [Id({twice})] (ORLEANS0012)";
        }

        foreach (var member in marked)
        {
            if (IsStaticOrAbstract(member))
            {
                yield return $"{type}.{member.Name} is static or abstract and has an [Id] (ORLEANS0006)";
            }
            else if (member is PropertyInfo { SetMethod: null } property && type.GetField($"<{property.Name}>k__BackingField", Declared) is null)
            {
                yield return $"{type}.{member.Name} has an [Id] but neither a setter nor a backing field (ORLEANS0101)";
            }
            else if (CopyPlans.Offender(member is PropertyInfo p ? p.PropertyType : ((FieldInfo)member).FieldType) is { } offender)
            {
                yield return $"{type}.{member.Name} holds {offender}, which has no serializer: mark it with [GenerateSerializer]";
            }
        }
    }

    /// <summary>Members that hold something: fields, and properties with a backing field.</summary>
    private static IEnumerable<MemberInfo> StoredMembers(Type type)
    {
        const BindingFlags Instance = Declared & ~BindingFlags.Static;
        foreach (var field in type.GetFields(Instance))
        {
            if (!field.Name.StartsWith('<'))
            {
                yield return field;
            }
            else if (field.Name.EndsWith(">k__BackingField", StringComparison.Ordinal)
                && type.GetProperty(field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)], Instance) is { } property)
            {
                yield return property;
            }
        }
    }

#pragma warning disable SYSLIB0050 // [NonSerialized] is what Orleans looks at, and this is how it is read
    private static bool IsNonSerialized(Type type, MemberInfo member) =>
        (member as FieldInfo ?? type.GetField($"<{member.Name}>k__BackingField", Declared))?.IsNotSerialized == true;
#pragma warning restore SYSLIB0050

    private static bool IsStaticOrAbstract(MemberInfo member) => member switch
    {
        FieldInfo field => field.IsStatic,
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(a => a.IsStatic || a.IsAbstract),
        _ => false,
    };

    private static IEnumerable<T> Duplicates<T>(IEnumerable<T> items) => items.GroupBy(i => i).Where(g => g.Count() > 1).Select(g => g.Key);

    private static bool IsHidden(Type type)
    {
        for (var t = type; t is not null; t = t.DeclaringType)
        {
            if (t.IsNestedPrivate || t.IsNestedFamily || t.IsNestedFamANDAssem)
            {
                return true;
            }
        }

        return false;
    }
}
