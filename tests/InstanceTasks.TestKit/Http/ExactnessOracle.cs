namespace InstanceTasks.TestKit;

/// <summary>Judges recorded traffic by the oracle of the API's tests: tempest's clients and our closed schemas.</summary>
public static class ExactnessOracle
{
    /// <summary>The Debian package that it needs.</summary>
    public const string Package = "python3-tempest";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    /// <summary>Whether the package is installed.</summary>
    public static bool IsInstalled => Directory.Exists("/usr/lib/python3/dist-packages/tempest/lib/api_schema");

    /// <summary>What it says: a line for each answer that is not exact, and how many were judged.</summary>
    /// <param name="path">A file of <see cref="RecordingProxy"/>.</param>
    /// <returns>Whether all are exact, and the text.</returns>
    public static async Task<(bool Exact, string Text)> JudgeAsync(string path)
    {
        var folder = Path.Combine(RepoRoot.Path, "tests", "InstanceTasks.Api.Tests", "Exactness", "Oracle");
        using var child = ChildProcess.Start("/usr/bin/python3", ["-B", Path.Combine(folder, "recorded.py"), Path.Combine(folder, "schemas"), path], new Dictionary<string, string?>());
        child.CloseInput();
        var code = await child.WaitForExitAsync(Deadline);
        return (code == 0, child.Output);
    }
}
