using InstanceTasks.TestKit;

namespace InstanceTasks.Storage.Tests;

public sealed class SecretBoxTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>
    /// Several silos of a cluster, started for the first time at once: one of them failed, because the other had begun to write the key.
    /// Later each of them could go on with a key of its own: a move that "does not overwrite" asks first and renames then.
    /// </summary>
    [Fact]
    public async Task Open_ByManyAtOnce_MakesOneKeyForAllAndLeavesNothingElse()
    {
        for (var round = 0; round < 40; round++)
        {
            await ManyAtOnceMakeOneKeyAsync(_directory.Combine($"round{round}"));
        }
    }

    private static async Task ManyAtOnceMakeOneKeyAsync(string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, "secret.key");
        using var together = new Barrier(8);
        var hashes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(() => HashOfNewBox(path, together), TaskCreationOptions.LongRunning)));

        Assert.Single(hashes.Distinct());
        Assert.Equal([path], Directory.GetFiles(directory));
    }

    /// <summary>What a process that died while it wrote the first key has left is in nobody's way.</summary>
    [Fact]
    public void Open_BesideHalfAKeyOfADeadProcess_MakesOne()
    {
        var path = _directory.Combine("secret.key");
        File.WriteAllText(path + ".new", "half");

        using var box = SecretBox.Open(path);

        Assert.Equal(32, new FileInfo(path).Length);
    }

    [Fact]
    public void Open_OfAFileThatIsNoKey_SaysWhatToDo()
    {
        var path = _directory.Combine("secret.key");
        File.WriteAllText(path, "short");

        Assert.Contains("Restore it from a backup", Assert.Throws<InvalidDataException>(() => SecretBox.Open(path)).Message, StringComparison.Ordinal);
    }

    private static string HashOfNewBox(string path, Barrier together)
    {
        together.SignalAndWait();
        using var box = SecretBox.Open(path);
        return Convert.ToHexString(box.Hash("same"u8));
    }
}
