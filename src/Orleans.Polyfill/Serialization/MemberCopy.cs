using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Copies types marked with [GenerateSerializer]: exactly their marked members, and those of their marked base classes.</summary>
internal static class MemberCopy
{
    private const BindingFlags Declared = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private static readonly MethodInfo CopyMethod = typeof(CopyContext).GetMethod(nameof(CopyContext.Copy))!;
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, Func<object>> Creators = new();
    private static readonly MethodInfo RecordMethod = typeof(CopyContext).GetMethod(nameof(CopyContext.Record))!;

    public static CopyPlan PlanFor(Type type)
    {
        if (type.IsAbstract)
        {
            throw CopyPlans.NotFound(type);
        }

        if (Levels(type).Find(level => !CopyPlans.IsMarked(level)) is { } unmarked)
        {
            throw new KeyNotFoundException($"Could not find a base type copier for type {unmarked}.");
        }

        var members = Members(type);
        if (members.Select(m => CopyPlans.Offender(m.Type)).FirstOrDefault(o => o is not null) is { } offender)
        {
            throw CopyPlans.NotFound(offender);
        }

        return new(Emit(type, members));
    }

    /// <summary>The members of the type that travel, base classes first.</summary>
    public static List<Member> Members(Type type) => [.. Levels(type).Where(CopyPlans.IsMarked).SelectMany((level, n) => OfLevel(level, n + 1))];

    /// <summary>The parameters of the primary constructor that have a property of their own: only positional records are known by their shape.</summary>
    public static IReadOnlyList<PropertyInfo> PrimaryProperties(Type type)
    {
        var isRecord = type.GetMethod("<Clone>$", Declared) is not null || (type.IsValueType && type.GetMethod("PrintMembers", Declared) is not null);
        if (!isRecord && type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is not { IncludePrimaryConstructorParameters: true })
        {
            return [];
        }

        var candidates = type.GetConstructors(Declared).Select(c => c.GetParameters()).Where(p => p.Length > 0 && p.Any(x => x.ParameterType != type));
        var primary = candidates.Where(p => p.All(x => Matches(type, x))).OrderByDescending(p => p.Length).FirstOrDefault() ?? [];
        return [.. primary.Select(p => type.GetProperty(p.Name!, Declared)).OfType<PropertyInfo>()];
    }

