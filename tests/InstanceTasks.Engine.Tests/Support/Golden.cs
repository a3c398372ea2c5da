using InstanceTasks.TestKit;

namespace InstanceTasks.Engine.Tests.Support;

/// <summary>Committed texts: a difference fails the test; UPDATE_DOCS=1 rewrites them.</summary>
internal static class Golden
{
    public static void Check(string path, string actual)
    {
        var file = Path.Combine(RepoRoot.Path, path);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }

        Assert.True(File.Exists(file), $"{path} is missing: run the test with UPDATE_DOCS=1 and commit it.");
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), actual);
    }
}
