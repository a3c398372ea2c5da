using System.Reflection;
using InstanceTasks.Architecture.Tests.Metadata;

namespace InstanceTasks.Architecture.Tests;

/// <summary>The compiled product: assemblies of src/ that lie beside this test.</summary>
internal static class Product
{
    /// <summary>Projects of src/ without the polyfill: their shape is ours.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. Repository.Projects("src").Select(project => project.Name).Where(name => name != "Orleans.Polyfill")];

    private static readonly Lazy<IReadOnlyList<AssemblyUses>> AllUses = new(() => [.. Projects.Select(project => AssemblyUses.Read(PathOf(project)))]);

    /// <summary>What each of them mentions, in the order of <see cref="Projects"/>.</summary>
    public static IReadOnlyList<AssemblyUses> Uses => AllUses.Value;

    public static AssemblyUses UsesOf(string project) => Uses.Single(uses => uses.Assembly == AssemblyName(project));

    public static Assembly Load(string project) => Assembly.Load(new AssemblyName(AssemblyName(project)));

    /// <summary>Types that people wrote, in all product assemblies.</summary>
    public static IEnumerable<Type> WrittenTypes() => Projects.SelectMany(project => Load(project).GetTypes()).Where(type => !IsGenerated(type));

    public static string AssemblyName(string project) => project == "InstanceTasks.Silo" ? "instancetasks-silo" : project;

    /// <summary>The project whose assembly has the name; null when it is none of ours.</summary>
    public static string? ProjectOf(string assembly) => Projects.SingleOrDefault(project => AssemblyName(project) == assembly);

    private static string PathOf(string project)
    {
        var path = Path.Combine(AppContext.BaseDirectory, AssemblyName(project) + ".dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{project} is in src/ but its assembly is not beside the tests: reference it.", path);
    }

    private static bool IsGenerated(Type type)
    {
        for (var current = type; current is not null; current = current.DeclaringType)
        {
            if (current.Name.Contains('<', StringComparison.Ordinal) || current.Namespace?.StartsWith("OrleansCodeGen", StringComparison.Ordinal) == true
                || current.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), inherit: false)
                || current.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute), inherit: false))
            {
                return true;
            }
        }

        return false;
    }
}
