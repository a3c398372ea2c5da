using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Polyfill;

/// <summary>What the runtime knows about one grain interface: its methods, in the order of their numbers.</summary>
internal sealed class InterfaceModel
{
    private static readonly ConcurrentDictionary<Type, InterfaceModel> Models = new();

    private readonly Lazy<Dictionary<string, MethodEntry>> byWireName;

    private InterfaceModel(Type type)
    {
        byWireName = new(() => Methods!.ToDictionary(m => m.WireName));
        Interface = type;
        InterfaceType = GrainInterfaceType.Create(type.FullName ?? type.Name);
        Methods = [.. AllInterfaces(type).SelectMany(i => i.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)).Select((m, n) => new MethodEntry(this, n, m))];
    }

    public Type Interface { get; }

    public GrainInterfaceType InterfaceType { get; }

    public MethodEntry[] Methods { get; }

    public static InterfaceModel Of(Type type) => Models.GetOrAdd(type, static t => new InterfaceModel(t));

    /// <summary>The method that another process means; null when this version has none.</summary>
    public MethodEntry? Find(string wireName) => byWireName.Value.GetValueOrDefault(wireName);

    private static IEnumerable<Type> AllInterfaces(Type type) => type.GetInterfaces().Append(type);
}

/// <summary>One method of a grain interface.</summary>
internal sealed class MethodEntry
{
    private readonly Lazy<Func<object, object?[], Task<object?>>> invoker;
    private readonly Lazy<bool> signature;
    private readonly Lazy<string> wireName;
    private readonly bool[] byReference;

    public MethodEntry(InterfaceModel model, int number, MethodInfo method)
    {
        Model = model;
        Number = number;
        Method = method;
        Name = method.Name;
        Parameters = method.GetParameters();
        TokenIndex = Array.FindIndex(Parameters, p => p.ParameterType == typeof(CancellationToken));
        byReference = [.. Parameters.Select(p => p.GetCustomAttribute<ImmutableAttribute>() is not null)];
        OneWay = method.ReturnType == typeof(void) || method.GetCustomAttribute<OneWayAttribute>() is not null;
        AlwaysInterleave = method.GetCustomAttribute<AlwaysInterleaveAttribute>() is not null;
        ReadOnly = method.GetCustomAttribute<ReadOnlyAttribute>() is not null;
        Timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        ResultByReference = method.ReturnParameter.GetCustomAttribute<ImmutableAttribute>() is not null;
        wireName = new(() => NameOnTheWire(method));
        invoker = new(() => Invokers.Compile(method));
        signature = new(CheckSignature);
    }

    public InterfaceModel Model { get; }

    public int Number { get; }

    public MethodInfo Method { get; }

    public string Name { get; }

    /// <summary>What other processes call it, which may be of another version: its [Alias], or its name with the types of its parameters.</summary>
    public string WireName => wireName.Value;

    public ParameterInfo[] Parameters { get; }

    public int TokenIndex { get; }

    public bool OneWay { get; }

    public bool AlwaysInterleave { get; }

    public bool ReadOnly { get; }

    public TimeSpan? Timeout { get; }

    public bool ResultByReference { get; }

    public Task<object?> Invoke(object target, object?[] arguments) => invoker.Value(target, arguments);

    /// <summary>The arguments as the callee will see them; its token is filled in later.</summary>
    public object?[] CopyArguments(object?[] arguments)
    {
        _ = signature.Value;
        var copies = new object?[arguments.Length];
        CopyContext? context = null;
        for (var i = 0; i < copies.Length; i++)
        {
            copies[i] = i == TokenIndex || arguments[i] is null || byReference[i] ? arguments[i] : (context ??= new()).CopyObject(arguments[i]);
        }

        return copies;
    }

    private static string NameOnTheWire(MethodInfo method)
    {
        var name = method.GetCustomAttribute<AliasAttribute>()?.Alias
            ?? $"{method.Name}({string.Join(',', method.GetParameters().Select(p => Serialization.Wire.WireNames.Of(p.ParameterType)))})";
        return $"{method.DeclaringType!.FullName}.{name}";
    }

    private bool CheckSignature()
    {
        foreach (var parameter in Parameters.Where(p => p.ParameterType != typeof(CancellationToken)))
        {
            if (CopyPlans.Offender(parameter.ParameterType) is { } offender)
            {
                throw CopyPlans.NotFound(offender);
            }
        }

        return true;
    }
}

/// <summary>Compiles calls of interface methods, so that no reflection runs per call.</summary>
internal static class Invokers
{
    private const BindingFlags Own = BindingFlags.NonPublic | BindingFlags.Static;

    public static Func<object, object?[], Task<object?>> Compile(MethodInfo method)
    {
        var target = Expression.Parameter(typeof(object), "target");
        var arguments = Expression.Parameter(typeof(object[]), "arguments");
        var parameters = method.GetParameters().Select((p, i) => Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType));
        var call = Expression.Call(Expression.Convert(target, method.DeclaringType!), method, parameters);
        return Expression.Lambda<Func<object, object?[], Task<object?>>>(Adapt(call, method.ReturnType), target, arguments).Compile();
    }

    private static Expression Adapt(Expression call, Type type)
    {
        if (type == typeof(void))
        {
            return Expression.Block(call, Expression.Constant(Task.FromResult<object?>(null)));
        }

        var name = type == typeof(Task) ? nameof(OfTask) : type == typeof(ValueTask) ? nameof(OfValueTask)
            : type.GetGenericTypeDefinition() == typeof(Task<>) ? nameof(OfTaskWithResult) : nameof(OfValueTaskWithResult);
        var adapter = typeof(Invokers).GetMethod(name, Own)!;
        return Expression.Call(type.IsGenericType ? adapter.MakeGenericMethod(type.GetGenericArguments()) : adapter, call);
    }

    private static async Task<object?> OfTask(Task task)
    {
        await task;
        return null;
    }

    private static async Task<object?> OfValueTask(ValueTask task)
    {
        await task;
        return null;
    }

    private static async Task<object?> OfTaskWithResult<T>(Task<T> task) => await task;

    private static async Task<object?> OfValueTaskWithResult<T>(ValueTask<T> task) => await task;
}
