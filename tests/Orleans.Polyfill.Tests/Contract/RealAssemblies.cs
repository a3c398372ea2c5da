using System.Reflection;

namespace Orleans.Polyfill.Tests.Contract;

/// <summary>The released assemblies of Orleans that this package feed does have; the build fetches them without referring to them.</summary>
internal static class RealAssemblies
{
    private static readonly string[] Downloads = Setting("OrleansDownloads").Split(';', StringSplitOptions.RemoveEmptyEntries);

    public static IReadOnlyList<string> Paths { get; } = [.. Downloads.Select(PathOf).OfType<string>()];

    public static PublicApi Api { get; } = PublicApi.Read(Paths);

    /// <summary>Why there is nothing to compare with; null when there is.</summary>
    public static string? Missing => Paths.Any(path => path.EndsWith("Orleans.Core.Abstractions.dll", StringComparison.Ordinal))
        ? null
        : $"the package feed was not asked for, or does not have, Microsoft.Orleans.Core.Abstractions {Setting("OrleansVersion")}";

    private static string? PathOf(string package)
    {
        var folder = Path.Combine(Setting("PackageRoot"), package.ToLowerInvariant(), Setting("OrleansVersion").ToLowerInvariant(), "lib");
        var path = Path.Combine(folder, "net10.0", $"{package["Microsoft.".Length..]}.dll");
        return File.Exists(path) ? path : null;
    }

    private static string Setting(string name) =>
        typeof(RealAssemblies).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == name).Value ?? "";
}

/// <summary>A fact about the real assemblies; skipped, naming what is missing, where the feed has none of them.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealAssembliesFactAttribute : FactAttribute
{
    public RealAssembliesFactAttribute() => Skip = RealAssemblies.Missing!;
}
