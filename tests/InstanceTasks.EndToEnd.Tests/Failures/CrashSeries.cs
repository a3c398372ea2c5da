using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.TestKit;
using Xunit.Abstractions;

namespace InstanceTasks.EndToEnd.Tests;

/// <summary>
/// Crashes one after the other on one data directory. Each start sets the failpoint of the next crash; it names another kind than the
/// task that the start has to bring to its end, so that a start costs two things at once and no failpoint hits what it is not meant for.
/// </summary>
internal sealed class CrashSeries(string dataDirectory, ITestOutputHelper output) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private readonly SiloSetup _setup = new() { DataDirectory = dataDirectory };
    private readonly List<AcceptedRequest> _accepted = [];
    private readonly List<DateTimeOffset> _kills = [];
    private SiloProcess? _silo;
    private string? _pendingKind;
    private int _number;

    /// <summary>What went wrong, point by point.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>How many points were tried.</summary>
    public int Tried { get; private set; }

    private StoreReader Store => new(dataDirectory);

    private ApiClient Api => _silo!.Api;

    /// <summary>Lets the process die at the point while a task of its kind is asked for.</summary>
    public Task CrashAsync(FailpointPoint point) => TryAsync(point, async () =>
    {
        await StartAsync(point);
        var server = await PrepareAsync(point.Kind);
        var before = TasksOf(point.Kind);
        var answer = await ServerRequests.TryAsync(() => AskAsync(point.Kind, server));
        await DieAsync(point);
        Expect(point, TasksOf(point.Kind).Except(before).ToList(), answer);
    });

    /// <summary>A task of the kind is interrupted, and its recovery dies too: before and after the commit by which the next process claims it.</summary>
    public async Task CrashInClaimAsync(string kind, string lastStep)
    {
        await CrashAsync(new FailpointPoint("effect-before", kind, lastStep));
        foreach (var point in new FailpointPoint[] { new("commit-before", kind, "claim"), new("commit-after", kind, "claim") })
        {
            await TryAsync(point, async () =>
            {
                using var child = SiloProcess.Launch(_setup with { Failpoint = point.ToString() });
                Check(await child.WaitForExitAsync(Patience), child.Output);
            });
        }
    }

    /// <summary>The process dies around the commit of a cancel that arrives while an attempt is in flight.</summary>
    public Task CrashInCancelAsync(FailpointPoint point) => TryAsync(point, async () =>
    {
        await StartAsync(point);
        var task = await BeginSlowlyAsync(point.Kind, step: null);
        var canceled = await ServerRequests.TryAsync(() => CancelAsync(task));
        await DieAsync(point);
        Accepted(task, point.Name == "commit-before" ? "succeeded" : "canceled");
        if (canceled is not null && point.Name == "commit-before")
        {
            throw new InvalidOperationException($"The cancel was answered although its commit never began: {canceled}");
        }
    });

    /// <summary>The process dies while a canceled create is being undone: the point's second hit is the undo of the step.</summary>
    public Task CrashInUndoAsync(FailpointPoint point, string lastStep) => TryAsync(point, async () =>
    {
        await StartAsync(point);
        var task = await BeginSlowlyAsync(point.Kind, lastStep);
        (await CancelAsync(task)).Expect(HttpStatusCode.Accepted);
        await DieAsync(point);
        Accepted(task, "canceled");
    });

    /// <summary>Starts without a failpoint, lets everything come to its end, and compares.</summary>
    public async Task FinishAsync()
    {
        await StartAsync(null);
        Problems.AddRange(WorldAudit.Compare(dataDirectory, _accepted, _kills).Problems);
        output.WriteLine($"{Tried} crashes, {_accepted.Count} accepted tasks");
    }

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.DisposeAsync();
        }
    }

    private async Task TryAsync(FailpointPoint point, Func<Task> act)
    {
        Tried++;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var known = Problems.Count;
        try
        {
            await act();
        }
        catch (Exception e)
        {
            Problems.Add($"{point}: {e.Message}{Environment.NewLine}{_silo?.Output}");
            await StopAsync();
        }

        output.WriteLine($"{watch.Elapsed.TotalSeconds,5:0.0} s  {(Problems.Count == known ? "ok  " : "FAIL")}  {point}");
    }

    /// <summary>The next process: it must bring what the last one left to its end before anything else is asked of it.</summary>
    private async Task StartAsync(FailpointPoint? point)
    {
        await StopAsync();
        var safe = point is null || point.Kind != _pendingKind;
        _silo = await SiloProcess.StartAsync(_setup with { Failpoint = safe ? point?.ToString() : null });
        await RestAsync(point);
        if (!safe)
        {
            await _silo.KillAsync();
            _silo = await _silo.RestartAsync(s => s with { Failpoint = point!.ToString() });
        }

        _pendingKind = null;
    }

    private async Task RestAsync(FailpointPoint? point)
    {
        await Eventually.TrueAsync(
            () => Store.ReadUnfinished().Count == 0 || _silo!.HasExited,
            Patience,
            $"everything has ended after the crash before {point}",
            () => string.Join(Environment.NewLine, Store.ReadUnfinished()) + _silo!.Output);
        if (_silo!.HasExited)
        {
            throw new InvalidOperationException("The silo died while it recovered.");
        }

        Problems.AddRange(WorldAudit.Compare(dataDirectory, _accepted, _kills).Problems.Select(p => $"after the crash before {point}: {p}"));
    }

    private async Task StopAsync()
    {
        if (_silo is { HasExited: false })
        {
            await _silo.KillAsync();
            _kills.Add(DateTimeOffset.UtcNow);
        }

        if (_silo is not null)
        {
            await _silo.DisposeAsync();
            _silo = null;
        }
    }

    private async Task DieAsync(FailpointPoint point)
    {
        _pendingKind = point.Kind;
        Check(await _silo!.WaitForExitAsync(Patience), _silo.Output);
    }

    private void Check(int code, string log)
    {
        _kills.Add(DateTimeOffset.UtcNow);
        if (code != ChildProcess.KilledExitCode)
        {
            throw new InvalidOperationException($"The process ended with {code}, not by SIGKILL.{Environment.NewLine}{log}");
        }
    }

    /// <summary>A task of the kind with an attempt (of the step) in flight that takes long enough to be interrupted.</summary>
    private async Task<Guid> BeginSlowlyAsync(string kind, string? step)
    {
        var server = await PrepareAsync(kind);
        var world = new WorldControl(dataDirectory);
        world.SetLatency(null, TimeSpan.FromSeconds(1.5));
        var answer = await AskAsync(kind, server);
        var task = answer.Task ?? throw new InvalidOperationException(answer.ToString());
        var reader = new WorldReader(dataDirectory);
        await Eventually.TrueAsync(
            () => reader.ReadInFlight().Any(o => o.Task == task && (step is null || o.Step == step)), Patience, $"{kind} has an attempt in flight", () => _silo!.Output);
        world.SetLatency(null, PreparedDirectory.Brief);
        return task;
    }

    private Task<ApiAnswer> CancelAsync(Guid task) => Api.SendAsync(HttpMethod.Post, $"/v2.1/tasks/{task}/action", new JsonObject { ["cancel"] = null });

    private void Accepted(Guid task, params string[] expected)
    {
        var record = Store.ReadTasks().Single(t => t.Id.Value == task);
        _accepted.Add(new AcceptedRequest(record.Kind.Name, record.Instance.Value, task, expected));
    }

    private HashSet<Guid> TasksOf(string kind) => [.. Store.ReadTasks().Where(t => t.Kind.Name == kind).Select(t => t.Id.Value)];

    private Task<ApiAnswer> AskAsync(string kind, Guid server) =>
        kind == "create" ? ServerRequests.CreateAsync(Api, $"crash-{_number++}") : ServerRequests.SendAsync(Api, kind, server);

    /// <summary>A server in the state that the kind needs: one that is there, or one that other kinds bring there.</summary>
    private async Task<Guid> PrepareAsync(string kind)
    {
        if (kind == "create")
        {
            return Guid.Empty;
        }

        var wanted = Ways.FirstOrDefault(w => w.Out == kind).Status ?? "ACTIVE";
        var servers = (await Api.GetAsync("/v2.1/servers/detail"))["servers"]!.AsArray();
        var found = servers.FirstOrDefault(s => s!["status"]!.GetValue<string>() == wanted)
            ?? servers.FirstOrDefault(s => s!["status"]!.GetValue<string>() is var status && (status == "ACTIVE" || Ways.Any(w => w.Status == status && w.Out != kind)));
        var id = found is null ? await Api.CreateAndWaitAsync($"fresh-{_number++}") : Guid.Parse(found["id"]!.GetValue<string>());
        var status = await StatusAsync(id);
        while (status != wanted && status != "ACTIVE")
        {
            await Api.SucceedAsync(await ServerRequests.SendAsync(Api, Ways.First(w => w.Status == status).Out, id));
            status = await StatusAsync(id);
        }

        if (status != wanted && wanted != "ACTIVE")
        {
            await Api.SucceedAsync(await ServerRequests.SendAsync(Api, Ways.First(w => w.Status == wanted).In, id));
        }

        return id;
    }

    private async Task<string> StatusAsync(Guid server) => (await Api.GetServerAsync(server))["status"]!.GetValue<string>();

    /// <summary>From ACTIVE into a status, and out of it: to ACTIVE, or towards it.</summary>
    private static IReadOnlyList<(string In, string Status, string Out)> Ways { get; } =
        [("stop", "SHUTOFF", "start"), ("pause", "PAUSED", "unpause"), ("suspend", "SUSPENDED", "resume"), ("rescue", "RESCUE", "unrescue"),
            ("shelve", "SHELVED", "shelve-offload"), ("shelve-and-offload", "SHELVED_OFFLOADED", "unshelve"),
            ("resize", "VERIFY_RESIZE", "confirm-resize"), ("resize", "VERIFY_RESIZE", "revert-resize")];

    private void Expect(FailpointPoint point, List<Guid> made, ApiAnswer? answer)
    {
        if (answer is { IsSuccess: false })
        {
            throw new InvalidOperationException($"The request was refused: {answer}");
        }

        if (made.Count != (point.IsAfterAccept ? 1 : 0))
        {
            throw new InvalidOperationException($"The store has {made.Count} tasks of the request; the answer was {answer?.ToString() ?? "lost"}.");
        }

        if (answer is not null && made.Count == 1 && answer.Task != made[0])
        {
            throw new InvalidOperationException($"The answer names {answer.Task}, the store has {made[0]}.");
        }

        foreach (var task in made)
        {
            Accepted(task, "succeeded");
        }
    }
}
