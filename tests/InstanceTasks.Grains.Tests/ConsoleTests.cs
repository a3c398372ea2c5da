using System.Diagnostics;
using InstanceTasks.Engine;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.Grains.Tests;

/// <summary>A console from who asks to the hypervisor and back, through a real host's grain and its workers.</summary>
public sealed class ConsoleTests
{
    [Fact]
    public async Task Read_AfterACreateAndAReboot_SaysWhatTheGuestWroteAndWritesNothing()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions());
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        await silos.EndAsync(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine));
        var operations = (await silos.World.ReadOperationsAsync()).Count;

        var answer = await ReadAsync(silos, silo, machine);

        Assert.Equal(ConsoleVerdict.Read, answer.Verdict);
        Assert.Contains("start 1\n", answer.Output, StringComparison.Ordinal);
        Assert.Contains("start 2\n", answer.Output, StringComparison.Ordinal);
        Assert.Equal($"{machine} login: ", (await ReadAsync(silos, silo, machine, lines: 1)).Output);
        Assert.Equal(operations, (await silos.World.ReadOperationsAsync()).Count);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    [Fact]
    public async Task Read_NoSuchMachine_SaysSo()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions());

        Assert.Equal(ConsoleVerdict.NoMachine, (await ReadAsync(silos, silos.Silos[0], InstanceId.New())).Verdict);
    }

    [Fact]
    public async Task Read_ASiloWithoutWorkers_AsksOneThatHasThem()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 2 });
        var machine = await silos.CreateServerAsync(silos.Silos[0]);

        foreach (var silo in silos.Silos)
        {
            Assert.Equal(ConsoleVerdict.Read, (await ReadAsync(silos, silo, machine)).Verdict);
        }
    }

    [Fact]
    public async Task Read_NoWorkerReachesTheHost_SaysSoAtOnce()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Workers = o => o.Enabled = false });
        var began = Stopwatch.GetTimestamp();

        var answer = await ReadAsync(silos, silos.Silos[0], InstanceId.New());

        Assert.Equal(ConsoleAnswer.Unavailable("no worker reaches its host"), answer);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    /// <summary>A step that hangs has all the workers' room: the console is read all the same, and the step is not touched.</summary>
    [Fact, Trait("Silos", "1")]
    public async Task Read_WhileAVerbHangsAndTheWorkerIsFull_IsAnswered()
    {
        // Each silo brings a place at the host.
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Workers = o => o.PerHost = 1 });
        var silo = silos.Silos[0];
        var machine = await silos.CreateServerAsync(silo);
        var held = silo.World.Hold(HoldAt.BeforeWorld, (verb, _) => verb == Verb.Reset);
        var task = await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machine);
        await silos.WaitAsync(held.Reached, "the worker is full");

        Assert.Equal(ConsoleVerdict.Read, (await ReadAsync(silos, silo, machine)).Verdict);

        held.Release();
        Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        Assert.Empty(await silos.FindViolationsAsync());
        silos.Audit();
    }

    /// <summary>The activation that had the question is lost before the answer comes: the next one hears it anew, and who asked does not notice.</summary>
    [Fact]
    public async Task Read_TheHostsActivationIsLostInBetween_IsAnsweredByTheNext()
    {
        var lose = new LoseTheFirstAnswer();
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Filters = [lose] });
        var machine = await silos.CreateServerAsync(silos.Silos[0]);
        lose.Armed = true;

        var answer = await ReadAsync(silos, silos.Silos[0], machine);

        Assert.Equal(ConsoleVerdict.Read, answer.Verdict);
        Assert.False(lose.Armed);
        Assert.InRange(silos.CallTrace.Calls.Where(c => c.Method == nameof(IHostGrain.ReadConsole)).Select(c => c.Activation).Distinct().Count(), 2, 5);
    }

    [Fact]
    public async Task Read_TheSiloOfTheWorkerIsKilled_IsAnsweredByAnother()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 2 });
        var (asker, other) = (silos.Silos[0], silos.Silos[1]);
        var machine = await silos.CreateServerAsync(asker);
        await silos.KillAsync(other);

        // A grain on the silo that is gone is asked for in vain until the cluster knows; then somebody may have to ask again, as a client would.
        await silos.UntilAsync(async () => (await ReadAsync(silos, asker, machine)).Verdict == ConsoleVerdict.Read, "the survivor reads it");
    }

    private static Task<ConsoleAnswer> ReadAsync(InProcessSilos silos, InProcessSilo via, InstanceId machine, int? lines = null) =>
        silos.WaitAsync(new GrainConsoles(via.Grains, TimeProvider.System, NullLogger<GrainConsoles>.Instance).ReadAsync(InProcessSilos.Host, machine, lines), "the console is read");

    /// <summary>Ends the host's activation when the first answer comes, and drops that.</summary>
    private sealed class LoseTheFirstAnswer : IIncomingGrainCallFilter
    {
        public bool Armed { get; set; }

        public Task Invoke(IIncomingGrainCallContext context)
        {
            if (!Armed || context.MethodName != nameof(IHostGrain.AnswerConsole))
            {
                return context.Invoke();
            }

            Armed = false;
            context.TargetContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "lost"));
            context.Result = null!;
            return Task.CompletedTask;
        }
    }
}
