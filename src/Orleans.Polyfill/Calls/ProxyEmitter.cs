using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Emits, once per interface, the class of its references.</summary>
internal static class ProxyEmitter
{
    private static readonly ConcurrentDictionary<Type, Lazy<Func<ProxyShape, GrainId, GrainReference>>> Made = new();

    private static readonly ConstructorInfo Base =
        typeof(GrainReference).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, [typeof(ProxyShape), typeof(GrainId)])!;

    public static GrainReference Create(ProxyShape shape, GrainId id) =>
        Made.GetOrAdd(shape.Model.Interface, static type => new(() => Emit(InterfaceModel.Of(type)))).Value(shape, id);

    private static Func<ProxyShape, GrainId, GrainReference> Emit(InterfaceModel model)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName($"Orleans.Polyfill.Proxy.{model.Interface.FullName}"), AssemblyBuilderAccess.Run);
        OpenInternals(assembly, model);
        var type = assembly.DefineDynamicModule("m").DefineType($"Proxy_{model.Interface.Name}", TypeAttributes.Public | TypeAttributes.Class | TypeAttributes.Sealed, typeof(GrainReference));
        type.AddInterfaceImplementation(model.Interface);
        EmitConstructor(type);
        foreach (var method in model.Methods)
        {
            EmitMethod(type, method);
        }

        var made = type.CreateType();
        var shape = Expression.Parameter(typeof(ProxyShape));
        var id = Expression.Parameter(typeof(GrainId));
        return Expression.Lambda<Func<ProxyShape, GrainId, GrainReference>>(Expression.New(made.GetConstructors()[0], shape, id), shape, id).Compile();
    }

    // Interfaces and their messages may be internal, and so is what the emitted class calls.
    private static void OpenInternals(AssemblyBuilder assembly, InterfaceModel model)
    {
        var constructor = typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;
        var used = model.Methods.SelectMany(m => m.Parameters.Select(p => p.ParameterType).Append(m.Method.ReturnType)).SelectMany(Parts)
            .Append(model.Interface).Concat(model.Interface.GetInterfaces()).Append(typeof(GrainReference));
        foreach (var name in used.Select(t => t.Assembly.GetName().Name).Distinct())
        {
            assembly.SetCustomAttribute(new CustomAttributeBuilder(constructor, [name]));
        }
    }

    private static IEnumerable<Type> Parts(Type type) => type.GetGenericArguments().SelectMany(Parts).Append(type);

    private static void EmitConstructor(TypeBuilder type)
    {
        var il = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(ProxyShape), typeof(GrainId)]).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Call, Base);
        il.Emit(OpCodes.Ret);
    }

    private static void EmitMethod(TypeBuilder type, MethodEntry entry)
    {
        var types = Array.ConvertAll(entry.Parameters, p => p.ParameterType);
        var method = type.DefineMethod(
            $"{entry.Method.DeclaringType!.FullName}.{entry.Name}.{entry.Number}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot,
            entry.Method.ReturnType,
            types);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, entry.Number);
        EmitArguments(il, types);
        il.Emit(OpCodes.Call, Entrance(entry.Method.ReturnType));
        il.Emit(OpCodes.Ret);
        type.DefineMethodOverride(method, entry.Method);
    }

    private static void EmitArguments(ILGenerator il, Type[] types)
    {
        il.Emit(OpCodes.Ldc_I4, types.Length);
        il.Emit(OpCodes.Newarr, typeof(object));
        for (var i = 0; i < types.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, i + 1);
            il.Emit(OpCodes.Box, types[i]);
            il.Emit(OpCodes.Stelem_Ref);
        }
    }

    private static MethodInfo Entrance(Type type)
    {
        var name = type == typeof(void) ? nameof(GrainReference.CallVoid)
            : type == typeof(Task) ? nameof(GrainReference.CallTask)
            : type == typeof(ValueTask) ? nameof(GrainReference.CallValueTask)
            : type.GetGenericTypeDefinition() == typeof(Task<>) ? nameof(GrainReference.CallTaskOf) : nameof(GrainReference.CallValueTaskOf);
        var method = typeof(GrainReference).GetMethod(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
        return type.IsGenericType ? method.MakeGenericMethod(type.GetGenericArguments()) : method;
    }
}

/// <summary>What all references of one interface made by one factory share.</summary>
internal sealed class ProxyShape(InterfaceModel model, GrainFactory factory, CallSender sender)
{
    public InterfaceModel Model { get; } = model;

    public MethodEntry[] Methods { get; } = model.Methods;

    public GrainInterfaceType InterfaceType { get; } = model.InterfaceType;

    public GrainFactory Factory { get; } = factory;

    public CallSender Sender { get; } = sender;
}
