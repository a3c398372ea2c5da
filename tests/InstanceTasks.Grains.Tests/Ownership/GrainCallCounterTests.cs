using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>In the collection of those that run alone: the metric is the process's.</summary>
[Collection("recovery")]
public sealed class GrainCallCounterTests
{
    [Fact, Trait("Silos", "1")]
    public async Task Calls_ThatEndAndFail_AreCountedAndGoAlongWithTheLease()
    {
        using var metric = new CallMetric();
        // A silo counts what arrives at its own grains.
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Filters = [new FailNoSuchHost()] });
        var (silo, counter) = (silos.Silos[0], silos.Silos[0].Services.GetRequiredService<GrainCallCounter>());
        var before = counter.Read();
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => silo.Grains.GetGrain<IHostGrain>("no-such-host").QueueLength());
        }

        await silos.CreateServerAsync(silo);

        var after = counter.Read();
        // At least: the silo's own calls go on meanwhile, and what of them has failed stands in the message.
        Assert.True(after.Failed >= before.Failed + 3 && after.Failed < after.Ended, $"{before}, {after}: {metric}");
        Assert.Equal(0, metric.CountOf("TaskGrain", nameof(ITaskGrain.Begin), failed: true));
        Assert.True(after.Ended >= before.Ended + 5, $"{before}, {after}");
        Assert.Equal(3, metric.CountOf("HostGrain", nameof(IHostGrain.QueueLength), failed: true));
        Assert.True(metric.CountOf("TaskGrain", nameof(ITaskGrain.Begin), failed: false) > 0);
        await silos.UntilAsync(
            async () => await silos.Store.ReadLiveAsync() is [{ Calls: { } told }] && told.Ended >= after.Ended && told.Failed >= after.Failed,
            "the lease's row tells of them");
    }

    /// <summary>What Orleans asks of grains by itself passes through a filter, too: it is no call of ours.</summary>
    [Fact]
    public async Task Calls_OfOrleans_AreNotCounted()
    {
        using var metric = new CallMetric();
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions
        {
            Recovery = o => (o.UseReminder, o.ReminderPeriod, o.MinimumReminderPeriod) = (true, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)),
        });
        await silos.UntilAsync(() => silos.CallTrace.Calls.Any(c => c.Method == nameof(IRemindable.ReceiveReminder)), "a reminder has ticked");
        await silos.CreateServerAsync(silos.Silos[0]);

        Assert.NotEmpty(metric.Grains);
        Assert.Empty(metric.Grains.Except(["HostGrain", "InstanceGrain", "ProjectGrain", "RecoveryGrain", "RetentionGrain", "TaskGrain"]));
        Assert.Equal(0, metric.CountOf("RecoveryGrain", nameof(IRemindable.ReceiveReminder), failed: false));
    }

    private sealed class FailNoSuchHost : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) =>
            context.TargetId.Key.ToString() == "no-such-host" ? throw new InvalidOperationException("Not today.") : context.Invoke();
    }

    /// <summary>The metric, as a listener hears it.</summary>
    private sealed class CallMetric : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<(string Grain, string Method, bool Failed), int> _counts = new();

        public CallMetric()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "instancetasks.grain.call.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((_, seconds, tags, _) =>
            {
                Assert.InRange(seconds, 0, 60);
                _counts.AddOrUpdate(((string)tags[0].Value!, (string)tags[1].Value!, (bool)tags[2].Value!), 1, (_, n) => n + 1);
            });
            _listener.Start();
        }

        public IEnumerable<string> Grains => _counts.Keys.Select(k => k.Grain).Distinct();

        public override string ToString() => string.Join(", ", _counts.Where(c => c.Key.Failed));

        public int CountOf(string grain, string method, bool failed) => _counts.GetValueOrDefault((grain, method, failed));

        public void Dispose() => _listener.Dispose();
    }
}
