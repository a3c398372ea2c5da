using InstanceTasks.Engine.Tests.Support;

namespace InstanceTasks.Engine.Tests.Tasks;

public sealed class CommandRulesTests
{
    [Theory]
    [InlineData(TaskCommandKind.Cancel)]
    [InlineData(TaskCommandKind.Pause)]
    [InlineData(TaskCommandKind.Resume)]
    [InlineData(TaskCommandKind.Retry)]
    [InlineData(TaskCommandKind.Skip)]
    [InlineData(TaskCommandKind.Done)]
    [InlineData(TaskCommandKind.Abandon)]
    [InlineData(TaskCommandKind.SetPriority)]
    public void Decide_EveryReachableShape_LeadsToLegalEventsOrSaysWhyNot(TaskCommandKind kind)
    {
        foreach (var shape in TaskTransitions.Reachable)
        {
            var task = Some.Task(TaskKinds.Stop) with
            {
                Phase = shape.Phase, Run = shape.Run, Intent = shape.Intent, Outcome = shape.Outcome, Turn = shape.HasMachine ? 2 : 0,
            };

            var rule = Decide(task, kind, "why");

            Assert.True(rule.Refusal is null != (rule.Effect is null), $"{kind} in {shape}: an effect or a refusal");
            Assert.True(rule.Refusal is null || rule.Events.Count == 0);
            if (!shape.Run.Equals(TaskRun.Ended))
            {
                TaskMachine.Preview(task, rule.Events);
            }
        }
    }

    [Theory]
    [InlineData(null, false, RefusalKind.Invalid)]
    [InlineData(-1, true, RefusalKind.Invalid)]
    [InlineData(10, true, RefusalKind.Invalid)]
    [InlineData(6, false, RefusalKind.Forbidden)]
    [InlineData(6, true, null)]
    [InlineData(0, false, null)]
    public void SetPriority_AboveNormalIsForAdministrators(int? priority, bool admin, RefusalKind? refused)
    {
        var task = Some.Task(TaskKinds.Stop);

        var rule = CommandRules.Decide(task, PlanRegistry.Of(task), Some.Command(TaskCommandKind.SetPriority, caller: admin ? Some.Admin : Some.Owner) with { Priority = priority }, Some.Start);

        Assert.Equal(refused, rule.Refusal?.Kind);
        if (refused is null)
        {
            var after = TaskMachine.Preview(task, rule.Events);
            Assert.Equal((priority, TaskCommandKind.SetPriority), (after.Priority, Assert.Single(after.Commands).Kind));
            Assert.Equal(TaskShape.Of(task), TaskShape.Of(after));
        }
    }

    [Fact]
    public void SetPriority_ToWhatItIs_ChangesNothing()
    {
        var task = Some.Task(TaskKinds.Stop);

        var rule = CommandRules.Decide(task, PlanRegistry.Of(task), Some.Command(TaskCommandKind.SetPriority) with { Priority = TaskPriorities.Normal }, Some.Start);

        Assert.Equal(("it has that priority already", 0), (rule.Effect, rule.Events.Count));
    }

    [Fact]
    public void Decide_Accepted_RecordsWhoWhenAndWhy()
    {
        var command = Some.Command(TaskCommandKind.Cancel, "no longer needed");

        var rule = CommandRules.Decide(Some.Task(TaskKinds.Stop), PlanRegistry.Find(TaskKinds.Stop)!, command, Some.Start);

        var intent = Assert.IsType<IntentSet>(Assert.Single(rule.Events));
        Assert.Equal(new CommandRecord(command.Id, TaskCommandKind.Cancel, Some.Owner.User, Some.Start, "no longer needed"), intent.Command);
        Assert.False(rule.Settles);
    }

