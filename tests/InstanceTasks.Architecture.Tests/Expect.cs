namespace InstanceTasks.Architecture.Tests;

internal static class Expect
{
    /// <summary>Fails with the whole list: who broke a rule needs to see every place.</summary>
    public static void None<T>(IEnumerable<T> violations)
    {
        var all = violations.Select(violation => $"{violation}").Distinct(StringComparer.Ordinal).ToList();
        Assert.True(all.Count == 0, $"{all.Count} violation(s):\n  {string.Join("\n  ", all)}");
    }
}
