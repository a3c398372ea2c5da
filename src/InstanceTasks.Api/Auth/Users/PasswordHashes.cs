using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Auth;

/// <summary>Slow salted hashes of passwords: ASP.NET Core's own (PBKDF2 with HMAC-SHA512), which compare in constant time.</summary>
public static class PasswordHashes
{
    // OWASP's number for PBKDF2 with HMAC-SHA512.
    private const int Iterations = 210_000;

    private static readonly PasswordHasher<object> Hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    /// <summary>The hash of a password, as it stands in the users file.</summary>
    public static string Of(string password) => Hasher.HashPassword(null!, password);

    /// <summary>A line of the users file.</summary>
    /// <exception cref="ArgumentException">The names or roles cannot stand in one.</exception>
    public static string Line(string user, string project, IReadOnlyList<string> roles, string password) =>
        UserBook.Problem(user, project, roles) is { } problem ? throw new ArgumentException(problem + ".") : $"{user}:{project}:{string.Join(',', roles)}:{Of(password)}";

    internal static bool Verify(string hash, string password) => Hasher.VerifyHashedPassword(null!, hash, password) != PasswordVerificationResult.Failed;
}
