using InstanceTasks.Api.Events;
using InstanceTasks.Api.Tests.Fakes;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Api.Tests.Events;

/// <summary>Server-sent events: nothing missed, nothing twice, nobody's but one's own, and no end that a client cannot go on from.</summary>
public sealed class EventStreamTests : ApiTest
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task Follow_WithoutAPlace_SendsWhatIsCommittedFromNowOn()
    {
        var task = Task("create");
        Api.Events.Add(task, new TaskClaimed { Epoch = 1 });
        using var stream = await SseConnection.OpenAsync(Api, "/v2.1/tasks/events");

        var greeting = (await stream.NextAsync())!;
        var place = Api.Events.Add(task, new StepDone { At = Sample.Time, Step = 1, Host = new("host-1"), Note = "a\nb" }, new TaskEnded { At = Sample.Time, Outcome = TaskOutcome.Succeeded });
        var message = await stream.MessageAsync();

        Assert.Equal(("2000", 1L), (greeting.Retry, greeting.Id));
        Assert.Equal(place, message.Id);
        Assert.Equal((place, task.Id.ToString(), 2L), ((long)message.Data!["id"]!, (string)message.Data["task_id"]!, (long)message.Data["seq"]!));
        Assert.Equal(["step_done", "ended"], message.Data["events"]!.AsArray().Select(e => (string)e!["type"]!));
        Assert.Equal(("prepare-disk", "a\nb", "host-1"), Fields(message, 0, "step", "note", "host"));
        Assert.Equal("no-store", stream.Response.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task Resume_BehindAnId_GivesEachLaterCommitOnce_FromStoreWindowAndLive()
    {
        var task = Task();
        await using var api = await ApiHost.StartAsync(o => (o.Events.Window, o.Events.Gather) = (5, TimeSpan.Zero));
        Commit(api, task, 600);
        using var other = await SseConnection.FollowAsync(api, "/v2.1/tasks/events");
        Commit(api, task, 40);
        await other.IdsAsync(40);

        using var resumed = await SseConnection.FollowAsync(api, "/v2.1/tasks/events?after=1", lastEventId: "3");
        var seen = await resumed.IdsAsync(637);
        Commit(api, task, 3);
        seen.AddRange(await resumed.IdsAsync(3));

        Assert.Equal(Enumerable.Range(4, 640).Select(i => (long)i), seen);
    }

    [Theory]
    [InlineData("", new[] { 1, 2 })]
    [InlineData("?all_projects=true", new[] { 1, 2, 3 })]
    [InlineData("?project=other", new[] { 3 })]
    [InlineData("?kind=stop", new[] { 1 })]
    [InlineData("?kind=start,reboot&all_projects=true", new[] { 2, 3 })]
    [InlineData("?server_id={server}", new[] { 1 })]
    [InlineData("?parent_id={parent}", new[] { 2 })]
    [InlineData("?user=demo-user&all_projects=1", new[] { 1, 2 })]
    public async Task Follow_WithAFilter_SendsWhatPassesIt(string query, int[] expected)
    {
        var parent = TaskId.New();
        var first = Task();
        Api.Events.Add(first, new TaskPaused());
        Api.Events.Add(Task("start") with { Parent = parent }, new TaskPaused());
        Api.Events.Add(Task("reboot") with { Project = new("other"), User = new("other") }, new TaskPaused());

        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events" + query.Replace("{server}", first.Instance.ToString()).Replace("{parent}", parent.ToString()), lastEventId: "0");

        Assert.Equal(expected.Select(i => (long)i), await stream.IdsAsync(expected.Length));
    }

    [Fact]
    public async Task HeartBeat_AfterSilence_ShowsThatTheStreamLives_AndThePlaceThatWasPassed()
    {
        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events?kind=stop");
        var begun = _time.GetUtcNow();
        Api.Events.Add(Task("start"), new TaskPaused());

        var beat = stream.NextAsync();
        while (!beat.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await System.Threading.Tasks.Task.Yield();
        }

        Assert.Equal(("heart-beat", 1L), ((await beat)!.Comment, (await beat)!.Id));
        Assert.True(_time.GetUtcNow() - begun >= TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task Follow_StoreCannotBeReadForAWhile_GoesOnWithoutAGap()
    {
        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events");
        Api.Events.Broken = true;
        Commit(Api, Task(), 3);
        while (!Api.Logs.Entries.ToArray().Any(e => e.Text.Contains("event stream cannot be read", StringComparison.Ordinal)))
        {
            await System.Threading.Tasks.Task.Yield();
        }

        Api.Events.Broken = false;
        var ids = stream.IdsAsync(3);
        await PassAsync(ids);

        Assert.Equal([1, 2, 3], await ids);
    }

    [Fact]
    public async Task Follow_NoHint_FindsItByLooking()
    {
        Api.Events.Silent = true;
        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events");

        Api.Events.Add(Task(), new TaskPaused());
        var ids = stream.IdsAsync(1);
        await PassAsync(ids);

        Assert.Equal([1], await ids);
    }

    [Fact]
    public async Task Follow_ClientThatTakesNothing_IsCutOff_AndMissesNothingWhenItResumes()
    {
        const int All = 3000;
        await using var api = await ApiHost.StartAsync(o => (o.Events.Window, o.Events.Gather, o.Limits.EventStreams) = (50, TimeSpan.Zero, 1), time: _time);
        var slow = await SseConnection.FollowAsync(api, "/v2.1/tasks/events");
        var note = new string('x', 8000);
        for (var i = 0; i < All; i++)
        {
            api.Events.Add(Task(), new StepDone { Note = note });
        }

        (await TakePlaceAsync(api)).Dispose();
        var seen = await ReadToTheEndAsync(slow);
        Assert.InRange(seen.Count, 0, All - 1);

        using var resumed = await TakePlaceAsync(api, $"{seen.LastOrDefault()}");
        seen.AddRange(await resumed.IdsAsync(All - seen.Count));
        Assert.Equal(Enumerable.Range(1, All).Select(i => (long)i), seen);
    }

    [Fact]
    public async Task Follow_ItsTimeIsOver_EndsWhole()
    {
        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events");
        Commit(Api, Task(), 2);
        Assert.Equal([1, 2], await stream.IdsAsync(2));
        var begun = _time.GetUtcNow();

        SseBlock? block;
        do
        {
            var next = stream.NextAsync();
            await PassAsync(next);
            block = await next;
        }
        while (block is not null);

        Assert.True(_time.GetUtcNow() - begun >= TimeSpan.FromMinutes(9));
    }

    [Fact]
    public async Task Follow_ProcessStops_StreamEndsWholeAtOnce()
    {
        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events");

        var end = stream.NextAsync();
        await Api.StopAsync().WaitAsync(TimeSpan.FromSeconds(20));

        Assert.Null(await end);
    }

    [Fact]
    public async Task Follow_MoreThanOneCallerMayHave_429_AndFreeAgainWhenTheClientLeaves()
    {
        await using var api = await ApiHost.StartAsync(o => o.Limits.EventStreams = 1, time: _time);
        using (await SseConnection.FollowAsync(api, "/v2.1/tasks/events"))
        {
            using var second = await SseConnection.OpenAsync(api, "/v2.1/tasks/events");
            Assert.Equal(429, second.Status);
            Assert.Equal("1", second.Response.Headers.RetryAfter?.ToString());
            Assert.Equal(200, (await api.GetAsync("/v2.1/tasks/events")).Status);
        }

        using var third = await TakePlaceAsync(api);
    }

    [Theory]
    [InlineData("6", 410)]
    [InlineData("x", 400)]
    [InlineData("-1", 400)]
    [InlineData("99999999999999999999", 400)]
    public async Task Resume_BehindWhatNeverWas_IsRefused(string place, int status)
    {
        Commit(Api, Task(), 5);

        using var byHeader = await SseConnection.OpenAsync(Api, "/v2.1/tasks/events", place);
        using var byQuery = await SseConnection.OpenAsync(Api, $"/v2.1/tasks/events?after={place}");

        Assert.Equal((status, status), (byHeader.Status, byQuery.Status));
    }

    [Fact]
    public async Task Resume_BehindWhatWasArchived_IsGone_AndFromTheFirstOnItIsNot()
    {
        Commit(Api, Task(), 5);
        Api.Events.First = 3;

        using var stream = await SseConnection.OpenAsync(Api, "/v2.1/tasks/events", "2");
        var page = await Api.GetAsync("/v2.1/tasks/events?after=2");
        using var behind = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events", "3");

        Assert.Equal((410, 410), (stream.Status, page.Status));
        Assert.Contains("archived", page.Body!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal([4, 5], await behind.IdsAsync(2));
    }

    /// <summary>A reader behind the window, whose next page has been archived: he gets no gap, but an end, and 410 when he comes back.</summary>
    [Fact]
    public async Task Follow_ArchivedBetweenTwoPages_StreamEndsWithoutAGap()
    {
        Commit(Api, Task(), EventTail.PageSize * 2);
        Api.Events.BeforeRead = after => Api.Events.First = after == EventTail.PageSize ? EventTail.PageSize + 10 : Api.Events.First;

        using var stream = await SseConnection.FollowAsync(Api, "/v2.1/tasks/events", "0");

        Assert.Equal(Enumerable.Range(1, EventTail.PageSize).Select(i => (long)i), await stream.IdsAsync(EventTail.PageSize));
        Assert.Null(await stream.NextAsync());
        using var again = await SseConnection.OpenAsync(Api, "/v2.1/tasks/events", $"{EventTail.PageSize}");
        Assert.Equal((410, EventTail.PageSize + 10L), (again.Status, Api.Events.First));
    }

    [Fact]
    public async Task FollowTask_BehindWhatWasArchivedOfOthers_HasAllOfItsOwn()
    {
        var task = Task();
        Api.Cloud.Tasks[task.Id] = task;
        Commit(Api, task, 2);
        Api.Events.First = 2;

        using var stream = await SseConnection.FollowAsync(Api, $"/v2.1/tasks/{task.Id}/events", "1");

        Assert.Equal([2], await stream.IdsAsync(1));
    }

    [Fact]
    public async Task FollowTask_FromItsFirstToItsLast_ThenEnds_ThenNothingMore()
    {
        var (task, other) = (Task(), Task());
        Api.Cloud.Tasks[task.Id] = task;
        Commit(Api, task, 2);
        Commit(Api, other, 2);
        using var stream = await SseConnection.FollowAsync(Api, $"/v2.1/tasks/{task.Id}/events");
        Assert.Equal([1, 2], await stream.IdsAsync(2));

        Commit(Api, other, 2);
        Api.Events.Add(task, new TaskEnded { Outcome = TaskOutcome.Failed, Failure = new("guest", "no") });
        Api.Cloud.Tasks[task.Id] = task.Ended(TaskOutcome.Failed);

        Assert.Equal(7, (await stream.MessageAsync()).Id);
        Assert.Null(await stream.NextAsync());
        using var behind = await SseConnection.OpenAsync(Api, $"/v2.1/tasks/{task.Id}/events", "7");
        Assert.Equal(204, behind.Status);
        using var before = await SseConnection.FollowAsync(Api, $"/v2.1/tasks/{task.Id}/events", "2");
        Assert.Equal([7], await before.IdsAsync(1));
        Assert.Null(await before.NextAsync());
    }

    [Fact]
    public async Task FollowTask_WithALongHistory_IsReadInPages()
    {
        var task = Task();
        Api.Cloud.Tasks[task.Id] = task;
        Commit(Api, task, 700);

        using var stream = await SseConnection.FollowAsync(Api, $"/v2.1/tasks/{task.Id}/events");

        Assert.Equal(Enumerable.Range(1, 700).Select(i => (long)i), await stream.IdsAsync(700));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Follow_HostsAndDetails_AreForAdministrators(bool admin)
    {
        await using var api = await ApiHost.StartAsync(admin: admin);
        var failure = new Failure("guest", "no", Details: "secret place");
        using var stream = await SseConnection.FollowAsync(api, "/v2.1/tasks/events");

        api.Events.Add(Task(), new TaskEnded { Outcome = TaskOutcome.Failed, Failure = failure }, new HostRefused { Host = new("host-7"), Reason = "host-7 is full" }, new TaskGranted { Host = new("host-7") });
        var text = (await stream.MessageAsync()).Data!.ToJsonString();

        Assert.Contains("\"message\":\"no\"", text);
        Assert.Equal((admin, admin, admin), (text.Contains("host-7"), text.Contains("secret place"), text.Contains("is full")));
    }

    internal override Task<ApiHost> StartAsync() => ApiHost.StartAsync(o => o.Events.Gather = TimeSpan.Zero, time: _time);

    private static TaskRecord Task(string kind = "stop") => Sample.Task(Sample.Server(), kind);

    private static void Commit(ApiHost api, TaskRecord task, int count)
    {
        for (var i = 0; i < count; i++)
        {
            api.Events.Add(task, new TaskProceeded());
        }
    }

    private static (string?, string?, string?) Fields(SseBlock message, int index, string a, string b, string c)
    {
        var e = message.Data!["events"]![index]!;
        return ((string?)e[a], (string?)e[b], (string?)e[c]);
    }

    private async Task PassAsync(Task until)
    {
        while (!until.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await System.Threading.Tasks.Task.Yield();
        }
    }

    /// <summary>Lets time pass until the caller's only place for a stream is free, and takes it.</summary>
    private async Task<SseConnection> TakePlaceAsync(ApiHost api, string? lastEventId = null)
    {
        while (true)
        {
            var tried = await SseConnection.OpenAsync(api, "/v2.1/tasks/events", lastEventId);
            if (tried.Status == 200)
            {
                return tried;
            }

            Assert.Equal(429, tried.Status);
            tried.Dispose();
            _time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    private static async Task<List<long>> ReadToTheEndAsync(SseConnection stream)
    {
        var ids = new List<long>();
        try
        {
            while (await stream.NextAsync() is { } block)
            {
                ids.AddRange(block.Data is null ? [] : [block.Id!.Value]);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // Cut off.
        }

        stream.Dispose();
        return ids;
    }
}
