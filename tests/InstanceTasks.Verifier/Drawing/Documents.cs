namespace InstanceTasks.Verifier.Drawing;

/// <summary>The committed files that are drawn from the code.</summary>
internal static class Documents
{
    /// <summary>Paths in the repository, with what they must hold.</summary>
    public static IReadOnlyList<(string Path, string Content)> All { get; } =
    [
        ("docs/state-machines.md", StateMachinesDocument.Write()),
        .. Diagrams.All.Select(g => ($"docs/state-machines/{g.Name}.svg", SvgWriter.Write(g))),
    ];

    /// <summary>The working tree that this was built from.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Writes them, and says which have changed.</summary>
    public static void WriteAll()
    {
        foreach (var (path, content) in All)
        {
            var file = Path.Combine(Root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            var same = File.Exists(file) && File.ReadAllText(file) == content;
            File.WriteAllText(file, content);
            Console.WriteLine($"{(same ? "unchanged" : "written  ")}  {path}");
        }
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "InstanceTasks.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No InstanceTasks.sln above {AppContext.BaseDirectory}.");
    }
}
