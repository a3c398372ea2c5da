using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// The kill test: load over HTTP, six times <c>kill -9</c> of the silo at moments at which much is under way, six restarts on the same data. Then
/// nothing that was accepted is lost or unfinished, and the store and the world agree.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class KillTests(ITestOutputHelper output) : IDisposable
{
    private const int Kills = 6;
    private const int Clients = 32;
    private const int MinUnfinished = 20;
    private const int MinInFlight = 8;
    private const int MinDifferentSteps = 7;

    // What the silo had sent before it stood still may still be committed by the database, and end a task.
    private const int Spare = 2;

    // Between two kills the load goes on long enough that the kills do not all hit the same moment of every client.
    private const int MinAccepted = 24;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _data = new("kill");
    private readonly LoadLedger _ledger = new();
    private readonly List<DateTimeOffset> _kills = [];
    private readonly Dictionary<string, int> _steps = [];
    private readonly List<string> _complaints = [];
    private readonly int _seed = Environment.TickCount;

    public void Dispose() => _data.Dispose();

    [Fact]
    public Task Kill_SixTimesUnderLoad_EveryTaskEndsAsAsked() => KillSixTimesAsync(new() { DataDirectory = _data.Path });

    [PostgresFact]
    public async Task Kill_SixTimesUnderLoadOnPostgres_EveryTaskEndsAsAsked()
    {
        using var postgres = new PostgresData();
        await KillSixTimesAsync(new() { DataDirectory = _data.Path, Environment = await postgres.UseForAsync(_data.Path) });
    }

    private async Task KillSixTimesAsync(SiloSetup setup)
    {
        output.WriteLine($"seed {_seed}");
        var silo = await SiloProcess.StartAsync(setup);
        try
        {
            SetLatencies();
            using var clients = new ApiClient(setup.Url);
            using var stop = new CancellationTokenSource();
            var image = await clients.ReadImageAsync();
            var load = Enumerable.Range(0, Clients).Select(n => new LoadWorker(clients, _ledger, image, n, _seed + n).RunAsync(stop.Token)).ToList();
            for (var n = 1; n <= Kills; n++)
            {
                silo = await KillAndRestartAsync(silo, n);
            }

            await stop.CancelAsync();
            await Task.WhenAll(load).WaitAsync(TimeSpan.FromMinutes(3));
            await RestAsync(silo);
        }
        finally
        {
            await silo.DisposeAsync();
        }

        Judge();
    }

    private void SetLatencies()
    {
        var world = new WorldControl(_data.Path);
        world.SetLatency(null, TimeSpan.FromMilliseconds(500));
        world.SetLatency(Verb.Define, TimeSpan.FromMilliseconds(400));
        world.SetLatency(Verb.PowerOff, TimeSpan.FromMilliseconds(700));
        world.SetLatency(Verb.PrepareDisk, TimeSpan.FromMilliseconds(600));
    }

    private async Task<SiloProcess> KillAndRestartAsync(SiloProcess silo, int number)
    {
        var moment = await CatchAsync(silo, number);
        await silo.KillAsync();
        _kills.Add(DateTimeOffset.UtcNow);
        Keep(silo);
        Record(number, Look(silo, moment));
        return await silo.RestartAsync();
    }

    /// <summary>Waits for a moment at which enough is under way; the silo stands still since then.</summary>
    private async Task<DateTimeOffset> CatchAsync(SiloProcess silo, int number)
    {
        var before = _ledger.Accepted.Count;
        DateTimeOffset? moment = null;
        await Eventually.TrueAsync(
            async () => _ledger.Accepted.Count >= before + MinAccepted && (moment = await TryCatchAsync(silo)) is not null,
            Patience,
            $"kill {number}: enough is under way",
            () => $"{_ledger.Accepted.Count - before} accepted, {Look(silo, DateTimeOffset.UtcNow)}{Environment.NewLine}{silo.Output}");
        return moment!.Value;
    }

    /// <summary>
    /// Stops the silo before it counts. Otherwise it would count what is left when the process is gone, and on a busy machine that takes longer than an
    /// operation does: the kill hits thirty attempts, and five of them are still under way when somebody looks.
    /// </summary>
    private async Task<DateTimeOffset?> TryCatchAsync(SiloProcess silo)
    {
        if (!Look(silo, DateTimeOffset.UtcNow).IsEnough(Spare))
        {
            return null;
        }

        await silo.FreezeAsync();
        var moment = DateTimeOffset.UtcNow;
        var underWay = Look(silo, moment);
        if (underWay.IsEnough(Spare))
        {
            return moment;
        }

        output.WriteLine($"at a stand with only {underWay}: it goes on");
        silo.Thaw();
        return null;
    }

    /// <summary>What of this process is under way at a moment. Exact when it has done nothing since, because it stands still or is dead.</summary>
    private UnderWay Look(SiloProcess silo, DateTimeOffset moment)
    {
        var attempts = new WorldReader(_data.Path).ReadInFlight(moment).Where(o => o.Process == silo.ProcessId).ToList();
        var unfinished = new StoreReader(_data.Path).ReadUnfinished();
        var kinds = unfinished.ToDictionary(t => t.Id.Value, t => t.Kind.Name);
        return new(unfinished.Count, [.. attempts.Where(o => kinds.ContainsKey(o.Task)).Select(o => $"{kinds[o.Task]}/{o.Step}{(o.Direction == "undo" ? " (undo)" : "")}")]);
    }

    /// <summary>What the kill hit, from the files that the dead process left.</summary>
    private void Record(int number, UnderWay hit)
    {
        foreach (var step in hit.Attempts)
        {
            _steps[step] = _steps.GetValueOrDefault(step) + 1;
        }

        output.WriteLine($"kill {number}: {hit}");
        Assert.True(hit.IsEnough(), $"kill {number} hit only {hit}");
    }

    private async Task RestAsync(SiloProcess silo)
    {
        var store = new StoreReader(_data.Path);
        await Eventually.TrueAsync(
            () => store.ReadUnfinished().Count == 0,
            Patience,
            "every task has ended",
            () => string.Join(Environment.NewLine, store.ReadUnfinished()) + silo.Output);
        var servers = (await silo.Api.GetAsync("/v2.1/servers/detail"))["servers"]!.AsArray();
        Assert.All(servers, s => Assert.Null(s!["OS-EXT-STS:task_state"]));
        Assert.Equal(0, await silo.StopAsync());
        Keep(silo);
    }

    /// <summary>Warnings and errors of a process that has ended, with their stack traces.</summary>
    private void Keep(SiloProcess silo) => _complaints.AddRange(
        silo.Output.Split('\n').Where(l => l.Contains("warn:", StringComparison.Ordinal) || l.Contains("fail:", StringComparison.Ordinal) || l.Contains("crit:", StringComparison.Ordinal)).Take(40));

    private void Judge()
    {
        output.WriteLine("what the kills hit:");
        foreach (var (step, count) in _steps.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            output.WriteLine($"{count,5}  {step}");
        }

        var kinds = _ledger.Accepted.GroupBy(a => a.Kind).OrderBy(g => g.Key, StringComparer.Ordinal);
        output.WriteLine($"accepted: {_ledger.Accepted.Count}: {string.Join(", ", kinds.Select(g => $"{g.Count()} {g.Key}"))}");
        Assert.True(_ledger.Surprises.Count == 0, string.Join(Environment.NewLine, [.. _ledger.Surprises, "what the silos complained about:", .. _complaints]));
        var report = WorldAudit.Compare(_data.Path, _ledger.Accepted, _kills);
        output.WriteLine($"{report.Compared} comparisons, {report.Repeats.Count} effects repeated after a kill");
        report.ThrowIfAny();
        Assert.True(_steps.Count >= MinDifferentSteps, $"the kills hit only {_steps.Count} different steps");
        Assert.Equal(8, kinds.Count());
    }

    /// <summary>What a kill hits.</summary>
    /// <param name="Unfinished">How many tasks have not ended.</param>
    /// <param name="Attempts">The kind and step of each attempt in flight of one of these tasks.</param>
    private sealed record UnderWay(int Unfinished, IReadOnlyList<string> Attempts)
    {
        public bool IsEnough(int spare = 0) => Unfinished >= MinUnfinished + spare && Attempts.Count >= MinInFlight + spare;

        public override string ToString() => $"{Unfinished} tasks unfinished, {Attempts.Count} with an attempt in flight";
    }
}
