using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>
/// An archive in a directory: a file for each batch, compressed JSON lines, never written again. A file has its name only once all of it is on disk; its name sorts by time and says which generation of
/// silo wrote it. Several silos may share the directory.
/// </summary>
/// <param name="directory">The directory; made when the first batch comes. Empty: nothing is kept.</param>
/// <param name="generation">The generation of the process.</param>
/// <param name="time">The clock of the names.</param>
public sealed class FileArchive(string directory, Func<long> generation, TimeProvider time) : IArchive
{
    /// <summary>What files end in that a process died over; they may be removed.</summary>
    public const string PartialSuffix = ".partial";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <inheritdoc/>
    public async Task<int> WriteAsync(PurgeBatch batch, CancellationToken cancellationToken = default)
    {
        if (directory.Length == 0)
        {
            return 0;
        }

        MakeDirectory();
        var now = time.GetUtcNow();
        var name = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd'T'HHmmss.fffffff'Z'}-g{generation()}-{Guid.NewGuid():N}.jsonl.gz");
        var partial = Path.Combine(directory, name + PartialSuffix);
        try
        {
            await WriteFileAsync(partial, batch, now, cancellationToken);
        }
        catch
        {
            // On a disk that is full each run would leave another one.
            File.Delete(partial);
            throw;
        }

        File.Move(partial, Path.Combine(directory, name), overwrite: false);
        DirectorySync.Flush(directory);
        return batch.Lines.Count;
    }

    private void MakeDirectory()
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        }

        DirectorySync.Flush(Path.GetDirectoryName(Path.GetFullPath(directory))!);
    }

    private async Task WriteFileAsync(string path, PurgeBatch batch, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        await using var file = new FileStream(path, options);
        await using (var packed = new GZipStream(file, CompressionLevel.Optimal, leaveOpen: true))
        await using (var text = new StreamWriter(packed, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" })
        {
            await text.WriteLineAsync(HeadOf(batch, now).AsMemory(), cancellationToken);
            foreach (var line in batch.Lines)
            {
                await text.WriteLineAsync(line.AsMemory(), cancellationToken);
            }
        }

        file.Flush(flushToDisk: true);
    }

    private string HeadOf(PurgeBatch batch, DateTimeOffset now) => JsonSerializer.Serialize(
        new { type = "batch", format = 1, written_at = now, generation = generation(), tasks = batch.Tasks.Count, servers = batch.Servers.Count });
}
