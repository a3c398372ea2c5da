using System.Text.RegularExpressions;
using InstanceTasks.Hypervisors.Simulated;
using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests.Simulated;

/// <summary>What simulated guests write, and what of it is kept.</summary>
public sealed class GuestConsoleTests : IAsyncLifetime
{
    private SimulatedSubject subject = null!;

    public async Task InitializeAsync() => subject = await SimulatedSubject.OpenAsync();

    public async Task DisposeAsync() => await subject.DisposeAsync();

    [Fact]
    public async Task Console_AfterAWholeLife_SaysWhatTheGuestSawInOrder()
    {
        var m = await subject.NewMachine().RunningAsync();
        foreach (var verb in new[] { Verb.Pause, Verb.Unpause, Verb.Suspend, Verb.Resume, Verb.SetPassword, Verb.Reboot, Verb.Shutdown, Verb.Start, Verb.PowerOff, Verb.StartRescue, Verb.Reset })
        {
            await m.RunAsync(verb);
        }

        var log = await LogAsync(m);
        var events = Regex.Matches(log, @"^\[.*Z\] (?<what>.*)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)).Select(e => e.Groups["what"].Value);
        Assert.Equal(
            [
                "Simulated guest, start 1", "The system is going down for reboot", "Simulated guest, start 2", "The system is going down for power off", "Simulated guest, start 3",
                "Simulated guest, start 4 (rescue)", "Simulated guest, start 5",
            ],
            events);
        Assert.EndsWith($"\n{m.Id} login: ", log, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(log, "rescue disk", RegexOptions.None, TimeSpan.FromSeconds(1)));
    }

    /// <summary>Tempest asks for the last 10 lines after one start, and for more than that without a limit.</summary>
    [Fact]
    public async Task Console_AfterOneStart_HasMoreThanTenLines()
    {
        var log = await LogAsync(await subject.NewMachine().RunningAsync());

        Assert.InRange(log.Split('\n').Length, 11, 20);
        Assert.Equal(10, ConsoleTail.Of(log, 10).Split('\n').Length);
        Assert.StartsWith("[2", log, StringComparison.Ordinal);
        Assert.All(log, c => Assert.True(c is '\n' or (>= ' ' and <= '~')));
    }

    [Fact]
    public async Task Console_AVerbThatFoundItsStateThere_SaysNothing()
    {
        var m = await subject.NewMachine().RunningAsync();
        var log = await LogAsync(m);

        await m.RunAsync(Verb.Start);

        Assert.Equal(log, await LogAsync(m));
    }

    [Fact]
    public async Task Console_OfAnOperationThatFailedOrIsUnderWay_SaysNothing()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await subject.World.AddFaultAsync(new SimulatedFault { Action = SimulatedFaultAction.Fail, Verb = Verb.Start });

        await Assert.ThrowsAsync<HypervisorException>(() => m.RunAsync(Verb.Start));

        Assert.Equal("", await LogAsync(m));
    }

    [Fact]
    public async Task Console_FoundLongAfterItsTime_SaysWhenItWas()
    {
        var m = await subject.NewMachine().DefinedAsync();
        await subject.World.SetLatencyAsync(Verb.Start, null, TimeSpan.FromMinutes(1));
        var begun = await subject.World.ReadClockAsync();
        var start = m.RunAsync(Verb.Start);
        await Eventually.IsTrueAsync(async () => (await subject.World.ReadOperationsAsync())[^1] is { Verb: Verb.Start }, "it is under way");

        await subject.World.MoveClockAsync(TimeSpan.FromHours(1));

        await start;
        var at = DateTimeOffset.Parse((await LogAsync(m))[1..25], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(at - begun, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5));
    }

    [Fact]
    public async Task Console_AfterManyStarts_KeepsTheNewestWholeLines()
    {
        var m = await subject.NewMachine().RunningAsync();
        for (var i = 0; i < 40; i++)
        {
            await m.RunAsync(Verb.Reset);
        }

        var log = await LogAsync(m);

        Assert.InRange(log.Length, GuestConsole.Kept - 200, GuestConsole.Kept);
        Assert.Contains("Simulated guest, start 41\n", log, StringComparison.Ordinal);
        Assert.DoesNotContain("start 1\n", log, StringComparison.Ordinal);
        // The first line is one that a guest writes, from its beginning.
        Assert.Matches(@"^(\[.*|Welcome .*|.* login: |)$", log.Split('\n')[0]);
    }

    [Fact]
    public async Task Console_OfAMachineWithAPasswordAndAName_HasNeither()
    {
        var m = subject.NewMachine();
        var secret = new VerbCall(subject.Host, m.Spec with { Name = "my-name" }, m.Key("disk"), m.Next()) { Password = new("open sesame") };
        await m.RunAsync(Verb.PrepareDisk, secret);
        await m.RunAsync(Verb.Define, secret with { Key = m.Key("define"), Stamp = m.Next() });
        await m.RunAsync(Verb.Start, secret with { Key = m.Key("start"), Stamp = m.Next() });
        await m.RunAsync(Verb.SetPassword, secret with { Key = m.Key("password"), Stamp = m.Next() });

        var log = await LogAsync(m);

        Assert.NotEqual("", log);
        Assert.DoesNotContain("sesame", log, StringComparison.Ordinal);
        Assert.DoesNotContain("my-name", log, StringComparison.Ordinal);
        Assert.DoesNotContain(Assert.Single(await subject.World.ReadMachinesAsync()).PasswordHash!, log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadConsole_OneThatWasSetAside_IsNotThereUntilAnotherIsMade()
    {
        var m = await subject.NewMachine().RunningAsync();
        await m.RunAsync(Verb.PowerOff);
        await m.RunAsync(Verb.SetAside);
        Assert.Null(await subject.Driver.ReadConsoleAsync(subject.Host, m.Id));

        await m.RunAsync(Verb.CopyDisk);

        Assert.Contains("start 1\n", await LogAsync(m), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadConsole_HostThatIsCutOff_IsUnreachable()
    {
        var m = await subject.NewMachine().RunningAsync();
        await subject.World.SetReachableAsync(subject.Host, reachable: false);

        var e = await Assert.ThrowsAsync<HypervisorException>(() => subject.Driver.ReadConsoleAsync(subject.Host, m.Id));

        Assert.Equal((FailureKinds.Unreachable, true), (e.Failure.Kind, e.Failure.Retryable));
    }

    private async Task<string> LogAsync(Machine machine) => await subject.Driver.ReadConsoleAsync(subject.Host, machine.Id) ?? throw new InvalidOperationException("There is no such machine.");
}
