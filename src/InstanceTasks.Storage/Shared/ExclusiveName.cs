using System.Runtime.InteropServices;

namespace InstanceTasks.Storage;

/// <summary>Gives a file a name that nobody else has given: of several processes that try at once exactly one succeeds.</summary>
internal static partial class ExclusiveName
{
    private const int AlreadyExists = 17;

    /// <summary>Lets <paramref name="path"/> name the file <paramref name="written"/>, unless that name is taken; then nothing happens.</summary>
    /// <exception cref="IOException">The file system refused, for another reason than that the name is taken.</exception>
    public static void Give(string written, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            MoveUnlessTaken(written, path);
        }
        else if (Link(written, path) != 0 && Marshal.GetLastPInvokeError() is var error and not AlreadyExists)
        {
            throw new IOException($"Cannot make {path}: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    // Windows refuses in one go. Elsewhere File.Move asks first and renames then, and a rename replaces what has come in between.
    private static void MoveUnlessTaken(string written, string path)
    {
        try
        {
            File.Move(written, path, overwrite: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process was first; its file is the one that all use.
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string written, string path);
}
