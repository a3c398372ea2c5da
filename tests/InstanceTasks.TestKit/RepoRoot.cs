namespace InstanceTasks.TestKit;

/// <summary>Where the sources and the built silo are, as seen from a test's output directory.</summary>
public static class RepoRoot
{
    /// <summary>The directory of the solution.</summary>
    public static string Path { get; } = Find();

    /// <summary>The silo that was built with these tests (same configuration), or the one that <c>INSTANCETASKS_SILO</c> names.</summary>
    public static string SiloAssembly { get; } = FindSilo();

    private static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(at.FullName, "InstanceTasks.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No InstanceTasks.sln above {AppContext.BaseDirectory}.");
    }

    private static string FindSilo()
    {
        if (Environment.GetEnvironmentVariable("INSTANCETASKS_SILO") is { Length: > 0 } other)
        {
            return other;
        }

        var configuration = AppContext.BaseDirectory.Contains($"{System.IO.Path.DirectorySeparatorChar}Release{System.IO.Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            ? "Release"
            : "Debug";
        return System.IO.Path.Combine(Path, "src", "InstanceTasks.Silo", "bin", configuration, "net10.0", "instancetasks-silo.dll");
    }
}
