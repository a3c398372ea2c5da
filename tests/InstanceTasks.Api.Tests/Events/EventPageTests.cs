using InstanceTasks.Api.Tests.Fakes;

namespace InstanceTasks.Api.Tests.Events;

/// <summary>The same events as JSON, for those who ask from time to time.</summary>
public sealed class EventPageTests : ApiTest
{
    [Fact]
    public async Task Page_InSteps_GivesEachOnce_AndWhereToGoOn()
    {
        var (mine, other) = (Sample.Task(Sample.Server(), "stop"), Sample.Task(Sample.Server(), "stop") with { Project = new("other") });
        for (var i = 0; i < 5; i++)
        {
            Api.Events.Add(mine, new TaskPaused());
            Api.Events.Add(other, new TaskPaused());
        }

        var first = await Api.GetAsync("/v2.1/tasks/events?limit=3");
        var second = await Api.GetAsync($"/v2.1/tasks/events?limit=3&after={first.Body!["last_event_id"]}");
        var third = await Api.GetAsync($"/v2.1/tasks/events?after={second.Body!["last_event_id"]}");

        Assert.Equal([1, 3, 5], Ids(first));
        Assert.Equal([7, 9], Ids(second));
        Assert.Empty(Ids(third));
        Assert.Equal((5L, 10L, 10L), (Last(first), Last(second), Last(third)));
    }

    /// <summary>Archived between two looks for one page: an answer with a gap in it must not be.</summary>
    [Fact]
    public async Task Page_ArchivedWhileItIsRead_IsGone()
    {
        var task = Sample.Task(Sample.Server(), "stop");
        for (var i = 0; i < 600; i++)
        {
            Api.Events.Add(task, new TaskPaused());
        }

        var reads = 0;
        Api.Events.BeforeRead = _ => Api.Events.First = ++reads == 2 ? 300 : 0;

        Assert.Equal((410, 2), ((await Api.GetAsync("/v2.1/tasks/events?after=0")).Status, reads));
    }

    [Fact]
    public async Task Page_WithoutAPlace_BeginsWithTheOldestThatHasNoGap()
    {
        var task = Sample.Task(Sample.Server(), "stop");
        for (var i = 0; i < 5; i++)
        {
            Api.Events.Add(task, new TaskPaused());
        }

        Api.Events.First = 3;

        Assert.Equal([4, 5], Ids(await Api.GetAsync("/v2.1/tasks/events")));
        Assert.Equal(410, (await Api.GetAsync("/v2.1/tasks/events?after=0")).Status);
    }

    [Fact]
    public async Task Page_OfOthersOnly_IsEmptyAndGoesOn()
    {
        var other = Sample.Task(Sample.Server(), "stop") with { Project = new("other") };
        for (var i = 0; i < 6000; i++)
        {
            Api.Events.Add(other, new TaskPaused());
        }

        var mine = Api.Events.Add(Sample.Task(Sample.Server(), "stop"), new TaskPaused());
        var first = await Api.GetAsync("/v2.1/tasks/events");
        var second = await Api.GetAsync($"/v2.1/tasks/events?after={Last(first)}");

        Assert.Empty(Ids(first));
        Assert.InRange(Last(first), 1, 5999);
        Assert.Equal([mine], Ids(second));
    }

    [Theory]
    [InlineData("", new long[] { 1, 2, 3 }, 3)]
    [InlineData("?after=1", new long[] { 2, 3 }, 3)]
    [InlineData("?limit=2", new long[] { 1, 2 }, 2)]
    [InlineData("?after=3", new long[0], 3)]
    [InlineData("?limit=0", new long[0], 0)]
    public async Task PageOfTask_HasItsHistory(string query, long[] ids, long last)
    {
        var task = Sample.Task(Sample.Server(), "stop");
        Api.Cloud.Tasks[task.Id] = task;
        for (var i = 0; i < 3; i++)
        {
            Api.Events.Add(task, new TaskPaused());
        }

        Api.Events.Add(Sample.Task(Sample.Server(), "stop"), new TaskPaused());
        var answer = await Api.GetAsync($"/v2.1/tasks/{task.Id}/events{query}");

        Assert.Equal(ids, Ids(answer));
        Assert.Equal((last, task.Id.ToString()), (Last(answer), answer.Header("OpenStack-Task")));
    }

    [Theory]
    [InlineData("*/*", "application/json")]
    [InlineData("application/json", "application/json")]
    [InlineData("text/event-stream;q=0, */*", "application/json")]
    [InlineData("application/json, text/event-stream;q=0.5", "text/event-stream")]
    public async Task Accept_DecidesWhetherItIsAStream(string accept, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2.1/tasks/events");
        request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(expected, response.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Head_IsAnsweredAtOnceWhateverItAccepts()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/v2.1/tasks/events");
        request.Headers.Add("Accept", "text/event-stream");
        using var response = await Api.Client.SendAsync(request);

        Assert.Equal((200, "application/json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    private static List<long> Ids(Answer answer) => [.. answer.List("events").Select(e => (long)e!["id"]!)];

    private static long Last(Answer answer) => (long)answer.Body!["last_event_id"]!;
}
