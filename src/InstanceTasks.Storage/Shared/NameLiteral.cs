using System.Text;

namespace InstanceTasks.Storage;

/// <summary>A name pattern that is only text, with or without anchors: what is typed into a search box, and what clients send for one name. A database answers it without any regular expression.</summary>
/// <param name="Text">The text.</param>
/// <param name="AtStart">Whether names begin with it.</param>
/// <param name="AtEnd">Whether names end with it, or with it and a line feed: that is what <c>$</c> means.</param>
internal sealed record NameLiteral(string Text, bool AtStart, bool AtEnd)
{
    private const string Special = "\\*+?|{}[]()^$.";

    /// <summary>Null: it is more than text.</summary>
    public static NameLiteral? Of(string pattern)
    {
        var text = new StringBuilder(pattern.Length);
        var (atStart, atEnd) = (pattern.StartsWith('^'), false);
        for (var i = atStart ? 1 : 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length && !char.IsLetterOrDigit(pattern[i + 1]) && pattern[i + 1] != '_')
            {
                text.Append(pattern[++i]);
            }
            else if (c == '$' && i == pattern.Length - 1)
            {
                atEnd = true;
            }
            else if (Special.Contains(c, StringComparison.Ordinal))
            {
                return null;
            }
            else
            {
                text.Append(c);
            }
        }

        return new(text.ToString(), atStart, atEnd);
    }
}
