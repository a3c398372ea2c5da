using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Events;

/// <summary>
/// Server-sent events: one message per commit of a task, whose id is its place in the stream. A stream goes on until its client leaves, the process
/// stops, or its time is over; whoever resumes misses nothing, wherever he does.
/// </summary>
internal sealed partial class EventFeeds(
    EventTail tail, IEventStream stream, CallerLimits limits, IHostApplicationLifetime lifetime, TimeProvider time, IOptions<ApiOptions> options, ILogger<EventFeeds> log)
{
    private readonly EventStreamOptions _options = options.Value.Events;

    /// <summary>What is committed behind a place, or from now on.</summary>
    public async Task<ApiAnswer> FollowAsync(ApiCall call, EventFilter filter, long? after)
    {
        var place = after ?? await stream.ReadLastPlaceAsync(call.Aborted);
        return Answer(call, new(stream, call, filter, place, _options, time), (feed, reader, stop) => feed.FollowAsync(reader, stop));
    }

    /// <summary>The events of one task from its first or from behind a place on, until it has ended: then 204 tells the client not to ask again.</summary>
    public async Task<ApiAnswer> FollowTaskAsync(ApiCall call, TaskRecord task, long? after)
    {
        var place = after ?? 0;
        return task.IsEnded && (await stream.ReadStreamOfAsync(task.Id, place, 1, call.Aborted)).Rows.Count == 0
            ? new(204)
            : Answer(call, new(stream, call, new() { Task = task.Id }, place, _options, time), (feed, reader, stop) => feed.FollowTaskAsync(task.Id, reader, stop));
    }

    private ApiAnswer Answer(ApiCall call, EventFeed feed, Func<EventFeed, EventReader, CancellationToken, Task> run)
    {
        // Held from here on: the answer is written right away.
        var place = limits.EnterStream(call.Who);
        return new(200)
        {
            Headers = { ["Content-Type"] = "text/event-stream", ["Cache-Control"] = "no-store", ["X-Accel-Buffering"] = "no" },
            Stream = async http =>
            {
                using (place)
                {
                    await WriteAsync(http, feed, run);
                }
            },
        };
    }

    private async Task WriteAsync(HttpContext http, EventFeed feed, Func<EventFeed, EventReader, CancellationToken, Task> run)
    {
        using var end = new CancellationTokenSource(_options.Lifetime, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(end.Token, http.RequestAborted, lifetime.ApplicationStopping);
        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            using var reader = await tail.EnterAsync(stop.Token);
            await run(feed, reader, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            if (feed.WasTooSlow)
            {
                LogTooSlow(log, feed.Place);
            }
        }
        catch (PlaceGoneException)
        {
            // He is told when he comes back: a stream that has begun has no status left to give.
            LogGone(log, feed.Place);
        }
        catch (Exception e)
        {
            LogFailed(log, e, feed.Place);
        }
    }
}
