using System.Text;

namespace InstanceTasks.Api.Servers;

/// <summary>The guest's host name when none is given: what is left of the display name.</summary>
internal static class Hostnames
{
    private const int MaxLength = 63;

    public static string From(string name, InstanceId id)
    {
        var text = new StringBuilder(name.Length);
        foreach (var c in name.ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.')
            {
                text.Append(c);
            }
            else if (c is ' ' or '_')
            {
                text.Append('-');
            }
        }

        var cut = text.ToString().Trim('.', '-');
        cut = cut.Length <= MaxLength ? cut : cut[..MaxLength].TrimEnd('.', '-');
        return cut.Length > 0 ? cut : $"server-{id}";
    }
}
