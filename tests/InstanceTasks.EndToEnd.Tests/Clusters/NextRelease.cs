using System.Text.RegularExpressions;
using InstanceTasks.TestKit;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// A release that may follow this one, built from these sources with what such a release may bring: a further member in every message and stored record,
/// a further method of a grain, a further version of the schema.
/// </summary>
internal static partial class NextRelease
{
    /// <summary>What its health endpoint says.</summary>
    public const string Version = "99.1.0";

    /// <summary>The member that its messages and records have more.</summary>
    public const string Member = "SinceTheNextRelease";

    private const int FewestRecords = 20;
    private static readonly string[] Needed = ["src", "silo-config"];

    /// <summary>Builds it in the directory: the path of its executable.</summary>
    public static async Task<string> BuildAsync(TempDirectory directory)
    {
        foreach (var folder in Needed)
        {
            TempDirectory.CopyTree(Path.Combine(RepoRoot.Path, folder), directory.Combine(folder), "bin", "obj");
        }

        foreach (var file in Directory.EnumerateFiles(RepoRoot.Path).Where(f => !f.EndsWith(".sln", StringComparison.Ordinal)))
        {
            File.Copy(file, directory.Combine(Path.GetFileName(file)));
        }

        Assert.True(ExtendRecords(directory.Combine("src", "InstanceTasks.Abstractions")) >= FewestRecords, "fewer records than there are got a further member");
        ExtendGrain(directory);
        ExtendSchema(directory);
        using var dotnet = ChildProcess.Start(
            "dotnet",
            ["build", directory.Combine("src", "InstanceTasks.Silo"), "-c", "Release", "-v", "q", "--disable-build-servers", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false", $"-p:Version={Version}"],
            workingDirectory: directory.Path);
        Assert.True(await dotnet.WaitForExitAsync(TimeSpan.FromMinutes(15)) == 0, dotnet.Output);
        return directory.Combine("src", "InstanceTasks.Silo", "bin", "Release", "net10.0", "instancetasks-silo.dll");
    }

    private static int ExtendRecords(string folder)
    {
        var extended = 0;
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs"))
        {
            var text = File.ReadAllText(file);
            var more = RecordWithBody().Replace(text, match =>
            {
                extended++;
                return $"{match.Value}\n    /// <summary>What this release does not know.</summary>\n    [Id(900)] public string? {Member} {{ get; init; }} = \"next\";\n";
            });
            File.WriteAllText(file, more);
        }

        return extended;
    }

    private static void ExtendGrain(TempDirectory directory)
    {
        Insert(directory.Combine("src", "InstanceTasks.Abstractions", "GrainInterfaces.cs"), "public interface ITaskGrain : IGrainWithStringKey\n{\n", "    /// <summary>New.</summary>\n    [Alias(\"next\")]\n    Task Next();\n\n");
        Insert(directory.Combine("src", "InstanceTasks.Grains", "TaskGrain.cs"), "    /// <inheritdoc/>\n    public async Task<PokeAnswer> Poke()", "    /// <inheritdoc/>\n    public Task Next() => Task.CompletedTask;\n\n", before: true);
    }

    private static void ExtendSchema(TempDirectory directory)
    {
        var scripts = directory.Combine("silo-config", "postgresql");
        var version = Directory.EnumerateFiles(scripts, "0*.sql").Select(f => int.Parse(Path.GetFileName(f).AsSpan(0, 3), System.Globalization.CultureInfo.InvariantCulture)).Max() + 1;
        File.WriteAllText(Path.Combine(scripts, $"{version:000}-next.sql"), "ALTER TABLE tasks ADD COLUMN since_the_next_release text;\nCREATE INDEX tasks_next ON tasks (since_the_next_release) WHERE since_the_next_release IS NOT NULL;\n");
        var schema = directory.Combine("src", "InstanceTasks.Storage", "Postgres", "PostgresSchema.cs");
        var last = LastMigration().Matches(File.ReadAllText(schema))[^1];
        Insert(schema, last.Value, $"\n        new({version}, MinimumReader: {last.Groups["minimum"].Value}, \"postgresql/{version:000}-next.sql\"),");
    }

    private static void Insert(string file, string anchor, string what, bool before = false)
    {
        var text = File.ReadAllText(file);
        Assert.Equal(2, text.Split(anchor).Length);
        File.WriteAllText(file, text.Replace(anchor, before ? what + anchor : anchor + what, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"(?<=\[GenerateSerializer, Immutable\]\n(?:\[[^\n]*\]\n)*)public sealed record \w+\n\{", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex RecordWithBody();

    [GeneratedRegex(@"new\(\d+, MinimumReader: (?<minimum>\d+), ""postgresql/[^""]+""\),", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex LastMigration();
}