    private static List<Type> Levels(Type type)
    {
        var levels = new List<Type>();
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType) && level != typeof(Exception); level = level.BaseType)
        {
            levels.Insert(0, level);
        }

        return levels;
    }

    private static bool Matches(Type type, ParameterInfo parameter) =>
        type.GetProperty(parameter.Name!, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) is { } property && property.PropertyType == parameter.ParameterType;

    private static IEnumerable<Member> OfLevel(Type level, int number)
    {
        var primary = PrimaryProperties(level);
        var implied = level.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false)!.GenerateFieldIds == GenerateFieldIds.PublicProperties;
        foreach (var property in level.GetProperties(Declared))
        {
            if (property.GetCustomAttribute<IdAttribute>() is not null || primary.Contains(property) || (implied && property.GetMethod is { IsPublic: true } && property.SetMethod is not null))
            {
                yield return OfProperty(level, property) with { Level = number, Key = KeyOf(property, primary) };
            }
        }

        foreach (var field in level.GetFields(Declared).Where(f => f.GetCustomAttribute<IdAttribute>() is not null))
        {
            yield return new(field.Name, field.FieldType, field, null) { Level = number, Key = KeyOf(field, primary) };
        }
    }

    // Ids, places in the primary constructor and implied ids (of the name) are spaces of their own.
    private static ulong KeyOf(MemberInfo member, IReadOnlyList<PropertyInfo> primary)
    {
        if (member.GetCustomAttribute<IdAttribute>() is { } id)
        {
            return (ulong)id.Id << 2;
        }

        var place = primary.Index().FirstOrDefault(p => p.Item == member, (-1, null!)).Index;
        return place >= 0 ? ((ulong)place << 2) | 1 : ((ulong)StableHash.Compute(System.Text.Encoding.UTF8.GetBytes(member.Name)) << 2) | 2;
    }

    private static Member OfProperty(Type level, PropertyInfo property) =>
        new(property.Name, property.PropertyType, level.GetField($"<{property.Name}>k__BackingField", Declared), property);

    private static Func<object, CopyContext, object> Emit(Type type, List<Member> members)
    {
        var method = new DynamicMethod($"Copy_{type.Name}", typeof(object), [typeof(object), typeof(CopyContext)], typeof(MemberCopy).Module, skipVisibility: true);
        var il = method.GetILGenerator();
        var source = il.DeclareLocal(type);
        var copy = il.DeclareLocal(type);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Unbox_Any, type);
        il.Emit(OpCodes.Stloc, source);
        EmitCreate(il, type, copy);
        foreach (var member in members)
        {
            EmitMember(il, type, source, copy, member);
        }

        il.Emit(OpCodes.Ldloc, copy);
        il.Emit(OpCodes.Box, type);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<object, CopyContext, object>>();
    }

    private static void EmitCreate(ILGenerator il, Type type, LocalBuilder copy)
    {
        if (type.IsValueType)
        {
            il.Emit(OpCodes.Ldloca, copy);
            il.Emit(OpCodes.Initobj, type);
            return;
        }

        if (type.GetConstructor(Declared, []) is { } constructor)
        {
            il.Emit(OpCodes.Newobj, constructor);
        }
        else
        {
            il.Emit(OpCodes.Ldtoken, type);
            il.Emit(OpCodes.Call, typeof(Type).GetMethod(nameof(Type.GetTypeFromHandle))!);
            il.Emit(OpCodes.Call, typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.GetUninitializedObject))!);
            il.Emit(OpCodes.Castclass, type);
        }

        il.Emit(OpCodes.Stloc, copy);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, copy);
        il.Emit(OpCodes.Call, RecordMethod);
    }

    private static void EmitMember(ILGenerator il, Type type, LocalBuilder source, LocalBuilder copy, Member member)
    {
        var load = type.IsValueType ? OpCodes.Ldloca : OpCodes.Ldloc;
        il.Emit(load, copy);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(load, source);
        if (member.Field is not null)
        {
            il.Emit(OpCodes.Ldfld, member.Field);
        }
        else
        {
            il.Emit(OpCodes.Call, member.Property!.GetMethod ?? throw Unreadable(type, member));
        }

        il.Emit(OpCodes.Call, CopyMethod.MakeGenericMethod(member.Type));
        if (member.Field is not null)
        {
            il.Emit(OpCodes.Stfld, member.Field);
        }
        else
        {
            il.Emit(OpCodes.Call, member.Property!.SetMethod ?? throw Unreadable(type, member));
        }
    }

    private static CodecNotFoundException Unreadable(Type type, Member member) =>
        new($"Property {type}.{member.Name} has an [Id] but neither an accessible setter nor a backing field (ORLEANS0101).");

    /// <summary>An empty object of the type, made as a copy is.</summary>
    public static object Create(Type type) => type.IsValueType ? RuntimeHelpers.GetUninitializedObject(type) : Creators.GetOrAdd(type, static t =>
        t.GetConstructor(Declared, []) is { } constructor ? () => constructor.Invoke(null) : () => RuntimeHelpers.GetUninitializedObject(t))();

    /// <summary>A member that travels: a field, or a property with or without its backing field.</summary>
    internal sealed record Member(string Name, Type Type, FieldInfo? Field, PropertyInfo? Property)
    {
        /// <summary>Which of the marked classes in the type's line declares it: 1 for the first base class.</summary>
        public int Level { get; init; }

        /// <summary>Its id within its level.</summary>
        public ulong Key { get; init; }

        public object? Read(object owner) => Field is not null ? Field.GetValue(owner) : Property!.GetValue(owner);

        public void Write(object owner, object? value)
        {
            if (Field is not null)
            {
                Field.SetValue(owner, value);
            }
            else
            {
                Property!.SetValue(owner, value);
            }
        }
    }
}
