using System.Reflection;
using System.Text.Json.Serialization;
using InstanceTasks.Client;
using InstanceTasks.Dashboard.Reading;
using InstanceTasks.Engine;

namespace InstanceTasks.Dashboard.Tests.Reading;

public sealed class WordingTests
{
    [Theory]
    [InlineData(0.25, "250 ms")]
    [InlineData(3.46, "3.4 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(61, "1 min 01 s")]
    [InlineData(3_720, "1 h 02 min")]
    [InlineData(90_000, "1 d 1 h")]
    [InlineData(-1, "0 s")]
    public void Span_IsSaidInTwoUnits(double seconds, string expected) => Assert.Equal(expected, Wording.Span(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "now")]
    [InlineData(-42, "42 s ago")]
    [InlineData(-7_300, "2 h ago")]
    [InlineData(150, "in 2 min")]
    public void Ago_IsSaidInOneUnit(double seconds, string expected) => Assert.Equal(expected, Wording.Ago(Some.Noon.AddSeconds(seconds), Some.Noon));

    [Theory]
    [InlineData("its attempts wait for workers", "Its attempts wait for workers.")]
    [InlineData("At once.", "At once.")]
    [InlineData("", "")]
    [InlineData(null, null)]
    public void Sentence_OfAClause_BeginsLargeAndEnds(string? clause, string? expected) => Assert.Equal(expected, Wording.Sentence(clause));

    [Theory]
    [InlineData(0.04, "0.0")]
    [InlineData(9.94, "9.9")]
    [InlineData(9.96, "10")]
    [InlineData(12_345.6, "12,346")]
    public void Rate_HasAsManyDigitsAsSaySomething(double rate, string expected) => Assert.Equal(expected, Wording.Rate(rate));

    [Fact]
    public void EventText_OfEachEventThatThereIs_IsASentenceOfItsOwn()
    {
        var types = typeof(TaskEvent).GetCustomAttributes<JsonDerivedTypeAttribute>().Select(a => (string)a.TypeDiscriminator!).ToList();

        Assert.NotEmpty(types);
        Assert.All(types.Except(["paused"]), t => Assert.NotEqual(Wording.Title(t), EventText.Of(new TaskEventInfo { Type = t })));
        Assert.Equal(types.Count, types.Select(t => EventText.Of(new TaskEventInfo { Type = t })).Distinct().Count());
    }

    [Fact]
    public void Tone_OfEachPublicState_IsOneOfTheSix() =>
        Assert.All(TaskStateNames.All, s => Assert.Contains(Wording.Tone(s), (string[])["good", "bad", "alarm", "busy", "wait", "calm"]));

    [Fact]
    public void OpenStates_AndTheOthers_AreAllStates() =>
        Assert.Equal(TaskStateNames.All.Order(), Wording.OpenStates.Concat(TaskStateNames.Terminal).Append("needs_attention").Order());

    [Fact]
    public void PlanRow_OfATask_HasEachStepOfThePlanWithWhatBecameOfIt()
    {
        var plan = PlanRegistry.Find(TaskKinds.Stop)!;
        var task = Some.Task("stop", 0, null, "undoing", Some.Step(plan.Steps[0].Name), Some.Step(plan.Steps[0].Name, "running", "undo", to: null)) with { PlanVersion = plan.Version };

        var rows = PlanRow.Of(task);

        Assert.Equal(plan.Steps.Select(s => s.Name), rows.Select(r => r.Name));
        Assert.Equal("undoing", rows[0].State);
        Assert.Equal("to do", rows[1].State);
    }

    [Fact]
    public void PlanRow_OfAPlanThatNobodyKnows_HasTheStepsThatThereAre()
    {
        var rows = PlanRow.Of(Some.Task("from-another-release", 0, 1, "succeeded", Some.Step("something")));

        Assert.Equal("done", Assert.Single(rows).State);
    }

    [Fact]
    public void Throughput_OfEndedTasks_PutsEachIntoItsSlice()
    {
        var now = Some.Noon.AddHours(1);
        var slices = Throughput.Of([Ended("succeeded", 3590, 3599), Ended("failed", 3597, 3598), Ended("succeeded", -10, -5)], now, TimeSpan.FromHours(1));

        Assert.Equal(Throughput.Slices, slices.Count);
        Assert.Equal((1, 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9)), (slices[^1].Succeeded, slices[^1].Failed, slices[^1].Median, slices[^1].P95));
        Assert.Equal(2, slices.Sum(s => s.Total));
    }

    private static EndedTask Ended(string state, double from, double to) => new(state, Some.Noon.AddSeconds(from), Some.Noon.AddSeconds(to));

    [Fact]
    public void Diagram_EachStateOfTheMachine_HasAPlaceOfItsOwn()
    {
        Assert.Equal(Enum.GetValues<VmState>().Length, InstanceDiagram.Nodes.Select(n => (n.X, n.Y)).Distinct().Count());
        Assert.Contains(InstanceDiagram.From(VmState.Active), e => e.To.State == VmState.Stopped && e.Kinds.Contains("stop"));
        Assert.Empty(InstanceDiagram.From(VmState.Deleted));
    }

    [Fact]
    public void InstanceAction_EachKindOnAnInstance_HasAPlaceInTheOrder()
    {
        var kinds = PlanRegistry.All.Where(p => p.OnInstance).Select(p => p.Kind.Name).Distinct().Where(k => InstanceAction.Of(k) is not null).ToList();

        Assert.Equal(kinds.Count, kinds.Select(InstanceAction.PlaceOf).Distinct().Count());
    }
}
