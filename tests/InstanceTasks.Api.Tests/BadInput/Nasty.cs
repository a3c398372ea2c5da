using System.Text;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>Values that have broken something somewhere.</summary>
internal static class Nasty
{
    /// <summary>Whatever is made of a line break in a text, a line of a log that begins like this is forged.</summary>
    public const string ForgedLine = "FORGED";

    /// <summary>Characters, not bytes.</summary>
    public static readonly string[] Texts =
    [
        "", " ", "\t", "null", "true", "0", "-1", "1e999", "NaN", "undefined", "None", "\\", "\"", "'", "`", "%", "%s%n%x", "{0}", "{{", "${jndi:ldap://x}", "$(reboot)", "../../etc/passwd", "..\\..\\", "C:\\con", "/dev/null",
        "' OR 1=1 --", "'; DROP TABLE tasks; --", "\" OR \"\"=\"", "1; SELECT pg_sleep(10)", "' || pg_sleep(10) || '", "%' ESCAPE '!", "$1", "@p0", "\u0000", "a\u0000b", "\u0001\u001f", "\r\n", $"a\r\n{ForgedLine} line", $"a\n{ForgedLine}: error",
        $"\u001b[2K\r{ForgedLine}", "\u2028\u2029\u0085", "\ufeff", "\ufffe\uffff", "\u202egnp", "a\u0301\u0327", "\U0001F4A9", "\ud83d\udc69\u200d\ud83d\udc69\u200d\ud83d\udc67", "\u0130\u0131\u00df", "\u00a0", "\u200b", "İ", "ﬀ", "Ω", "<script>alert(1)</script>",
        "(a+)+$", "[", "*", "?", "(?<x>", "\\p{X}", "a{99999999}", "2026-13-45T25:61:61Z", "0000-00-00", "9999-12-31T23:59:59.9999999+14:00", "-0001-01-01", "2026-02-30T00:00:00Z", "20260101T000000", "now", "=", "====", "a===", "not base64 at all!",
        "00000000-0000-0000-0000-000000000000", "{00000000-0000-4000-8000-000000000001}", "00000000000040008000000000000001", "00000000-0000-4000-8000-00000000000g", "00000000-0000-4000-8000-000000000001 ", "256.256.256.256", "1.2.3", "0x7f000001", "::ffff:1.2.3.4%eth0", "::1::",
        "2147483647", "2147483648", "-2147483649", "9223372036854775808", "99999999999999999999999999", "+1", " 1", "1 ", "1_000", "0x10", "１", "1.0", "1,0",
    ];

    /// <summary>JSON texts of a value.</summary>
    public static readonly string[] Values =
    [
        "null", "true", "false", "0", "-0", "-1", "1", "1.5", "1e2", "1e308", "1e400", "-1e400", "2147483648", "9007199254740993", "9223372036854775808", "123456789012345678901234567890", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[null]", "[{}]",
        "{\"\":\"\"}", "{\"a\":{\"b\":{\"c\":1}}}", "[1,\"a\",null,true]", "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "{\"\\ud800\":1}", "{\"\\u0000\":1}",
    ];

    /// <summary>A text, sometimes much of it.</summary>
    public static string Text(Random random) => random.Next(12) switch
    {
        0 => new string('a', Length(random)),
        1 => string.Concat(Enumerable.Repeat("\U0001F4A9", Length(random) / 4)),
        2 => string.Concat(Enumerable.Range(0, random.Next(1, 40)).Select(_ => Rune(random).ToString())),
        3 => Pick(random, Texts) + Pick(random, Texts),
        _ => Pick(random, Texts),
    };

    public static T Pick<T>(Random random, IReadOnlyList<T> from) => from[random.Next(from.Count)];

    private static int Length(Random random) => Pick(random, [59, 61, 255, 256, 257, 1000, 4096, 65_535, 65_536, 100_000]);

    private static Rune Rune(Random random)
    {
        while (true)
        {
            if (System.Text.Rune.IsValid(random.Next(0x110000)) && System.Text.Rune.TryCreate(random.Next(0x110000), out var rune))
            {
                return rune;
            }
        }
    }
}
