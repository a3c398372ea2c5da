using InstanceTasks.Api.Auth;

namespace InstanceTasks.Api.Tests.Fakes;

/// <summary>A users file in a directory of its own.</summary>
internal sealed class UsersOfTest : IDisposable
{
    public const string Password = "pw of the tests";

    // Slow on purpose, so once for all tests.
    public static readonly string Hash = PasswordHashes.Of(Password);

    private readonly string _directory = Directory.CreateTempSubdirectory("users").FullName;

    public UsersOfTest(params string[] lines) => Write(lines);

    public static readonly string[] OnePerRole =
    [
        $"admin:own:admin:{Hash}", $"manager:own:manager:{Hash}", $"member:own:member:{Hash}", "member:second:reader:", $"reader:own:reader:{Hash}", $"other:other:member:{Hash}",
    ];

    public string Path => System.IO.Path.Combine(_directory, "users");

    public void Write(params string[] lines) => File.WriteAllText(Path, string.Join('\n', ["# users of a test", .. lines]));

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
