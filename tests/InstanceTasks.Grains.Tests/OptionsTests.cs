using InstanceTasks.Engine;
using InstanceTasks.Grains.Workers;

namespace InstanceTasks.Grains.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreValid()
    {
        Assert.True(new LeaseOptionsValidator().Validate(null, new LeaseOptions()).Succeeded);
        Assert.True(new WorkerOptionsValidator().Validate(null, new WorkerOptions()).Succeeded);
        Assert.True(new RecoveryOptionsValidator().Validate(null, new RecoveryOptions()).Succeeded);
    }

    [Theory]
    [InlineData(3000, 0, 500)]
    [InlineData(3000, 1000, -1)]
    [InlineData(3000, 1300, 500)]
    [InlineData(0, 1000, 500)]
    public void Lease_ThatOneFailedRenewalWouldLose_IsRefused(int length, int every, int margin)
    {
        var options = new LeaseOptions { Length = Milliseconds(length), RenewEvery = Milliseconds(every), Margin = Milliseconds(margin) };

        var result = new LeaseOptionsValidator().Validate(null, options);

        Assert.Contains("Lease:Length", result.FailureMessage!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 8000, 5000, 5000)]
    [InlineData(1, 0, 5000, 5000)]
    [InlineData(1, 10001, 5000, 5000)]
    [InlineData(1, 8000, 0, 5000)]
    [InlineData(1, 8000, 5000, -1)]
    public void Workers_OutOfRange_AreRefused(int perHost, int poll, int abort, int stop)
    {
        var options = new WorkerOptions { PerHost = perHost, PollWait = Milliseconds(poll), AbortGrace = Milliseconds(abort), StopGrace = Milliseconds(stop) };

        Assert.True(new WorkerOptionsValidator().Validate(null, options).Failed);
    }

    [Fact]
    public void Recovery_WithEveryTriggerOff_IsRefused()
    {
        var options = new RecoveryOptions { UseReminder = false, OnStart = false, WhenDue = false, OnLeaseEnd = false };

        Assert.Contains("would never go on", new RecoveryOptionsValidator().Validate(null, options).FailureMessage!, StringComparison.Ordinal);
    }

    [Fact]
    public void Recovery_WithAShorterReminderThanItsMinimum_NamesBoth()
    {
        var result = new RecoveryOptionsValidator().Validate(null, new RecoveryOptions { ReminderPeriod = TimeSpan.FromSeconds(2) });

        Assert.Contains("Recovery:ReminderPeriod", result.FailureMessage!, StringComparison.Ordinal);
        Assert.Contains("Recovery:MinimumReminderPeriod", result.FailureMessage!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 32, 500)]
    [InlineData(5, 0, 500)]
    [InlineData(5, 32, 0)]
    public void Recovery_WithSizesThatAreNotPositive_IsRefused(int sleep, int pokes, int batch) =>
        Assert.True(new RecoveryOptionsValidator().Validate(null, new RecoveryOptions { LongestSleep = TimeSpan.FromSeconds(sleep), ParallelPokes = pokes, BatchSize = batch }).Failed);

    private static TimeSpan Milliseconds(int value) => TimeSpan.FromMilliseconds(value);
}
