using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.Simulation.Tests;

/// <summary>
/// The planted bugs stay plantable: each patch applies to the sources as they are, and the result compiles. That they are found is shown by
/// hand, with Mutations/find.sh.
/// </summary>
public sealed class MutationTests(ITestOutputHelper output)
{
    private static readonly string Patches = Path.Combine(RepoRoot.Path, "tests/InstanceTasks.Simulation/Mutations");

    [Fact]
    public async Task Patches_Each_AppliesAndCompiles()
    {
        var patches = Directory.GetFiles(Patches, "*.patch").Order().ToList();
        Assert.True(patches.Count >= 12, $"only {patches.Count} planted bugs");
        using var scratch = new TempDirectory();
        await ToolAsync(scratch.Path, "sh", "-c", $"cd '{RepoRoot.Path}' && {{ git ls-files src; ls Directory.* global.json .editorconfig BannedSymbols.txt .orleans-choice.props 2>/dev/null; }} | tar cf - -T - | tar xf - -C '{scratch.Path}'");
        await BuildAsync(scratch.Path, "InstanceTasks.Grains", restore: true);
        foreach (var patch in patches)
        {
            output.WriteLine(Path.GetFileName(patch));
            await ToolAsync(scratch.Path, "git", "apply", "-p1", patch);
            await BuildAsync(scratch.Path, await ProjectOfAsync(patch), restore: false);
            await ToolAsync(scratch.Path, "git", "apply", "-p1", "-R", patch);
        }
    }

    // The highest project that it touches.
    private static async Task<string> ProjectOfAsync(string patch) =>
        (await File.ReadAllTextAsync(patch)).Contains("src/InstanceTasks.Grains/", StringComparison.Ordinal) ? "InstanceTasks.Grains" : "InstanceTasks.Engine";

    private static Task BuildAsync(string directory, string project, bool restore)
    {
        string[] dependencies = restore ? [] : ["--no-restore"];
        return ToolAsync(directory, "dotnet", ["build", $"src/{project}", "-c", "Release", "--nologo", "-v", "q", "-tl:off", "--disable-build-servers", "-p:RunAnalyzers=false", .. dependencies]);
    }

    private static async Task ToolAsync(string directory, string program, params string[] arguments)
    {
        var (code, text, errors) = await Processes.RunAsync(program, arguments, directory);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)}:\n{text}\n{errors}");
    }
}
