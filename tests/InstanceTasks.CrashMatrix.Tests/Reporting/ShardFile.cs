using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using InstanceTasks.CrashMatrix.Running;
using InstanceTasks.TestKit;

namespace InstanceTasks.CrashMatrix.Reporting;

/// <summary>The results of one shard.</summary>
/// <param name="Store">The store.</param>
/// <param name="Kind">The kind of task.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Results">Its cells.</param>
public sealed record Shard(MatrixStore Store, string Kind, double Seconds, IReadOnlyList<CellResult> Results);

/// <summary>
/// Keeps the results of shards, so that a run that was broken off goes on where it was. They are good for the program that they were got with:
/// its assemblies are built deterministically, so the same sources have the same name here.
/// </summary>
public static class ShardFile
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true };

    /// <summary>Names the program: what every assembly of it was built from.</summary>
    public static string Program { get; } = NameOfProgram();

    private static string DirectoryOfProgram => Path.Combine(RepoRoot.Path, "out", "crash-matrix", Program);

    /// <summary>A finished shard in which everything was right; null: it is to be run.</summary>
    public static Shard? Read(MatrixStore store, string kind)
    {
        var path = PathOf(store, kind);
        return File.Exists(path) && JsonSerializer.Deserialize<Shard>(File.ReadAllText(path)) is { } shard && shard.Results.All(r => r.Problems.Count == 0) ? shard : null;
    }

    /// <summary>Keeps a shard.</summary>
    public static void Write(Shard shard)
    {
        Directory.CreateDirectory(DirectoryOfProgram);
        var path = PathOf(shard.Store, shard.Kind);
        File.WriteAllText($"{path}.new", JsonSerializer.Serialize(shard, Options));
        File.Move($"{path}.new", path, overwrite: true);
    }

    private static string PathOf(MatrixStore store, string kind) => Path.Combine(DirectoryOfProgram, $"{store.ToString().ToLowerInvariant()}-{kind}.json");

    private static string NameOfProgram()
    {
        var parts = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Select(f => Path.GetFileNameWithoutExtension(f))
            .Where(n => n.StartsWith("InstanceTasks.", StringComparison.Ordinal) || n.StartsWith("Orleans", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(n => $"{n} {System.Reflection.Assembly.Load(n).ManifestModule.ModuleVersionId}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];
    }
}
