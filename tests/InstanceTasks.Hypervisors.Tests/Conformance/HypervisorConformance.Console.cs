namespace InstanceTasks.Hypervisors.Tests.Conformance;

/// <content>What guests write on their consoles.</content>
public abstract partial class HypervisorConformance
{
    [Fact]
    public async Task ReadConsole_NoSuchMachine_IsNull()
    {
        var m = NewMachine();
        Assert.Null(await ConsoleAsync(m));

        await m.DefinedAsync();
        Assert.Equal("", await ConsoleAsync(m));
        await m.RunAsync(Verb.Undefine);
        await m.RunAsync(Verb.DeleteDisk);

        Assert.Null(await ConsoleAsync(m));
    }

    [Theory]
    [InlineData(Verb.Start)]
    [InlineData(Verb.Reset)]
    [InlineData(Verb.Reboot)]
    [InlineData(Verb.StartRescue)]
    public async Task ReadConsole_EachStart_AddsToWhatWasThere(Verb verb)
    {
        var m = await (verb == Verb.Reboot ? NewMachine().RunningAsync() : NewMachine().DefinedAsync());
        var before = await ConsoleAsync(m);

        await m.RunAsync(verb);

        var after = await ConsoleAsync(m);
        Assert.StartsWith(before!, after, StringComparison.Ordinal);
        // A guest that has started says something at once, whichever it is.
        Assert.NotEqual(before, after);
    }

    [Fact]
    public async Task ReadConsole_OfAMachineThatIsOff_IsStillThere()
    {
        var m = await NewMachine().RunningAsync();
        var running = await ConsoleAsync(m);

        await m.RunAsync(Verb.PowerOff);

        Assert.StartsWith(running!, await ConsoleAsync(m), StringComparison.Ordinal);
        Assert.NotEqual("", running);
    }

    [Fact]
    public async Task ReadConsole_WhileAnOperationIsUnderWay_DoesNotWaitForIt()
    {
        var m = await NewMachine().RunningAsync();
        var hold = await Subject.HoldAsync(Verb.Reset, abortable: false);
        var reset = m.RunAsync(Verb.Reset);
        await hold.WaitUntilHeldAsync();

        Assert.NotEqual("", await ConsoleAsync(m));

        Assert.False(reset.IsCompleted);
        await hold.ReleaseAsync();
        await reset;
    }

    [Fact]
    public async Task ReadConsole_OfAMachineMadeAnew_IsItsOwn()
    {
        var m = await NewMachine().RunningAsync();
        await m.RunAsync(Verb.PowerOff);
        await m.RunAsync(Verb.Undefine);
        await m.RunAsync(Verb.DeleteDisk);

        await m.DefinedAsync();

        Assert.Equal("", await ConsoleAsync(m));
    }

    private Task<string?> ConsoleAsync(Machine machine) => Driver.ReadConsoleAsync(Subject.Host, machine.Id);
}
