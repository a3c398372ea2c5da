using System.Text;

namespace InstanceTasks.Hypervisors;

/// <summary>The end of a console log, as it is given out.</summary>
public static class ConsoleTail
{
    /// <summary>So many bytes of UTF-8 are given out at most, the newest: Nova's limit.</summary>
    public const int MostBytes = 100 * 1024;

    /// <summary>
    /// The last lines. As Nova counts them: what stands behind the last line feed is a line, too, also when it is empty.
    /// </summary>
    /// <param name="log">The log.</param>
    /// <param name="lines">How many; null or less than 0: all.</param>
    public static string Of(string log, int? lines)
    {
        var tail = lines is null or < 0 ? log : Lines(log, lines.Value);
        return Encoding.UTF8.GetByteCount(tail) <= MostBytes ? tail : Newest(Encoding.UTF8.GetBytes(tail));
    }

    private static string Lines(string log, int lines)
    {
        if (lines == 0)
        {
            return "";
        }

        var at = log.Length;
        for (var i = 0; i < lines && at >= 0; i++)
        {
            at = at == 0 ? -1 : log.LastIndexOf('\n', at - 1);
        }

        return log[(at + 1)..];
    }

    // Not from the middle of a character.
    private static string Newest(ReadOnlySpan<byte> bytes)
    {
        var newest = bytes[^MostBytes..];
        while ((newest[0] & 0xC0) == 0x80)
        {
            newest = newest[1..];
        }

        return Encoding.UTF8.GetString(newest);
    }
}
