using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;

namespace InstanceTasks.Grains.Tests.Recovery;

/// <summary>Alone: the metrics are the process's, and what another test's silos look for would be counted here.</summary>
[CollectionDefinition("recovery", DisableParallelization = true)]
public sealed class RecoveryCollection;

/// <summary>From one silo to another: with more of them the survivors would look for causes of their own, and none is the sole owner.</summary>
[Collection("recovery"), Trait("Silos", "1")]
public sealed class RecoveryTests
{
    [Fact]
    public async Task Reminder_Alone_FinishesWhatAKilledSiloLeft()
    {
        using var looks = new Looks();
        await using var silos = await StartAsync(o => (o.UseReminder, o.ReminderPeriod, o.MinimumReminderPeriod) = (true, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2)));

        var task = await InterruptAsync(silos, restart: true);

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal(["reminder"], looks.Causes);
        var ticks = silos.CallTrace.Calls.Where(c => c.Silo == silos.Silos[1].Name && c.Method == nameof(IRemindable.ReceiveReminder)).ToList();
        Assert.NotEmpty(ticks);

        // The reminder service is no grain: it has no name, or a system target's.
        Assert.All(ticks, t => Assert.True((t.Source is null || t.Source.StartsWith("sys.", StringComparison.Ordinal)) && t.Grain.Contains("r-", StringComparison.Ordinal), t.ToString()));
        Assert.DoesNotContain(silos.CallTrace.Calls, c => c.Silo == silos.Silos[1].Name && c.Method == nameof(IRecoveryGrain.Nudge));
        await AssertCleanAsync(silos);
    }

    [Fact]
    public async Task Start_Alone_FinishesWhatAKilledSiloLeft()
    {
        using var looks = new Looks();
        await using var silos = await StartAsync(o => o.OnStart = true);

        var task = await InterruptAsync(silos, restart: true);

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal(["start"], looks.Causes);
        await AssertCleanAsync(silos);
    }

    [Fact]
    public async Task DueTime_Alone_FinishesWhatAKilledSiloLeft()
    {
        using var looks = new Looks();
        await using var silos = await StartAsync(o => o.WhenDue = true);

        var task = await InterruptAsync(silos, restart: true);

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal(["due"], looks.Causes);
        await AssertCleanAsync(silos);
    }

    [Fact]
    public async Task LeaseEnd_Alone_FinishesOnTheOtherSilo()
    {
        using var looks = new Looks();
        await using var silos = await StartAsync(o => o.OnLeaseEnd = true, soleOwner: false);

        var task = await InterruptAsync(silos, restart: false);

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal(["a lease ended"], looks.Causes);
        await AssertCleanAsync(silos);
    }

    // The shards are where the first silo has activated them. When its lease ended while it was still there, without its store, it took the call that was to make them look, and nobody called again.
    [Fact]
    public async Task LeaseEnd_WhileTheShardsAreStillOnThatSilo_IsNotForgotten()
    {
        using var looks = new Looks();
        await using var silos = await StartAsync(o => o.OnLeaseEnd = true, soleOwner: false);

        var task = await InterruptAsync(silos, restart: false, async silo =>
        {
            silo.Store.Cut();
            await silos.UntilAsync(() => silos.Log.Contains("could not be asked to look", StringComparison.Ordinal), "a shard has been asked in vain");
        });

        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Equal(["a lease ended"], looks.Causes);
    }

    [Fact]
    public async Task NoTrigger_ThatWouldFindIt_LeavesTheTaskWhereItIs()
    {
        using var looks = new Looks();

        // A reminder an hour away is a trigger, and does not come within the test: the others do not look in secret.
        await using var silos = await StartAsync(o => (o.UseReminder, o.ReminderPeriod) = (true, TimeSpan.FromHours(1)));

        var task = await InterruptAsync(silos, restart: true);

        // As long as the slowest trigger of the other tests takes.
        var from = DateTimeOffset.UtcNow;
        await silos.UntilAsync(() => DateTimeOffset.UtcNow - from > TimeSpan.FromSeconds(3), "three seconds have passed");
        Assert.Equal("running", (await silos.Store.GetTaskAsync(task))!.State);
        Assert.Empty(looks.Causes);
    }

    private static Task<InProcessSilos> StartAsync(Action<RecoveryOptions> on, bool soleOwner = true) => InProcessSilos.StartAsync(new InProcessOptions
    {
        Silos = 1,
        Lease = o => o.SoleOwner = soleOwner,
        Recovery = o =>
        {
            (o.UseReminder, o.OnStart, o.WhenDue, o.OnLeaseEnd) = (false, false, false, false);
            on(o);
        },
    });

    /// <summary>A silo is killed while its runner is at a verb; another one is there or comes.</summary>
    private static async Task<TaskId> InterruptAsync(InProcessSilos silos, bool restart, Func<InProcessSilo, Task>? before = null)
    {
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var held = silo.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var task = await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine);
        await silos.WaitAsync(held.Reached, "the verb is held");
        if (!restart)
        {
            await silos.StartSiloAsync();
        }

        await (before?.Invoke(silo) ?? Task.CompletedTask);
        await silos.KillAsync(silo);
        if (restart)
        {
            await silos.StartSiloAsync();
        }

        return task;
    }

    private static async Task AssertCleanAsync(InProcessSilos silos)
    {
        Assert.Empty(await silos.FindViolationsAsync());
        Assert.Equal(2, Assert.Single(await silos.World.ReadMachinesAsync()).Boots);
        silos.Audit();
    }

    /// <summary>The causes of recovery's looks, by its own metric.</summary>
    private sealed class Looks : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<string, bool> _causes = new();

        public Looks()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "instancetasks.recovery.looks")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => _causes[(string)tags[0].Value!] = true);
            _listener.Start();
        }

        public IEnumerable<string> Causes => _causes.Keys.Order();

        public void Dispose() => _listener.Dispose();
    }
}