    [Theory]
    [InlineData("stop", 0, "takes effect after step 'shut-down-guest'; what was done is undone")]
    [InlineData("create", 1, "takes effect now; what was done is undone")]
    [InlineData("create", 4, "takes effect now; what was done is undone")]
    public void Cancel_SaysAtWhichStepItTakesEffect(string kind, int step, string effect)
    {
        Assert.Equal(effect, Decide(Some.Task(new TaskKind(kind), step), TaskCommandKind.Cancel).Effect);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Cancel_PastThePointOfNoReturn_IsRefused(int step)
    {
        var rule = Decide(Some.Task(TaskKinds.Delete, step), TaskCommandKind.Cancel);

        Assert.Equal(RefusalKind.NotNow, rule.Refusal!.Kind);
        Assert.EndsWith("is past its point of no return (step 'power-off').", rule.Refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancel_BeforeItsTurn_IsSettledByTheInstance()
    {
        var rule = Decide(Some.Task(TaskKinds.Delete) with { Turn = 0, Run = TaskRun.Waiting }, TaskCommandKind.Cancel);

        Assert.True(rule.Settles);
        Assert.Equal(TaskOutcome.Canceled, Assert.IsType<TaskEnded>(Assert.Single(rule.Events)).Outcome);
    }

    [Fact]
    public void Cancel_OfATaskThatNeedsAttention_NamesTheDecisions()
    {
        var task = Some.Task(TaskKinds.Delete) with { Turn = 0, Run = TaskRun.Paused, Outcome = TaskOutcome.NeedsAttention };

        Assert.Equal($"Task {task.Id} needs attention: retry, skip, done or abandon.", Decide(task, TaskCommandKind.Cancel).Refusal!.Message);
    }

    [Fact]
    public void Pause_WhileUndoing_IsRefused()
    {
        var task = Some.Task(TaskKinds.Stop) with { Phase = TaskPhase.Undo };

        Assert.Equal($"Task {task.Id} cannot be paused while it is undoing: half of a change is not a state to stay in.", Decide(task, TaskCommandKind.Pause).Refusal!.Message);
    }

    [Theory]
    [InlineData("accepted", "accepted", null, null, 1)]
    [InlineData("commit-after@stop:settle#3", "commit-after", "stop", "settle", 3)]
    [InlineData("effect-before:power-off", "effect-before", null, "power-off", 1)]
    [InlineData("effect-after@delete#2", "effect-after", "delete", null, 2)]
    public void Failpoint_Parses(string text, string name, string? kind, string? step, int count)
    {
        Assert.Equal(new FailpointRule(name, kind, step, count), FailpointRule.Parse(text));
    }

    [Theory]
    [InlineData("@stop")]
    [InlineData("#1")]
    [InlineData("accepted#often")]
    public void Failpoint_Nonsense_IsRefused(string text)
    {
        Assert.Throws<FormatException>(() => FailpointRule.Parse(text));
    }

    [Fact]
    public void Failpoint_Matches_WhatItNames()
    {
        var rule = FailpointRule.Parse("commit-after@stop:settle")!;

        Assert.True(rule.Matches("commit-after", "stop", "settle"));
        Assert.False(rule.Matches("commit-before", "stop", "settle"));
        Assert.False(rule.Matches("commit-after", "start", "settle"));
        Assert.False(rule.Matches("commit-after", "stop", "step"));
        Assert.True(FailpointRule.Parse("accepted")!.Matches("accepted", "any", "any"));
        Assert.Null(FailpointRule.Parse(""));
        Assert.Null(FailpointRule.Parse(null));
        Assert.False(Failpoints.Enabled);
    }

    [Fact]
    public void Shards_SpreadEvenlyAndStayTheSame()
    {
        var random = new Random(1);
        var bytes = new byte[16];
        var shards = Enumerable.Range(0, 4000).Select(_ =>
        {
            random.NextBytes(bytes);
            return Shards.Of(new InstanceId(new Guid(bytes)));
        }).ToList();

        Assert.Equal(Shards.Count, shards.Distinct().Count());
        Assert.All(shards.GroupBy(s => s), g => Assert.InRange(g.Count(), 800, 1200));
        Assert.Equal(3, Shards.Of(new InstanceId(Guid.Parse("00000000-0000-0000-0000-000000000007"))));
    }

    private static CommandRule Decide(TaskRecord task, TaskCommandKind kind, string? reason = null) =>
        CommandRules.Decide(task, PlanRegistry.Of(task), Some.Command(kind, reason), Some.Start);
}
