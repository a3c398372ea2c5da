namespace Orleans.Behaviour.Tests;

internal static class Wait
{
    /// <summary>Waits for the condition; a test that waits in vain fails after ten seconds.</summary>
    public static async Task Until(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited in vain: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (!await condition())
        {
            Assert.False(limit.IsCancellationRequested, $"Waited in vain: {what}");
            await Task.Delay(5, CancellationToken.None);
        }
    }
}
