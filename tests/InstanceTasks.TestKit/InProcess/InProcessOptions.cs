using System.Globalization;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>How a test wants its silos. Everything is short, so that a lease lapses and a time-out passes within a test.</summary>
public sealed class InProcessOptions
{
    /// <summary>
    /// Silos at the start; more can be started later. A test that says nothing must pass on any number: it runs on one, or on as many as
    /// <c>INSTANCETASKS_SILOS</c> says. One that says one has the trait <c>Silos=1</c>, so that a run on more can leave it out.
    /// </summary>
    public short Silos { get; init; } = DefaultSilos;

    /// <summary>How long a grain call waits for its answer. Default 3 s: longer than a poll is held.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Changes the leases: 1.5 s, renewed every 300 ms; a silo without the store does not end itself.</summary>
    public Action<LeaseOptions>? Lease { get; init; }

    /// <summary>Changes the workers: polls of 500 ms, graces of 600 ms.</summary>
    public Action<WorkerOptions>? Workers { get; init; }

    /// <summary>Changes the limits: none.</summary>
    public Action<LimitOptions>? Limits { get; init; }

    /// <summary>Changes admission: as in production.</summary>
    public Action<AdmissionOptions>? Admission { get; init; }

    /// <summary>Changes recovery: every trigger but the reminder.</summary>
    public Action<RecoveryOptions>? Recovery { get; init; }

    /// <summary>Changes retention: off, with an archive in the data directory.</summary>
    public Action<RetentionOptions>? Retention { get; init; }

    /// <summary>Puts something between a silo's gate and its driver; the first argument is the silo's name.</summary>
    public Func<string, IHypervisor, SimulatedWorld, IHypervisor>? WrapDriver { get; init; }

    /// <summary>Further incoming call filters, outside of the trace's: what they answer is what callers get.</summary>
    public IReadOnlyList<IIncomingGrainCallFilter> Filters { get; init; } = [];

    /// <summary>Opens the store, for a data directory; null: SQLite in that directory.</summary>
    public Func<string, Task<IInstanceTasksStore>>? OpenStore { get; init; }

    /// <summary>The hosts of the world: one.</summary>
    public IReadOnlyList<SimulatedHostOptions> Hosts { get; init; } = [new() { Name = InProcessSilos.Host.Value }];

    /// <summary>Puts something between a silo's way to the store and the journal; the first argument is the silo's name.</summary>
    public Func<string, IJournal, IJournal>? WrapJournal { get; init; }

    /// <summary>Puts something between a silo's actors and what carries their messages; the first argument is the silo's name.</summary>
    public Func<string, IPeers, IPeers>? WrapPeers { get; init; }

    /// <summary>What of the silos' log is kept, to explain a failure: everything.</summary>
    public LogLevel LogFrom { get; init; } = LogLevel.Debug;

    /// <summary>Silos of a test that says nothing.</summary>
    public static short DefaultSilos { get; } = ParseSilos(Environment.GetEnvironmentVariable("INSTANCETASKS_SILOS"));

    /// <summary>What the variable says; a run with a wrong one must not pass as one with the right one.</summary>
    public static short ParseSilos(string? text) => text switch
    {
        null or "" => 1,
        _ when short.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var silos) && silos is >= 1 and <= 9 => silos,
        _ => throw new InvalidOperationException($"INSTANCETASKS_SILOS is '{text}'; it can be 1 to 9."),
    };

    internal static void Shorten(LeaseOptions lease)
    {
        lease.Length = TimeSpan.FromMilliseconds(1500);
        lease.RenewEvery = TimeSpan.FromMilliseconds(300);
        lease.Margin = TimeSpan.FromMilliseconds(300);
        lease.GiveUpAfter = TimeSpan.Zero;
    }

    internal static void Shorten(WorkerOptions workers)
    {
        workers.PollWait = TimeSpan.FromMilliseconds(500);
        workers.AbortGrace = TimeSpan.FromMilliseconds(600);
        workers.StopGrace = TimeSpan.FromMilliseconds(600);
    }

    internal static void Shorten(RecoveryOptions recovery)
    {
        recovery.UseReminder = false;
        recovery.LongestSleep = TimeSpan.FromSeconds(1);
    }
}
