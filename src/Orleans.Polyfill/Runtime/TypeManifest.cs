using System.Reflection;
using Orleans.Concurrency;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Polyfill;

/// <summary>Keeps a type out of the manifest; for types that only test what the manifest refuses.</summary>
[AttributeUsage(AttributeTargets.All)]
internal sealed class NotInManifestAttribute : Attribute;

/// <summary>Types that the manifest has besides those of the loaded assemblies.</summary>
internal sealed class ManifestOptions
{
    public List<Type> ExtraTypes { get; } = [];
}

/// <summary>The grain classes, grain interfaces and messages of the application.</summary>
internal sealed class TypeManifest
{
    private static readonly Type[] Own = [typeof(IManagementGrain), typeof(IRemindable)];

    private readonly Dictionary<GrainType, GrainClassInfo> classes = [];
    private readonly Dictionary<Type, List<GrainClassInfo>> byInterface = [];
    private readonly Dictionary<GrainInterfaceType, Type> interfaces = [];

    public TypeManifest(IEnumerable<Type> extra)
    {
        Types = [.. ApplicationParts.Types(), .. extra];
        foreach (var type in Types)
        {
            if (CopyPlans.IsMarked(type))
            {
                Orleans.Serialization.Wire.WireNames.Add(type);
            }

            if (type.GetCustomAttribute<RegisterConverterAttribute>() is not null)
            {
                CopyPlans.AddConverter(type);
            }
            else if (IsGrainClass(type))
            {
                Add(new GrainClassInfo(type));
            }
            else if (IsGrainInterface(type) && !type.ContainsGenericParameters)
            {
                interfaces[InterfaceModel.Of(type).InterfaceType] = type;
            }
        }
    }

    public IReadOnlyList<Type> Types { get; }

    public IEnumerable<Type> Interfaces => interfaces.Values;

    public IEnumerable<GrainClassInfo> Classes => classes.Values;

    public static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IGrain).IsAssignableFrom(type) && type.Assembly != typeof(IGrain).Assembly;

    public static bool IsGrainClass(Type type) => type is { IsClass: true, IsAbstract: false } && typeof(IGrain).IsAssignableFrom(type) && !typeof(GrainReference).IsAssignableFrom(type);

    public GrainClassInfo Class(GrainType type) => classes.TryGetValue(type, out var found)
        ? found
        : throw new ArgumentException($"There is no grain class for grain type {type} in this silo.", nameof(type));

    /// <summary>Also those of Orleans itself that have no place among the application's.</summary>
    public Type? TryInterface(GrainInterfaceType type) => interfaces.GetValueOrDefault(type) ?? Array.Find(Own, own => InterfaceModel.Of(own).InterfaceType == type);

    public Type Interface(GrainInterfaceType type) => interfaces.TryGetValue(type, out var found)
        ? found
        : throw new ArgumentException($"There is no grain interface {type}.", nameof(type));

    public GrainType GrainTypeOf(Type contract, string? prefix)
    {
        var all = byInterface.GetValueOrDefault(contract) ?? [];
        if (prefix is not null)
        {
            all = [.. all.Where(c => c.Class.FullName!.StartsWith(prefix, StringComparison.Ordinal) || c.Class.Name.StartsWith(prefix, StringComparison.Ordinal))];
        }

        if (all.Count == 1)
        {
            return all[0].GrainType;
        }

        if (all.Count == 0)
        {
            throw new ArgumentException($"Could not find an implementation for interface {contract}{(prefix is null ? "" : $" with class name prefix {prefix}")}.", nameof(contract));
        }

        var preferred = contract.GetCustomAttribute<DefaultGrainTypeAttribute>()?.Name;
        var chosen = all.FirstOrDefault(c => preferred is null ? contract.Name == "I" + c.Class.Name : c.GrainType == GrainType.Create(preferred));
        return chosen?.GrainType ?? throw new ArgumentException(
            $"There are several implementations of interface {contract}: {string.Join(", ", all.Select(c => c.Class))}. Give a class name prefix.", nameof(contract));
    }

    private void Add(GrainClassInfo info)
    {
        if (!classes.TryAdd(info.GrainType, info))
        {
            throw new OrleansConfigurationException($"Grain classes {classes[info.GrainType].Class} and {info.Class} have the same grain type name {info.GrainType}.");
        }

        foreach (var contract in info.Class.GetInterfaces().Where(i => typeof(IAddressable).IsAssignableFrom(i)))
        {
            if (!byInterface.TryGetValue(contract, out var list))
            {
                byInterface[contract] = list = [];
            }

            list.Add(info);
        }
    }
}

/// <summary>The assemblies of the application: those that use this one, loaded or referenced by loaded ones.</summary>
internal static class ApplicationParts
{
    private static readonly string[] Skipped = ["System.", "Microsoft.", "netstandard", "mscorlib", "xunit", "testhost"];

    public static IReadOnlyList<Type> Types()
    {
        var seen = new Dictionary<string, Assembly>(StringComparer.Ordinal);
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies().Where(a => !a.IsDynamic))
        {
            Walk(assembly, seen);
        }

        var self = typeof(ApplicationParts).Assembly;
        return [.. seen.Values.Where(a => a == self || a.GetReferencedAssemblies().Any(r => r.Name == self.GetName().Name)).SelectMany(a => a.GetTypes()).Where(IsPart)];
    }

    private static bool IsPart(Type type) => type.GetCustomAttribute<NotInManifestAttribute>() is null && type.DeclaringType?.GetCustomAttribute<NotInManifestAttribute>() is null;

    private static void Walk(Assembly assembly, Dictionary<string, Assembly> seen)
    {
        if (IsSkipped(assembly.GetName().Name!) || !seen.TryAdd(assembly.FullName!, assembly))
        {
            return;
        }

        foreach (var reference in assembly.GetReferencedAssemblies().Where(r => !IsSkipped(r.Name!)))
        {
            if (TryLoad(reference) is { } loaded)
            {
                Walk(loaded, seen);
            }
        }
    }

    private static bool IsSkipped(string name) => Skipped.Any(s => name.StartsWith(s, StringComparison.OrdinalIgnoreCase));

    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception error) when (error is FileNotFoundException or FileLoadException or BadImageFormatException)
        {
            return null; // a reference that is not deployed cannot hold grains that run here
        }
    }
}
