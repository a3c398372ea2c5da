using InstanceTasks.Hypervisors.Simulated;
using InstanceTasks.Hypervisors.Tests.Conformance;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

public sealed class SimulatedWorldTests : IAsyncLifetime
{
    private SimulatedSubject subject = null!;

    private SimulatedWorld World => subject.World;

    public async Task InitializeAsync() => subject = await SimulatedSubject.OpenAsync();

    public async Task DisposeAsync() => await subject.DisposeAsync();

    [Fact]
    public async Task Effects_RepeatsAndRefusals_AreCountedPerKeyAndStamp()
    {
        var m = subject.NewMachine();
        await m.RunAsync(Verb.PrepareDisk, Machine.Of(1), "disk");
        await m.RunAsync(Verb.PrepareDisk, Machine.Of(1), "disk");
        await m.RunAsync(Verb.PrepareDisk, Machine.Of(2), "disk");
        await m.RunAsync(Verb.Define, Machine.Of(2), "define");
        for (var i = 0; i < 3; i++)
        {
            await Assert.ThrowsAsync<StaleStampException>(() => m.RunAsync(Verb.Start, Machine.Of(1), "start"));
        }

        var disk = m.Key("disk").ToString();
        Assert.Equal(
            [
                new(m.Key("define").ToString(), Machine.Of(2), subject.Host, m.Id, Verb.Define, 1, 1),
                new(disk, Machine.Of(1), subject.Host, m.Id, Verb.PrepareDisk, 2, 1),
                new(disk, Machine.Of(2), subject.Host, m.Id, Verb.PrepareDisk, 1, 0),
            ],
            await World.ReadEffectsAsync());
        Assert.Equal(
            [new(m.Key("start").ToString(), Machine.Of(1), subject.Host, m.Id, Verb.Start, 3)], await World.ReadRefusalsAsync());
        Assert.Equal(
            [SimulatedOperationState.Done, SimulatedOperationState.Done, SimulatedOperationState.Done, SimulatedOperationState.Done,
             SimulatedOperationState.Refused, SimulatedOperationState.Refused, SimulatedOperationState.Refused],
            (await World.ReadOperationsAsync()).Select(o => o.State));
    }

    [Fact]
    public async Task ReadMachines_AfterBoots_TellsWhatWasMade()
    {
        var m = await subject.NewMachine().RunningAsync();
        await m.RunAsync(Verb.Start);
        await m.RunAsync(Verb.Reboot);
        await m.RunAsync(Verb.Reset);
        Assert.Equal(
            new SimulatedMachine(subject.Host, m.Id, true, true, PowerState.Running, "vm", "cirros", new Resources(1, 512, 1), 3),
            Assert.Single(await World.ReadMachinesAsync()));
    }

    [Fact]
    public async Task ReadStamps_OperationAndFence_TellsBoth()
    {
        var m = subject.NewMachine();
        await m.RunAsync(Verb.PrepareDisk, new Stamp(3, 5_000_000_000, 7, 11));
        await m.FenceAsync(new Stamp(4, 1, 1, 1));
        Assert.Equal(
            new SimulatedStamps(subject.Host, m.Id, new Stamp(3, 5_000_000_000, 7, 11), new Stamp(4, 1, 1, 1)), Assert.Single(await World.ReadStampsAsync()));
    }

    [Fact]
    public async Task Latency_TheMostSpecificWins()
    {
        using var driver = subject.OpenDriver(o =>
        {
            o.DefaultLatency = TimeSpan.FromHours(1);
            o.Latencies[Verb.Define] = TimeSpan.FromHours(2);
        });
        await AssertTakesAsync(driver, Verb.PrepareDisk, 1);
        await AssertTakesAsync(driver, Verb.Define, 2);
        await World.SetLatencyAsync(null, null, TimeSpan.FromHours(3));
        await AssertTakesAsync(driver, Verb.Define, 3);
        await World.SetLatencyAsync(null, subject.Host, TimeSpan.FromHours(4));
        await AssertTakesAsync(driver, Verb.Define, 4);
        await World.SetLatencyAsync(Verb.Define, null, TimeSpan.FromHours(5));
        await AssertTakesAsync(driver, Verb.Define, 5);
        await World.SetLatencyAsync(Verb.Define, subject.Host, TimeSpan.FromHours(6));
        await AssertTakesAsync(driver, Verb.Define, 6);
        await World.SetLatencyAsync(Verb.Define, subject.Host, TimeSpan.FromHours(7));
        await AssertTakesAsync(driver, Verb.Define, 7);
        await World.ClearLatenciesAsync();
        await AssertTakesAsync(driver, Verb.Define, 2);
    }

