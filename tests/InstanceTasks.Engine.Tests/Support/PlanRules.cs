namespace InstanceTasks.Engine.Tests.Support;

/// <summary>What every plan keeps to.</summary>
internal static class PlanRules
{
    public static void CheckSteps(Plan plan)
    {
        Assert.Equal(plan.Steps.Count, plan.Steps.Select(s => s.Name).Distinct().Count());
        Assert.All(plan.Steps, s =>
        {
            Assert.Matches("^[a-z]+(-[a-z]+)*$", s.Name);
            Assert.True(s.Do is null != (s.Control == ControlWork.None), $"{s.Name}: a verb or control work, not both");
            Assert.True(s.Undo is null || s.NoUndoBecause is null, $"{s.Name}: an undo and a reason for none");
            Assert.True(s.Undo is not null || s.NoUndoBecause is not null || s.Control != ControlWork.None, $"{s.Name}: neither an undo nor a reason for none");
            Assert.True(s.Retry.MaxAttempts >= 1 && s.Timeout > TimeSpan.Zero);
        });
        Assert.True(plan.Steps.Count == 0 || plan.Steps[^1].OnExhausted != Exhausted.GoOn, "the last step has no next");
    }

    public static void CheckPointOfNoReturn(Plan plan)
    {
        Assert.All(plan.Steps.Skip(plan.PointOfNoReturn), s => Assert.Equal(Cancellability.PastNoReturn, s.Cancel));

        // Past it there is nothing to undo: the task is held for an operator, or fails as it stands.
        Assert.All(plan.Steps.Skip(plan.PointOfNoReturn), s => Assert.True(s.OnExhausted == Exhausted.Hold || plan.Steps.All(t => t.Undo is null)));
    }
}
