using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace InstanceTasks.Api.Wire;

/// <summary>The lexical types of nova-api §1.7. A rule returns what is wrong, or null.</summary>
internal static partial class Lexical
{
    public const int MaxUserData = 65_535;

    /// <summary>Characters as people count them: surrogate pairs are one.</summary>
    public static int Length(string text) => text.EnumerateRunes().Count();

    /// <summary>Name of a server, flavor or key pair.</summary>
    public static string? Name(string text) =>
        Length(text) is 0 ? "is too short"
        : Length(text) > 255 ? "is too long"
        : char.IsWhiteSpace(text[0]) || char.IsWhiteSpace(text[^1]) || !text.EnumerateRunes().All(Printable) ? "does not match the pattern of a name"
        : null;

    public static string? Description(string text) =>
        Length(text) > 255 ? "is too long"
        : text.EnumerateRunes().All(r => Printable(r) || r.Value is '\n' or '\r' or '\t') ? null
        : "does not match the pattern of a description";

    public static string? UpTo255(string text) => Length(text) > 255 ? "is too long" : null;

    public static string? NonEmpty(string text) => text.Length == 0 ? "is too short" : UpTo255(text);

    public static string? Any(string text) => text is null ? "is missing" : null;

    public static string? MetadataKey(string text) => KeyPattern().IsMatch(text) ? null : "does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{1,255}$'";

    public static string? Tag(string text) =>
        Length(text) is 0 ? "is too short"
        : Length(text) > 60 ? "is too long"
        : text.Contains(',', StringComparison.Ordinal) || text.Contains('/', StringComparison.Ordinal) ? "does not match '^[^,/]*$'"
        : null;

    public static string? HostLabel(string text) => LabelPattern().IsMatch(text) ? null : "is not a 'hostname'";

    public static string? HostFqdn(string text) => FqdnPattern().IsMatch(text) ? null : "is not a 'fqdn'";

    public static string? IPv4(string text) => Address(text, AddressFamily.InterNetwork) && text.Split('.').Length == 4 ? null : "is not a 'ipv4'";

    public static string? IPv6(string text) => Address(text, AddressFamily.InterNetworkV6) ? null : "is not a 'ipv6'";

    public static string? DiskConfig(string text) => text is "AUTO" or "MANUAL" ? null : "is not one of ['AUTO', 'MANUAL']";

    public static string? UserData(string text) =>
        text.Length > MaxUserData ? "is too long" : Base64.IsValid(text) ? null : "is not a 'base64'";

    public static string? FlavorId(string text) => FlavorIdPattern().IsMatch(text) ? null : "does not match '^(?! )[a-zA-Z0-9. _-]+(?<! )$'";

    /// <summary>Boolean words; null when it is none.</summary>
    public static bool? Boolean(string text) => text.ToLowerInvariant() switch
    {
        "true" or "1" or "on" or "yes" or "y" or "t" => true,
        "false" or "0" or "off" or "no" or "n" or "f" => false,
        _ => null,
    };

    /// <summary>Not a control, format, private or unassigned character, and no separator but the blank kinds.</summary>
    private static bool Printable(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static bool Address(string text, AddressFamily family) => IPAddress.TryParse(text, out var address) && address.AddressFamily == family;

    [GeneratedRegex(@"\A[a-zA-Z0-9\-_:. ]{1,255}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex KeyPattern();

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9\-]{1,62}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LabelPattern();

    [GeneratedRegex(@"\A[a-zA-Z0-9][a-zA-Z0-9\-._]{1,254}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FqdnPattern();

    [GeneratedRegex(@"\A(?! )[a-zA-Z0-9. _\-]{1,255}(?<! )\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FlavorIdPattern();
}
