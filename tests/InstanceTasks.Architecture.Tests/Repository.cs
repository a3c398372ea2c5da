using System.Xml.Linq;

namespace InstanceTasks.Architecture.Tests;

/// <summary>The working tree that this assembly was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>C# sources below a folder of the tree, without what a build writes.</summary>
    public static IReadOnlyList<string> Sources(params string[] folders) =>
        [.. folders.SelectMany(folder => Files(Path.Combine(Root, folder), "*.cs")).Order(StringComparer.Ordinal)];

    /// <summary>Project files below a folder of the tree.</summary>
    public static IReadOnlyList<Project> Projects(string folder) =>
        [.. Files(Path.Combine(Root, folder), "*.csproj").Order(StringComparer.Ordinal).Select(Project.Read)];

    public static string Relative(string path) => Path.GetRelativePath(Root, path);

    private static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories).Where(path => !IsOutput(Path.GetRelativePath(folder, path)));

    private static bool IsOutput(string relative) =>
        relative.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "TestResults");

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "InstanceTasks.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException($"No InstanceTasks.sln above {AppContext.BaseDirectory}.");
    }
}

/// <summary>What a project file asks for.</summary>
internal sealed record Project(string Name, string Path, IReadOnlyList<string> References, IReadOnlyList<string> Packages, IReadOnlyList<string> Orleans)
{
    public static Project Read(string path)
    {
        var document = XDocument.Load(path);
        return new Project(
            System.IO.Path.GetFileNameWithoutExtension(path),
            path,
            [.. Includes(document, "ProjectReference").Select(include => System.IO.Path.GetFileNameWithoutExtension(include.Replace('\\', '/')))],
            Includes(document, "PackageReference"),
            Includes(document, "OrleansReference"));
    }

    private static List<string> Includes(XDocument document, string item) =>
        [.. document.Descendants(item).SelectMany(element => ((string?)element.Attribute("Include") ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
}
