using System.Text.RegularExpressions;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;

namespace InstanceTasks.Api.Tasks;

/// <summary>The engine says of which host a task waits for what; which host that is, is for those who may see hosts.</summary>
internal static partial class HostNames
{
    /// <summary>The text as the caller may read it.</summary>
    public static string? In(ApiCall call, string? text) => text is null || call.May(Rules.TaskHosts) ? text : Named().Replace(text, "its host");

    [GeneratedRegex(@"(?<=\b(?:of|on|reaches|left) )host [^\s:;,]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Named();
}
