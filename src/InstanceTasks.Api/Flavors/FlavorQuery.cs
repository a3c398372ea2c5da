using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Flavors;

/// <summary>Filter, order and page of a list of flavors. The list is small, so that it is done here.</summary>
internal static class FlavorQuery
{
    private static readonly string[] Known = ["limit", "marker", "is_public", "minRam", "minDisk", "sort_key", "sort_dir"];

    public static IReadOnlyList<Flavor> Apply(ApiCall call, IEnumerable<Flavor> flavors)
    {
        if (call.AtLeast(75))
        {
            call.Query.Only(Known);
        }

        var isPublic = IsPublic(call);
        var minRam = call.Query.Int("minRam") ?? 0;
        var minDisk = call.Query.Int("minDisk") ?? 0;
        var found = Sorted(call, flavors.Where(f => (isPublic is null || f.IsPublic == isPublic || !call.IsAdmin) && f.RamMb >= minRam && f.DiskGb >= minDisk)).ToList();
        return [.. found.Skip(After(call, found)).Take(call.Query.Limit())];
    }

    /// <summary>Users get all that they see; for administrators the word <c>none</c> means both, and nothing means public.</summary>
    private static bool? IsPublic(ApiCall call)
    {
        var text = call.Query.Text("is_public");
        return !call.IsAdmin || text is null ? true
            : string.Equals(text, "none", StringComparison.OrdinalIgnoreCase) ? null
            : Lexical.Boolean(text) ?? throw ApiFault.BadRequest($"Invalid is_public filter [{text}]");
    }

    private static int After(ApiCall call, List<Flavor> found)
    {
        if (call.Query.Text("marker") is not { } marker)
        {
            return 0;
        }

        var index = found.FindIndex(f => f.Id == marker);
        return index >= 0 ? index + 1 : throw ApiFault.BadRequest($"marker [{marker}] not found");
    }

    private static IEnumerable<Flavor> Sorted(ApiCall call, IEnumerable<Flavor> flavors)
    {
        var key = KeyOf(call.Query.Text("sort_key") ?? "flavorid");
        var descending = (call.Query.Text("sort_dir") ?? "asc") switch
        {
            "asc" => false,
            "desc" => true,
            var other => throw QueryInput.Invalid("sort_dir", other, $"'{other}' is not one of ['asc', 'desc']"),
        };
        var ordered = descending ? flavors.OrderByDescending(key, Comparer<object>.Create(Compare)) : flavors.OrderBy(key, Comparer<object>.Create(Compare));
        return ordered.ThenBy(f => f.Id, StringComparer.Ordinal);
    }

    private static int Compare(object a, object b) => a is string s && b is string t ? string.CompareOrdinal(s, t) : Comparer<object>.Default.Compare(a, b);

    private static Func<Flavor, object> KeyOf(string name) => name switch
    {
        "flavorid" or "id" => f => f.Id,
        "name" => f => f.Name,
        "memory_mb" => f => f.RamMb,
        "root_gb" => f => f.DiskGb,
        "vcpus" => f => f.Vcpus,
        "ephemeral_gb" => f => f.EphemeralGb,
        "swap" => f => f.SwapMb,
        "rxtx_factor" => f => f.RxtxFactor,
        "is_public" => f => f.IsPublic,
        "description" => f => f.Description ?? "",
        "created_at" or "updated_at" or "disabled" or "vcpu_weight" => _ => 0,
        _ => throw QueryInput.Invalid("sort_key", name, $"'{name}' is not one of the supported sort keys"),
    };
}
