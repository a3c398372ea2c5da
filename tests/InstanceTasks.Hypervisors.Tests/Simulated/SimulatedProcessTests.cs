using System.Diagnostics;
using System.Runtime.InteropServices;
using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

/// <summary>One world, several users: drivers in this process, and real processes, one of which is killed.</summary>
public sealed class SimulatedProcessTests : IAsyncLifetime
{
    private SimulatedSubject subject = null!;

    private SimulatedWorld World => subject.World;

    public async Task InitializeAsync() => subject = await SimulatedSubject.OpenAsync();

    public async Task DisposeAsync() => await subject.DisposeAsync();

    [Fact]
    public async Task Start_ProcessIsKilledMeanwhile_TheOperationEndsByTheClock()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(1));
        using var process = Run("start", subject.WorldFile, m.Id.ToString(), m.Task.ToString());
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is { State: SimulatedOperationState.Begun }, "the other process has begun");

        process.Kill();
        await process.WaitForExitAsync().Soon();
        Assert.Equal(137, process.ExitCode);

        Assert.Equal(process.Id, (await StartOfAsync(m))!.ProcessId);
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        await World.MoveClockAsync(TimeSpan.FromMinutes(59));
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        await World.MoveClockAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
        Assert.Equal(new Observation(true, true, null, PowerState.Running), await m.ObserveAsync("start"));
        Assert.Equal((1, 1), Assert.Single(await World.ReadEffectsAsync(), e => e.Verb == Verb.Start) is var e ? (e.Count, e.Changed) : default);
    }

    [Fact]
    public async Task Start_ProcessIsKilledMeanwhile_ObserveElsewhereWaitsForTheEnd()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(1));
        using var process = Run("start", subject.WorldFile, m.Id.ToString(), m.Task.ToString());
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is not null, "the other process has begun");
        process.Kill();
        await process.WaitForExitAsync().Soon();

        var observe = m.ObserveAsync("start");
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        Assert.False(observe.IsCompleted);
        await World.MoveClockAsync(TimeSpan.FromHours(1));
        Assert.True((await observe.Soon()).Happened);
    }

    [Fact]
    public async Task Fence_OperationOfAKilledProcess_IsAborted()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(1));
        using var process = Run("start", subject.WorldFile, m.Id.ToString(), m.Task.ToString());
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is not null, "the other process has begun");
        process.Kill();
        await process.WaitForExitAsync().Soon();

        await m.FenceAsync(Machine.Of(101)).Soon();
        await World.MoveClockAsync(TimeSpan.FromHours(2));
        Assert.Equal(PowerState.Shutdown, await m.PowerAsync());
        Assert.Equal(SimulatedOperationState.Aborted, (await StartOfAsync(m))!.State);
    }

    [Fact]
    public async Task Stamps_TwoDriversAndAnotherProcessRace_AreRefusedAtomically()
    {
        var m = await subject.NewMachine().DefinedAsync();
        using var process = Run("race", subject.WorldFile, m.Id.ToString(), "400", "3");
        await Eventually.IsTrueAsync(async () => (await World.ReadOperationsAsync()).Any(o => o.ProcessId == process.Id), "the other process races");
        using var second = subject.OpenDriver();

        var refused = await Task.WhenAll(
            Program.RaceAsync(subject.Driver, m.Id.ToString(), 400, 1),
            Program.RaceAsync(second, m.Id.ToString(), 400, 2)).Soon();
        await process.WaitForExitAsync().Soon();
        Assert.Equal(0, process.ExitCode);

        var operations = (await World.ReadOperationsAsync()).Where(o => o.Stamp >= Machine.Of(1000)).ToList();
        Assert.Equal(1200, operations.Count);
        Assert.Equal(3, operations.Select(o => o.Instance).Distinct().Count());
        AssertOrdered(operations);
        var refusals = await World.ReadRefusalsAsync();
        Assert.Equal(operations.Count(o => o.State == SimulatedOperationState.Refused), refusals.Sum(r => r.Count));
        Assert.Equal(refused.Sum(), operations.Count(o => o.State == SimulatedOperationState.Refused && o.ProcessId != process.Id));
        var accepted = operations.Where(o => o.State == SimulatedOperationState.Done).ToList();
        Assert.Equal(accepted.Select(o => o.Key.ToString()).Order(), (await World.ReadEffectsAsync()).Where(e => e.Stamp >= Machine.Of(1000)).Select(e => e.Key).Order());
        Assert.Equal(accepted[^1].Verb == Verb.Start ? PowerState.Running : PowerState.Shutdown, await m.PowerAsync());
    }

    [Fact]
    public async Task Fence_FromAnotherDriver_EndsTheOperationHere()
    {
        var m = await subject.NewMachine().RunningAsync();
        using var second = subject.OpenDriver();
        var hold = await subject.HoldAsync(Verb.Shutdown, abortable: true);
        var shutdown = m.RunAsync(Verb.Shutdown, Machine.Of(40));
        await hold.WaitUntilHeldAsync();

        await second.FenceAsync(subject.Host, m.Id, Machine.Of(41), default).Soon();

        await Assert.ThrowsAsync<StaleStampException>(() => shutdown.Soon());
    }

    [Fact]
    public async Task MoveClock_InAnotherUserOfTheWorld_EndsTheOperationHere()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromDays(9));
        var start = m.RunAsync(Verb.Start);
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is not null, "the start has begun");
        using var other = await SimulatedWorld.OpenAsync(subject.WorldFile);

        await other.MoveClockAsync(TimeSpan.FromDays(9));

        Assert.Equal(PowerState.Running, (await start.Soon()).Power);
    }

    [Fact]
    public async Task Dispose_OperationUnderWay_FailsTheCallAndTheOperationGoesOn()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(1));
        var second = subject.OpenDriver();
        var start = m.RunAsync(Verb.Start, Machine.Of(100), on: second);
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is not null, "the start has begun");

        second.Dispose();
        second.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => start.Soon());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => m.RunAsync(Verb.PowerOff, Machine.Of(101), on: second));
        await World.MoveClockAsync(TimeSpan.FromHours(1));
        Assert.Equal(PowerState.Running, await m.PowerAsync());
    }

    [Fact]
    public async Task Due_SeveralOnOneMachine_HappenInTheOrderOfTheirEnds()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromHours(2));
        await World.SetLatencyAsync(Verb.PowerOff, null, TimeSpan.FromHours(1));
        var start = m.RunAsync(Verb.Start);
        await Eventually.IsTrueAsync(async () => await StartOfAsync(m) is not null, "the start has begun");
        var off = m.RunAsync(Verb.PowerOff);
        await Eventually.IsTrueAsync(async () => (await World.ReadOperationsAsync())[^1].Verb == Verb.PowerOff, "the power-off has begun");

        await World.MoveClockAsync(TimeSpan.FromHours(3));

        Assert.Equal(PowerState.Shutdown, (await off.Soon()).Power);
        Assert.Equal(PowerState.Running, (await start.Soon()).Power);
        Assert.Equal(PowerState.Running, await m.PowerAsync());
    }

    private static void AssertOrdered(List<SimulatedOperation> operations)
    {
        var newest = default(Stamp);
        foreach (var operation in operations)
        {
            Assert.Equal(operation.Stamp < newest, operation.State == SimulatedOperationState.Refused);
            newest = operation.Stamp > newest ? operation.Stamp : newest;
        }
    }

    private static Process Run(params string[] arguments)
    {
        var dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        return Process.Start(new ProcessStartInfo(dotnet, ["exec", typeof(Program).Assembly.Location, .. arguments]))!;
    }

    private async Task<SimulatedOperation?> StartOfAsync(Machine m) =>
        (await World.ReadOperationsAsync()).SingleOrDefault(o => o.Machine == m.Id && o.Verb == Verb.Start);
}
