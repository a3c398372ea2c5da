using System.Security.Cryptography;
using System.Text;

namespace InstanceTasks.Hypervisors.Simulated;

/// <summary>Passwords in simulated guests are kept as real guests keep them: as a salted hash.</summary>
internal static class GuestPassword
{
    private const int Rounds = 1000;
    private const int Bytes = 32;

    /// <summary>The hash; the machine is the salt, so that a repeat of the verb leaves the same state.</summary>
    public static string Hash(InstanceId machine, string password) => Convert.ToHexString(
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), machine.Value.ToByteArray(), Rounds, HashAlgorithmName.SHA256, Bytes));
}
