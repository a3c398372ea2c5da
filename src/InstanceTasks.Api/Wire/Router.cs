using System.Diagnostics.CodeAnalysis;

namespace InstanceTasks.Api.Wire;

/// <summary>Handles one routed call.</summary>
internal delegate Task<ApiAnswer> ApiHandler(ApiCall call);

/// <summary>A method and path of the API, served in a range of microversions.</summary>
/// <param name="Method">HTTP method.</param>
/// <param name="Template">Path below the version prefix; <c>{name}</c> matches one segment.</param>
/// <param name="Handler">The handler.</param>
/// <param name="From">First minor version.</param>
/// <param name="To">Last minor version.</param>
internal sealed record ApiRoute(string Method, string Template, ApiHandler Handler, int From = 1, int To = int.MaxValue)
{
    private readonly string[] _segments = Template.Split('/');

    /// <summary>Whether <c>?dry_run=true</c> is known: everything that the handler writes goes through the task submitter.</summary>
    public bool HasDryRun { get; init; }

    /// <summary>Whether the pipeline records its <c>Idempotency-Key</c>: the handler makes no task whose accept could.</summary>
    public bool RecordsKey { get; init; }

    public int Literals => _segments.Count(s => s[0] != '{');

    public bool Serves(ApiVersion version) => version.Minor >= From && version.Minor <= To;

    public bool Matches(ReadOnlySpan<string> path, [NotNullWhen(true)] out Dictionary<string, string>? values)
    {
        values = null;
        if (path.Length != _segments.Length)
        {
            return false;
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < path.Length; i++)
        {
            if (_segments[i][0] == '{')
            {
                found[_segments[i][1..^1]] = path[i];
            }
            else if (_segments[i] != path[i])
            {
                return false;
            }
        }

        values = found;
        return true;
    }
}

/// <summary>Something that serves routes.</summary>
internal interface IApiResource
{
    /// <summary>Routes below <c>/v2.1</c>.</summary>
    IEnumerable<ApiRoute> Routes => [];

    /// <summary>Routes of façades, below the root, without microversions.</summary>
    IEnumerable<ApiRoute> RootRoutes => [];
}

/// <summary>What a path leads to.</summary>
internal sealed record RouteMatch(ApiRoute Route, IReadOnlyDictionary<string, string> Values);

/// <summary>Finds the route of a request. Outside its microversions a route does not exist (nova-api §1.2).</summary>
internal sealed class Router(IEnumerable<IApiResource> resources)
{
    private readonly ApiRoute[] _versioned = Ordered(resources.SelectMany(r => r.Routes));
    private readonly ApiRoute[] _root = Ordered(resources.SelectMany(r => r.RootRoutes));

    public IEnumerable<ApiRoute> Versioned => _versioned;

    public IEnumerable<ApiRoute> All => _versioned.Concat(_root);

    /// <summary>Null: there is no such path at this version.</summary>
    /// <exception cref="ApiFault">405: there is, but not with this method.</exception>
    public RouteMatch? FindVersioned(string method, ReadOnlySpan<string> path, ApiVersion version) => Find(_versioned, method, path, version);

    public RouteMatch? FindRoot(string method, ReadOnlySpan<string> path) => Find(_root, method, path, ApiVersion.Min);

    private static ApiRoute[] Ordered(IEnumerable<ApiRoute> routes) => [.. routes.OrderByDescending(r => r.Literals)];

    private static RouteMatch? Find(ApiRoute[] routes, string method, ReadOnlySpan<string> path, ApiVersion version)
    {
        var others = new List<string>();
        var atOtherVersion = false;
        foreach (var route in routes)
        {
            if (!route.Matches(path, out var values))
            {
                continue;
            }

            if (route.Method != method)
            {
                others.Add(route.Method);
            }
            else if (route.Serves(version))
            {
                return new(route, values);
            }
            else
            {
                atOtherVersion = true;
            }
        }

        return others.Count == 0 || atOtherVersion ? null : throw NotAllowed(others);
    }

    private static ApiFault NotAllowed(IEnumerable<string> methods) =>
        new(405, "The method specified is not allowed for this resource.") { Headers = { ["Allow"] = string.Join(", ", methods.Distinct().Order(StringComparer.Ordinal)) } };
}
