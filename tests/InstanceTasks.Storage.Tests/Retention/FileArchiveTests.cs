using InstanceTasks.Engine;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Storage.Tests.Retention;

public sealed class FileArchiveTests : IDisposable
{
    private static readonly PurgeBatch Batch = new([new(Guid.NewGuid(), 2)], [], ["""{"type":"task","id":"a"}""", """{"type":"task","id":"ü"}"""], IsFull: false);

    private readonly TempDirectory _directory = new("archive");
    private readonly ManualTime _time = new();

    private string Path => _directory.Combine("archive");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Write_Batches_AreFilesOfLinesWhoseNamesSortByTimeAndSayWhoWroteThem()
    {
        var archive = new FileArchive(Path, () => 7, _time);

        Assert.Equal(2, await archive.WriteAsync(Batch));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        await archive.WriteAsync(Batch with { Lines = ["""{"type":"task","id":"b"}"""] });

        var files = ArchiveReader.Files(Path);
        Assert.Equal([["batch", "a", "ü"], ["batch", "b"]], files.Select(f => ArchiveReader.LinesOf(f).Select(l => (string?)l["id"] ?? (string)l["type"]!).ToArray()));
        Assert.Equal((7, 1), ((int)ArchiveReader.LinesOf(files[0])[0]["generation"]!, (int)ArchiveReader.LinesOf(files[0])[0]["tasks"]!));
        Assert.All(files, f => Assert.Contains("Z-g7-", f, StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(Path).Length);
    }

    [Fact]
    public async Task Write_Files_AreForTheirOwnerAlone()
    {
        await new FileArchive(Path, () => 1, _time).WriteAsync(Batch);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Assert.Single(ArchiveReader.Files(Path))));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path));
        }
    }

    [Fact]
    public async Task Write_SeveralProcessesAtOnce_EachHasItsFile()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => new FileArchive(Path, () => i % 2, _time).WriteAsync(Batch))));

        Assert.Equal(20, ArchiveReader.Files(Path).Count);
    }

    /// <summary>On a disk that is full each run would leave another one.</summary>
    [Fact]
    public async Task Write_BrokenOff_LeavesNothing()
    {
        using var cut = new CancellationTokenSource();
        await cut.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new FileArchive(Path, () => 1, _time).WriteAsync(Batch, cut.Token));

        Assert.Empty(Directory.GetFiles(Path));
    }

    [Fact]
    public async Task Write_WithoutADirectory_KeepsNothing() => Assert.Equal(0, await new FileArchive("", () => 1, _time).WriteAsync(Batch));
}