    [Fact]
    public async Task Latency_ShortAndReal_EndsByItselfAndNotBefore()
    {
        await World.SetLatencyAsync(Verb.PrepareDisk, null, TimeSpan.FromMilliseconds(40));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => subject.NewMachine().RunAsync(Verb.PrepareDisk))).Soon();
        var operations = await World.ReadOperationsAsync();
        Assert.Equal(50, operations.Count);
        Assert.All(operations, o => Assert.Equal(TimeSpan.FromMilliseconds(40), o.EndsAt - o.BegunAt));
        Assert.All(operations, o => Assert.True(o.EndedAt >= o.EndsAt));
    }

    [Fact]
    public async Task SetReachable_CutOff_FailsRetryablyAndOperationsGoOn()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(1));
        var start = m.RunAsync(Verb.Start);
        await Eventually.IsTrueAsync(async () => (await World.ReadOperationsAsync())[^1].Verb == Verb.Start, "the start has begun");
        await World.SetReachableAsync(subject.Host, false);

        foreach (var call in new Func<Task>[] { () => m.RunAsync(Verb.PowerOff), () => m.ViewAsync(), () => m.ObserveAsync("x"), () => m.FenceAsync(Machine.Of(99)) })
        {
            Assert.True((await Assert.ThrowsAsync<HypervisorException>(call)).Failure.Retryable);
        }

        Assert.DoesNotContain(await subject.Driver.ReadHostsAsync(), h => h.Host == subject.Host);
        await World.MoveClockAsync(TimeSpan.FromHours(1));
        await start.Soon();
        await World.SetReachableAsync(subject.Host, true);
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        await m.RunAsync(Verb.PowerOff, Machine.Of(98));
    }

    [Fact]
    public async Task SetPowerAndRemove_BehindTheDriver_AreSeenByIt()
    {
        var m = await subject.NewMachine().RunningAsync();
        await World.SetPowerAsync(subject.Host, m.Id, PowerState.Crashed);
        Assert.Equal(PowerState.Crashed, await m.PowerAsync());
        Assert.False((await m.ObserveAsync(nameof(Verb.Start))).Happened);
        await World.RemoveMachineAsync(subject.Host, m.Id);
        Assert.Null(await m.ViewAsync());
        await Assert.ThrowsAsync<KeyNotFoundException>(() => World.RemoveMachineAsync(subject.Host, m.Id));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => World.SetPowerAsync(subject.Host, m.Id, PowerState.Running));
        await Assert.ThrowsAsync<KeyNotFoundException>(() => World.SetReachableAsync(new HostName("none"), true));
    }

    [Fact]
    public async Task MoveClock_Forward_MovesItForEveryUser()
    {
        using var other = await SimulatedWorld.OpenAsync(subject.WorldFile);
        var before = await other.ReadClockAsync();
        await World.MoveClockAsync(TimeSpan.FromDays(10));
        Assert.True(await other.ReadClockAsync() >= before + TimeSpan.FromDays(10));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => World.MoveClockAsync(TimeSpan.FromSeconds(-1)));
    }

    [Fact]
    public async Task Create_ManyAtOnce_AllSeeOneWorldWithItsHosts()
    {
        var path = Path.Combine(Path.GetDirectoryName(subject.WorldFile)!, "new", "world.db");
        var worlds = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => SimulatedWorld.CreateAsync(path)))).Soon();
        foreach (var world in worlds)
        {
            world.Dispose();
        }

        using var driver = new SimulatedHypervisor(new SimulatedHypervisorOptions { WorldFile = path });
        Assert.Equal(SimulatedWorld.DefaultHosts, await driver.ReadHostsAsync());
    }

    [Fact]
    public void DefaultHosts_Together_HaveRoomForAThousandTiny() =>
        Assert.True(SimulatedWorld.DefaultHosts.Sum(h => Math.Min(h.Capacity.Vcpus, Math.Min(h.Capacity.MemoryMb / 512, h.Capacity.DiskGb))) >= 1000);

    [Fact]
    public async Task SetPassword_Guest_KeepsAHashAndTheWorldNoPlainText()
    {
        var m = await subject.NewMachine().RunningAsync();
        await subject.Driver.SetPasswordAsync(new VerbCall(subject.Host, m.Spec, m.Key("set"), Machine.Of(99)) { Password = new Secret("open sesame") }, default);

        var machine = Assert.Single(await World.ReadMachinesAsync());
        Assert.True(machine.HasPassword("open sesame"));
        Assert.False(machine.HasPassword("open"));
    }

    [Theory]
    [InlineData(false, "first")]
    [InlineData(true, "second")]
    public async Task SetDiskAside_AnotherTaskLeftADisk_TheOneLastWorkedWithIsKept(bool ran, string kept)
    {
        var (one, two) = (subject.NewMachine(), TaskId.New());
        await DoAsync(one, one.Task, "first", Verb.PrepareDisk, Verb.Define, Verb.SetDiskAside);
        await DoAsync(one, one.Task, "second", ran ? [Verb.PrepareDisk, Verb.Start, Verb.PowerOff] : [Verb.PrepareDisk]);

        await DoAsync(one, two, "third", Verb.SetDiskAside, Verb.PrepareDisk, Verb.RestoreDisk);

        var machine = Assert.Single(await World.ReadMachinesAsync());
        Assert.Equal((true, kept), (machine.HasDisk, machine.ImageId));
        Assert.True(machine.HasPassword(kept));
    }

    [Fact]
    public async Task SetAsideAndPutBack_EachKeepsWhatItTakes()
    {
        var m = await subject.NewMachine().DefinedAsync();
        var (small, large) = (m.Spec.Resources, new Resources(4, 4096, 40));

        await m.RunAsync(Verb.SetAside);
        m.Resources = large;
        await m.RunAsync(Verb.CopyDisk);
        await m.RunAsync(Verb.Define);
        await m.RunAsync(Verb.Start);
        Assert.Equal((large, small), await TakesAsync());
        await m.RunAsync(Verb.PowerOff);
        await m.RunAsync(Verb.PutBack);
        Assert.Equal((small, null), await TakesAsync());
        await m.RunAsync(Verb.Start);
        Assert.Equal((small, null), await TakesAsync());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Open_WorldOfAnEarlierVersion_IsUpgraded(int version)
    {
        await subject.NewMachine().DefinedAsync();
        (int Since, string Table, string[] Columns)[] added =
        [
            (2, "machines", ["rescue", "password"]),
            (2, "operations", ["password"]),
            (3, "machines", ["aside", "aside_vcpus", "aside_memory_mb", "aside_disk_gb"]),
            (4, "machines", ["old_disk", "old_image", "old_password"]),
            (5, "machines", ["ran_since"]),
            (6, "machines", ["console"]),
        ];
        foreach (var (_, table, columns) in added.Where(a => a.Since > version))
        {
            Array.ForEach(columns, column => Execute($"ALTER TABLE {table} DROP COLUMN {column}"));
        }

        Execute($"PRAGMA user_version = {version}");

        using var world = await SimulatedWorld.OpenAsync(subject.WorldFile);

        var machine = Assert.Single(await world.ReadMachinesAsync());
        Assert.False(machine.Rescue);
        Assert.Equal("", await subject.OpenDriver().ReadConsoleAsync(machine.Host, machine.Machine));
    }

    [Fact]
    public async Task Open_NoFileOrAnotherVersion_SaysSo()
    {
        await Assert.ThrowsAsync<FileNotFoundException>(() => SimulatedWorld.OpenAsync(subject.WorldFile + ".none"));
        Execute("PRAGMA user_version = 99");
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => SimulatedWorld.OpenAsync(subject.WorldFile));
        Assert.Contains("version 99", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verb_FileDoesNotAnswer_FailsRetryably()
    {
        var m = subject.NewMachine();
        Execute("DROP TABLE stamps");
        var e = await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.PrepareDisk));
        Assert.True(e.Failure.Retryable);
        Assert.Contains("stamps", e.Failure.Details, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RunAsync_OneOfABatchThrows_FailsAloneAndTheOthersAreCommitted()
    {
        using var file = WorldFile.Open(subject.WorldFile, create: false, TimeProvider.System, NullLogger.Instance);
        using var gate = new ManualResetEventSlim();
        var first = file.RunAsync(_ => gate.Wait(Eventually.Deadline));
        var before = file.RunAsync(s => Move(s, 1));
        var poison = file.RunAsync<bool>(s => Move(s, 1000) ? throw new InvalidDataException("poison") : true);
        var after = file.RunAsync(s => Move(s, 10));
        gate.Set();

        Assert.True(await first.Soon());
        await Assert.ThrowsAsync<InvalidDataException>(() => poison.Soon());
        await Task.WhenAll(before, after).Soon();
        Assert.Equal(11L, Execute("SELECT offset_ms FROM clock"));
    }

    [Fact]
    public async Task Services_Added_GiveADriverOnTheWorld()
    {
        var services = new ServiceCollection().AddLogging().AddSimulatedHypervisor(o => o.WorldFile = subject.WorldFile);
        await using var provider = services.BuildServiceProvider();
        var driver = provider.GetRequiredService<IHypervisor>();
        Assert.Same(driver, provider.GetRequiredService<IHypervisor>());
        Assert.Equal(4, (await driver.ReadHostsAsync()).Count);
        Assert.Equal("simulated", driver.Name);
    }

    [Fact]
    public void Services_WrongOptions_AreRefusedAndNamed()
    {
        var services = new ServiceCollection().AddLogging().AddSimulatedHypervisor(o =>
        {
            o.DefaultLatency = TimeSpan.FromSeconds(-1);
            o.Hosts = [new() { Name = "a" }, new() { Name = "a" }, new() { Name = "b", Vcpus = 0 }];
        });
        using var provider = services.BuildServiceProvider();
        var e = Assert.Throws<OptionsValidationException>(provider.GetRequiredService<IHypervisor>);
        Assert.Equal(4, e.Failures.Count());
    }

    [Fact]
    public async Task Hosts_FromOptions_AreMadeOnceAndKept()
    {
        var path = Path.Combine(Path.GetDirectoryName(subject.WorldFile)!, "other.db");
        using (var driver = new SimulatedHypervisor(new SimulatedHypervisorOptions { WorldFile = path, Hosts = [new() { Name = "a", Zone = "z", Vcpus = 2 }] }))
        {
            Assert.Equal([new HostDescription(new HostName("a"), "z", new Resources(2, 131072, 4000))], await driver.ReadHostsAsync());
        }

        using var again = new SimulatedHypervisor(new SimulatedHypervisorOptions { WorldFile = path, Hosts = [new() { Name = "a", Vcpus = 9 }] });
        Assert.Equal(2, Assert.Single(await again.ReadHostsAsync()).Capacity.Vcpus);
    }

    private async Task<(Resources, Resources?)> TakesAsync()
    {
        var machine = Assert.Single(await World.ReadMachinesAsync());
        return (machine.Resources, machine.Aside);
    }

    /// <summary>The image is the password in its guest, too, so that each of the two shows which disk it is.</summary>
    private async Task DoAsync(Machine machine, TaskId task, string image, params Verb[] verbs)
    {
        foreach (var verb in verbs)
        {
            var key = new VerbKey(task, $"{verb} {image}", Direction.Do);
            await machine.RunAsync(verb, new VerbCall(subject.Host, machine.Spec with { ImageId = image }, key, machine.Next()) { Password = new Secret(image) });
        }
    }

    private static bool Move(WorldSession session, long by)
    {
        session.MoveClock(by);
        return true;
    }

    private async Task AssertTakesAsync(IHypervisor driver, Verb verb, int hours)
    {
        using var abort = new CancellationTokenSource();
        var before = (await World.ReadOperationsAsync()).Count;
        var run = subject.NewMachine(driver).RunAsync(verb, abort.Token);
        await Eventually.IsTrueAsync(async () => (await World.ReadOperationsAsync()).Count > before, "it has begun");
        var operation = (await World.ReadOperationsAsync())[^1];
        Assert.Equal(TimeSpan.FromHours(hours), operation.EndsAt - operation.BegunAt);
        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.Soon());
    }

    private object? Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={subject.WorldFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
