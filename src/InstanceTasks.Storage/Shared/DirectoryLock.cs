using System.Globalization;

namespace InstanceTasks.Storage;

/// <summary>
/// The right of one process to use a data directory. Held through an exclusive lock of the operating system on the file <c>lock</c>, so that
/// it ends with the process however that ends. The file stays: removing it would let two processes lock two files of one name.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    private const string FileName = "lock";

    // A file of its own: .NET's reads take a shared lock, which the holder's exclusive one refuses.
    private const string HolderFileName = "lock.pid";

    private readonly FileStream _file;

    private DirectoryLock(FileStream file) => _file = file;

    /// <summary>Makes the directory (mode 0700) if needed and locks it.</summary>
    /// <exception cref="DirectoryInUseException">Another process has it.</exception>
    public static DirectoryLock Take(string directory)
    {
        CreateDirectory(directory);
        var path = Path.Combine(directory, FileName);
        FileStream file;
        try
        {
            file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException))
        {
            var holder = ReadHolder(Path.Combine(directory, HolderFileName));
            throw new DirectoryInUseException(
                $"The data directory {directory} is in use by {(holder is null ? "another process" : $"process {holder}")}. One silo at a time may use it: stop that one, or choose another directory.", e);
        }

        try
        {
            File.WriteAllText(Path.Combine(directory, HolderFileName), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static void CreateDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
        }
        else
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private static string? ReadHolder(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: > 0 } pid ? pid : null;
        }
        catch (IOException)
        {
            return null; // The pid is a help in the message only.
        }
    }
}

/// <summary>Another process uses the data directory.</summary>
public sealed class DirectoryInUseException : Exception
{
    /// <summary>Creates the exception.</summary>
    public DirectoryInUseException()
    {
    }

    /// <summary>Creates the exception.</summary>
    public DirectoryInUseException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public DirectoryInUseException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
