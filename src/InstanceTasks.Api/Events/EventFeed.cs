using System.Globalization;
using System.Text;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.AspNetCore.Http;

namespace InstanceTasks.Api.Events;

/// <summary>One stream to one client, from a place on.</summary>
internal sealed class EventFeed(IEventStream stream, ApiCall call, EventFilter filter, long place, EventStreamOptions options, TimeProvider time)
{
    private readonly StringBuilder _text = new();
    private long _wrote;

    /// <summary>Everything up to here has been looked at and, as far as it was asked for, sent.</summary>
    public long Place { get; private set; } = place;

    /// <summary>Whether the client did not take in time what was there for him.</summary>
    public bool WasTooSlow { get; private set; }

    /// <summary>Whatever passes the filter, without end.</summary>
    public async Task FollowAsync(EventReader reader, CancellationToken cancellationToken)
    {
        await GreetAsync(cancellationToken);
        while (true)
        {
            await WriteAsync(await NextAsync(reader, cancellationToken), cancellationToken);
        }
    }

    /// <summary>One task's events, until it has ended.</summary>
    public async Task FollowTaskAsync(TaskId task, EventReader reader, CancellationToken cancellationToken)
    {
        await GreetAsync(cancellationToken);
        // Everything of this task up to here is in what is read next.
        var now = await stream.ReadLastPlaceAsync(cancellationToken);
        EventPage page;
        do
        {
            page = await stream.ReadStreamOfAsync(task, Place, EventTail.PageSize, cancellationToken);
            if (await WriteAsync(page, cancellationToken))
            {
                return;
            }
        }
        while (page.IsFull);

        Place = Math.Max(Place, now);
        while (!await WriteAsync(await NextAsync(reader, cancellationToken), cancellationToken))
        {
            // Until its last event.
        }
    }

    private Task GreetAsync(CancellationToken cancellationToken)
    {
        _text.Append(CultureInfo.InvariantCulture, $"retry: {(long)options.Retry.TotalMilliseconds}\nid: {Place}\n\n");
        return SendAsync(cancellationToken);
    }

    private Task<EventPage> NextAsync(EventReader reader, CancellationToken cancellationToken) =>
        reader.NextAsync(Place, options.HeartBeat - time.GetElapsedTime(_wrote), cancellationToken);

    /// <summary>Writes what the client asked for, or shows that the stream lives. True: the task has ended.</summary>
    private async Task<bool> WriteAsync(EventPage page, CancellationToken cancellationToken)
    {
        var shown = page.Rows.Where(r => filter.Matches(r.Subject)).ToList();
        foreach (var row in shown)
        {
            _text.Append(CultureInfo.InvariantCulture, $"id: {row.Stored.StreamId}\ndata: {ApiAnswer.ToText(EventBody.Of(call, row))}\n\n");
        }

        Place = page.Last;
        if (shown.Count == 0 && time.GetElapsedTime(_wrote) >= options.HeartBeat)
        {
            // With the place, so that who resumes need not go through what was not for him once more.
            _text.Append(CultureInfo.InvariantCulture, $": heart-beat\nid: {Place}\n\n");
        }

        await SendAsync(cancellationToken);
        return shown.Any(r => r.Stored.Events.Any(e => e is TaskEnded));
    }

    // What a client does not take must not be kept for him.
    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (_text.Length == 0)
        {
            return;
        }

        var text = _text.ToString();
        _text.Clear();
        using var late = new CancellationTokenSource(options.SendTimeout, time);
        await using var cut = late.Token.Register(CutOff);
        await call.Http.Response.WriteAsync(text, cancellationToken);
        await call.Http.Response.Body.FlushAsync(cancellationToken);
        _wrote = time.GetTimestamp();
    }

    private void CutOff()
    {
        WasTooSlow = true;
        call.Http.Abort();
    }
}
