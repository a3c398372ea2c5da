using System.Text.Json.Nodes;
using InstanceTasks.Api.Tasks;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Events;

/// <summary>
/// <c>GET /tasks/events</c> and <c>/tasks/{id}/events</c> (design §8): a stream for those who accept <c>text/event-stream</c>, a page of JSON for the rest.
/// </summary>
internal sealed class EventResource(IEventStream stream, EventFeeds feeds, TaskReader tasks) : IApiResource
{
    private const string StreamType = "text/event-stream";

    // So much is looked at for one page: a caller to whom little of it belongs asks again from where it ended.
    private const int PagesLookedAt = 20;

    public IEnumerable<ApiRoute> Routes => [new("GET", "tasks/events", AllAsync), new("GET", "tasks/{task}/events", OfTaskAsync)];

    private async Task<ApiAnswer> AllAsync(ApiCall call)
    {
        var filter = EventFilter.Parse(call);
        var after = await EventPlace.OfAllAsync(call, stream);
        // Without a place a page begins with the oldest that the stream has without a gap.
        return WantsStream(call) ? await feeds.FollowAsync(call, filter, after) : await PageAsync(call, filter, after ?? await stream.ReadFirstPlaceAsync(call.Aborted));
    }

    private async Task<ApiAnswer> OfTaskAsync(ApiCall call)
    {
        call.Query.Only(EventPlace.Parameters);
        var task = await tasks.GetAsync(call);
        var after = await EventPlace.OfAsync(call, stream);
        if (WantsStream(call))
        {
            return await feeds.FollowTaskAsync(call, task, after);
        }

        var limit = call.Query.Limit();
        var page = limit == 0 ? new([], after ?? 0, IsFull: true) : await stream.ReadStreamOfAsync(task.Id, after ?? 0, limit, call.Aborted);
        return Answer(call, page.Rows, page.Last).WithTask(call.Links, task.Id);
    }

    private async Task<ApiAnswer> PageAsync(ApiCall call, EventFilter filter, long place)
    {
        var limit = call.Query.Limit();
        var found = new List<StreamedEvents>();
        for (var i = 0; i < PagesLookedAt && found.Count < limit; i++)
        {
            var page = await ReadAsync(call, place);
            found.AddRange(page.Rows.Where(r => filter.Matches(r.Subject)));
            place = page.Last;
            if (!page.IsFull)
            {
                break;
            }
        }

        return found.Count <= limit ? Answer(call, found, place) : Answer(call, found[..limit], limit == 0 ? place : found[limit - 1].Stored.StreamId);
    }

    // Archived while he reads: what he has of this page is not given to him with a gap behind it.
    private async Task<EventPage> ReadAsync(ApiCall call, long place)
    {
        try
        {
            return await stream.ReadStreamAsync(place, EventTail.PageSize, call.Aborted);
        }
        catch (PlaceGoneException)
        {
            throw EventPlace.Gone(place);
        }
    }

    private static ApiAnswer Answer(ApiCall call, IEnumerable<StreamedEvents> rows, long last) =>
        ApiAnswer.Ok(new JsonObject { ["events"] = new JsonArray([.. rows.Select(r => EventBody.Of(call, r))]), ["last_event_id"] = last });

    private static bool WantsStream(ApiCall call) =>
        !HttpMethods.IsHead(call.Http.Request.Method) && call.Http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(StreamType, StringComparison.OrdinalIgnoreCase) && a.Quality is null or > 0);
}
