using InstanceTasks.Client;
using InstanceTasks.Dashboard.Reading;

namespace InstanceTasks.Dashboard.Tests.Reading;

public sealed class TimelineTests
{
    private static readonly ILookup<Guid, TaskEvents> NoEvents = Array.Empty<TaskEvents>().ToLookup(e => e.TaskId);

    [Fact]
    public void Rows_OfTasksFarApart_LeaveAGapThatIsNotToScale()
    {
        var timeline = new Timeline([Some.Task("create", 0, 10), Some.Task("stop", 86_400, 86_410)], NoEvents, Some.Noon.AddDays(2));

        var (stop, create) = (timeline.Rows[0].Whole, timeline.Rows[1].Whole);
        Assert.Equal(0, create.From);
        Assert.Equal(Timeline.Width, stop.To, 3);
        Assert.InRange(stop.From - create.To, 1, 50);
        Assert.Equal(TimeSpan.FromSeconds(86_390), Assert.Single(timeline.Gaps).Length);
    }

    [Fact]
    public void Rows_OfATaskThatRuns_EndNow()
    {
        var timeline = new Timeline([Some.Task("stop", 0, null, "running", Some.Step("power-off", "running", from: 2, to: null))], NoEvents, Some.Noon.AddSeconds(8));

        var row = Assert.Single(timeline.Rows);
        Assert.Equal(Timeline.Width, row.Whole.To, 3);
        Assert.Equal(Timeline.Width / 4, Assert.Single(row.Steps).From, 3);
        Assert.Equal("busy", row.Steps[0].Tone);
    }

    [Fact]
    public void Rows_WithFailedAttempts_ShowWhereTheyFailed()
    {
        var task = Some.Task("stop", 0, 10, "failed", Some.Step("power-off", "failed", to: 10));
        var events = new[] { new TaskEvents { TaskId = task.Id, Events = [new() { Type = "attempt_failed", Step = "power-off", At = Some.Noon.AddSeconds(5) }] } };

        var timeline = new Timeline([task], events.ToLookup(e => e.TaskId), Some.Noon.AddSeconds(20));

        Assert.Equal(Timeline.Width / 2, Assert.Single(timeline.Rows[0].Failed).From, 3);
    }

    [Fact]
    public void At_AnyMoment_NeverGoesBack()
    {
        List<TaskInfo> tasks = [Some.Task("a", 0, 5), Some.Task("b", 3, 30), Some.Task("c", 100, 100), Some.Task("d", 500, 501)];
        var timeline = new Timeline(tasks, NoEvents, Some.Noon.AddHours(1));

        var places = Enumerable.Range(0, 600).Select(s => timeline.At(Some.Noon.AddSeconds(s))).ToList();

        Assert.Equal(places.Order(), places);
        Assert.All(places, p => Assert.InRange(p, 0, Timeline.Width));
    }
}
