namespace InstanceTasks.TestKit;

/// <summary>A directory of its own for one test, removed afterwards.</summary>
public sealed class TempDirectory : IDisposable
{
    public TempDirectory(string name = "data")
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"instancetasks-{name}-{Guid.NewGuid().ToString("N")[..12]}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    /// <summary>A path inside.</summary>
    public string Combine(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    /// <summary>Copies what is in a directory that no process uses into this one, but for files and directories with one of these names, wherever they are.</summary>
    public void CopyFrom(string source, params string[] leftOut) => CopyTree(source, Path, leftOut);

    /// <summary>As <see cref="CopyFrom"/>, to any place.</summary>
    public static void CopyTree(string source, string target, params string[] leftOut)
    {
        Directory.CreateDirectory(target);
        foreach (var entry in new DirectoryInfo(source).EnumerateFileSystemInfos().Where(e => !leftOut.Contains(e.Name)))
        {
            var path = System.IO.Path.Combine(target, entry.Name);
            if (entry is DirectoryInfo)
            {
                CopyTree(entry.FullName, path, leftOut);
            }
            else
            {
                File.Copy(entry.FullName, path, overwrite: true);
            }
        }
    }

    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
    }
}
