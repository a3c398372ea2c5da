using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Wire;

/// <summary>A microversion 2.N (nova-api §1.2).</summary>
internal readonly partial record struct ApiVersion(int Minor)
{
    public const string NewHeader = "OpenStack-API-Version";
    public const string OldHeader = "X-OpenStack-Nova-API-Version";

    private const int MaxMinor = 96;

    public static ApiVersion Min => new(1);

    public static ApiVersion Max => new(MaxMinor);

    public bool AtLeast(int minor) => Minor >= minor;

    public override string ToString() => $"2.{Minor}";

    /// <summary>The version asked for; the new header wins over the old one, and neither means 2.1.</summary>
    public static ApiVersion Negotiate(IHeaderDictionary headers)
    {
        var asked = FromNewHeader(headers) ?? FromOldHeader(headers);
        return asked is null ? Min : Parse(asked);
    }

    public static bool IsAsked(IHeaderDictionary headers) => (FromNewHeader(headers) ?? FromOldHeader(headers)) is not null;

    private static string? FromNewHeader(IHeaderDictionary headers)
    {
        foreach (var part in headers[NewHeader].SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries)))
        {
            var words = part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 2 && string.Equals(words[0], "compute", StringComparison.OrdinalIgnoreCase))
            {
                return words[1];
            }
        }

        return null;
    }

    private static string? FromOldHeader(IHeaderDictionary headers)
    {
        var value = headers[OldHeader].ToString().Trim();
        return value.Length == 0 ? null : value;
    }

    private static ApiVersion Parse(string text)
    {
        if (string.Equals(text, "latest", StringComparison.OrdinalIgnoreCase))
        {
            return Max;
        }

        if (!Format().IsMatch(text))
        {
            throw ApiFault.BadRequest($"API Version String {text} is of invalid format. Must be of format MajorNum.MinorNum.");
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return text[..dot] == "2" && int.TryParse(text[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minor) && minor is >= 1 and <= MaxMinor
            ? new(minor)
            : throw new ApiFault(406, $"Version {text} is not supported by the API. Minimum is {Min} and maximum is {Max}.");
    }

    [GeneratedRegex(@"\A[1-9][0-9]*\.(?:0|[1-9][0-9]*)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Format();
}
