using System.Security.Cryptography;

namespace InstanceTasks.Api.Servers;

/// <summary>Random texts in Nova's forms.</summary>
internal static class Passwords
{
    private const int Length = 12;

    // Without characters that are easily mistaken for each other.
    private static readonly string[] Groups = ["23456789", "ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz"];

    /// <summary>An administrator's password with a character of each group.</summary>
    public static string New()
    {
        var characters = Groups.Select(group => RandomNumberGenerator.GetString(group, 1)[0])
            .Concat(RandomNumberGenerator.GetString(string.Concat(Groups), Length - Groups.Length))
            .ToArray();
        RandomNumberGenerator.Shuffle<char>(characters);
        return new(characters);
    }

    /// <summary>A reservation id, <c>r-xxxxxxxx</c>.</summary>
    public static string NewReservation() => "r-" + RandomNumberGenerator.GetString("0123456789abcdefghijklmnopqrstuvwxyz", 8);
}
