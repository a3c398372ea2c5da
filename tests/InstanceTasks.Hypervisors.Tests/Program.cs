using System.Diagnostics;
using System.Globalization;
using InstanceTasks.Hypervisors.Tests.Conformance;

namespace InstanceTasks.Hypervisors.Tests;

/// <summary>The test assembly as a process of its own: something to kill, a second user of a world, and a measurement.</summary>
public static class Program
{
    public static Task Main(string[] args) => args switch
    {
        ["start", var file, var machine, var task] => StartAsync(file, machine, task),
        ["race", var file, var machine, var count, var seed] => RaceAsync(file, machine, Int(count), Int(seed)),
        ["bench", var file] => BenchAsync(file),
        _ => throw new ArgumentException("start FILE MACHINE TASK | race FILE MACHINE COUNT SEED | bench FILE"),
    };

    /// <summary>Calls Start and waits for it: for ever, if somebody kills this process.</summary>
    private static async Task StartAsync(string file, string machine, string task)
    {
        using var driver = Open(file);
        await driver.StartAsync(Call(machine, new VerbKey(new TaskId(Guid.Parse(task)), "start", Direction.Do), Machine.Of(100)), default);
    }

    /// <summary>Many calls at once with stamps in random order on one machine; refused ones are what the world is asked about.</summary>
    private static async Task RaceAsync(string file, string machine, int count, int seed)
    {
        using var driver = Open(file);
        await RaceAsync(driver, machine, count, seed);
    }

    internal static async Task<int> RaceAsync(SimulatedHypervisor driver, string machine, int count, int seed)
    {
        var turns = Enumerable.Range(1000, count).ToArray();
        new Random(seed).Shuffle(turns);
        var refused = 0;
        await Parallel.ForEachAsync(turns, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (turn, _) =>
        {
            var call = Call(machine, new VerbKey(TaskId.New(), $"turn-{turn}-{seed}", Direction.Do), Machine.Of(turn));
            try
            {
                await (turn % 2 == 0 ? driver.StartAsync(call, default) : driver.PowerOffAsync(call, default));
            }
            catch (StaleStampException)
            {
                Interlocked.Increment(ref refused);
            }
        });
        return refused;
    }

    private static async Task BenchAsync(string file)
    {
        using var driver = Open(file);
        foreach (var callers in new[] { 1, 8, 64, 1, 8, 64 })
        {
            var before = Process.GetCurrentProcess().TotalProcessorTime;
            var watch = Stopwatch.StartNew();
            var each = 20_000 / callers;
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => LifeAsync(driver, each))));
            var cpu = Process.GetCurrentProcess().TotalProcessorTime - before;
            var total = each * callers;
            Console.WriteLine($"{callers,3} callers: {total / watch.Elapsed.TotalSeconds,8:F0} verbs/s, {cpu.TotalMicroseconds / total,6:F0} us CPU per verb");
        }
    }

    /// <summary>Create and delete, again and again, until that many verbs were called.</summary>
    private static async Task LifeAsync(SimulatedHypervisor driver, int verbs)
    {
        Verb[] life = [Verb.PrepareDisk, Verb.Define, Verb.Start, Verb.PowerOff, Verb.Undefine, Verb.DeleteDisk];
        var machine = new Machine(driver, new HostName("sim-1"));
        for (var i = 0; i < verbs; i++)
        {
            machine = i % life.Length == 0 ? new Machine(driver, new HostName("sim-1")) : machine;
            await machine.RunAsync(life[i % life.Length]);
        }
    }

    private static SimulatedHypervisor Open(string file) => new(new SimulatedHypervisorOptions { WorldFile = file });

    private static VerbCall Call(string machine, VerbKey key, Stamp stamp) => new(
        new HostName("sim-1"),
        new MachineSpec { Instance = new InstanceId(Guid.Parse(machine)), Name = "vm", ImageId = "cirros", Resources = new Resources(1, 512, 1) },
        key,
        stamp);

    private static int Int(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
