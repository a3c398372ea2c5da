using System.Text.Json.Nodes;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>Lists of servers.</summary>
internal sealed class ServerListing(IQueries queries, ServerReader reader) : IApiResource
{
    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "servers", call => ListAsync(call, detail: false)),
        new("GET", "servers/detail", call => ListAsync(call, detail: true)),
    ];

    private async Task<ApiAnswer> ListAsync(ApiCall call, bool detail)
    {
        var query = ServerQuery.Parse(call);
        var views = query.Empty ? [] : await PageAsync(query, call.Aborted);
        var body = detail ? await reader.BodyAsync(call, views) : new ServerBody(call, ServerExtras.None);
        var list = new JsonObject
        {
            ["servers"] = new JsonArray([.. views.Select(v => detail ? body.Full(v, ServerShape.Detail) : body.Brief(v))]),
        };
        Paging.AddNext(list, "servers_links", call, views.Count, query.Filter.Limit, views.Count == 0 ? "" : views[^1].Instance.Id.ToString());
        return ApiAnswer.Ok(list);
    }

    /// <summary>A page; what the store cannot filter is filtered here, over as many of its pages as that takes.</summary>
    private async Task<IReadOnlyList<ServerView>> PageAsync(ServerQuery query, CancellationToken cancellationToken)
    {
        if (query.Rest is not { } matches)
        {
            return await queries.ListServersAsync(query.Filter, cancellationToken);
        }

        var found = new List<ServerView>();
        var filter = query.Filter with { Limit = QueryInput.MaxLimit };
        while (true)
        {
            var page = await queries.ListServersAsync(filter, cancellationToken);
            found.AddRange(page.Where(matches).Take(query.Filter.Limit - found.Count));
            if (page.Count < QueryInput.MaxLimit || found.Count >= query.Filter.Limit)
            {
                return found;
            }

            filter = filter with { Marker = page[^1].Instance.Id };
        }
    }
}
